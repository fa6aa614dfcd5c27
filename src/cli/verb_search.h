#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// `pare search FILE`: looks for the settings of a recipe with the best figure (docs/search.md).
/// Exits with 1 if a trial failed or the search was stopped.
Verb add_search(CLI::App& parent);

}  // namespace pare::cli
