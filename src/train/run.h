#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "recipe/recipe.h"

namespace pare::train {

/// What a run tells while it works. Each may be empty.
struct Listeners {
  ProgressSink progress;
  std::function<void(const std::string&)> warning;
};

struct RunResult {
  std::string folder;
  std::string data_description;
  bool was_finished = false;           ///< resumed a run that had nothing left to do
  std::vector<nlohmann::json> stages;  ///< the "stage_end" lines of metrics.jsonl
};

/// Trains and compresses as the recipe says; everything lands in `folder` (docs/run_folder.md). A
/// checkpoint is written after every epoch: a run killed at any moment and resumed ends with the
/// same bits as one that was not. Same recipe, seed, machine, threads and torch: same bits.
/// Throws InputError for bad data or recipes, a folder that is in use, a disk that is full.
RunResult run(const recipe::Recipe& recipe, const std::string& folder, bool is_resumed,
              const Listeners& listeners);

}  // namespace pare::train
