#pragma once

#include "cli/verb_sensitivity.h"

namespace pare::cli {

/// Measures and prints the tables of `pare sensitivity`.
ExitCode run_sensitivity(const SensitivityRequest& request, Output& output);

}  // namespace pare::cli
