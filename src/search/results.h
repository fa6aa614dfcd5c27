#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "search/grid.h"
#include "search/results_table.h"

namespace pare::search {

/// The "stage_end" objects of a run's metrics.jsonl, in order, as a JSON array.
/// Throws InputError naming the file and line if it cannot be read, a line is no JSON object, or
/// there is none of them.
nlohmann::json read_stage_results(const std::string& metrics_path);

/// Nested objects and arrays as one level of names joined by dots, in the order of `object`:
/// {"test": {"auc": [1, 2]}} -> ("test.auc.0", 1), ("test.auc.1", 2).
std::vector<std::pair<std::string, nlohmann::json>> flatten(const nlohmann::json& object);

/// Stages of a cell as read_stage_results gave them; null for a cell without results.
using StagesOfCell = std::function<nlohmann::json(const Cell&)>;

/// One row a cell and stage, in the grid's order. Columns: cell, label, seed, the grid's settings,
/// stage, index, then every other name that occurs in the results, in the order of the alphabet.
ResultsTable tabulate(const Grid& grid, const StagesOfCell& stages_of);

/// Mean and standard deviation over the seeds: one row a group of cells and stage. Columns: label,
/// the grid's settings, stage, index, seeds (how many), then NAME.mean and NAME.sd of every other
/// column that holds numbers. The sd is the sample's (n - 1); null for a single seed.
ResultsTable summarise(const Grid& grid, const StagesOfCell& stages_of);

}  // namespace pare::search
