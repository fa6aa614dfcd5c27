#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/table.h"

namespace pare::cli {

/// The table of a run's stages, from the "stage_end" lines of its metrics.jsonl: widths, sparsity,
/// non-zero weights, BOPs (weight-only, input at 32 bits), accuracy, average accuracy, kappa, AUC,
/// epochs. What a stage did not measure is "-".
Table stage_table(const std::vector<nlohmann::json>& stages);

/// What classifiers without layers got on the test samples, as a sentence; empty where no stage was
/// tested.
std::string baselines_line(const std::vector<nlohmann::json>& stages);

/// Of stages that trained with affine weights: what their symmetric ones changed, a line a stage;
/// empty where there is none.
std::string affine_lines(const std::vector<nlohmann::json>& stages);

}  // namespace pare::cli
