#pragma once

#include "cli/verb_run.h"

namespace pare::cli {

/// Trains as the recipe says and prints the table of its stages.
ExitCode run_recipe(const RunOptions& options, Output& output);

}  // namespace pare::cli
