#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `export`: a frozen model as something else, for where it runs.
Verb add_export(CLI::App& parent);

}  // namespace pare::cli
