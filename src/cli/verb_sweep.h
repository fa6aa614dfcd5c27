#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// `pare sweep GRID`: a recipe with many settings and seeds (docs/sweep.md). Exits with 1 if a cell
/// failed or the sweep was stopped.
Verb add_sweep(CLI::App& parent);

}  // namespace pare::cli
