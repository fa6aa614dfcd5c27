#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/verb.h"
#include "recipe/recipe.h"

namespace pare::cli {

/// Options of `pare sensitivity`.
struct SensitivityRequest {
  std::string model;
  std::string recipe;
  std::vector<int> bits = {8, 6, 5, 4, 3, 2};
  std::vector<double> sparsities = {0.5, 0.7, 0.8, 0.9, 0.95};
  recipe::Calibration calibration = recipe::Calibration::kMse;
  std::int64_t max_samples = 0;  ///< of the validation split; 0: all
};

/// Declares `sensitivity`, which is run by pare-train as `run` is.
Verb add_sensitivity(CLI::App& parent,
                     std::function<ExitCode(const SensitivityRequest&, Output&)> handler);

}  // namespace pare::cli
