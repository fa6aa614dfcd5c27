#pragma once

#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "nn/network.h"
#include "recipe/recipe.h"
#include "train/checkpoint.h"
#include "train/freeze.h"
#include "train/training_data.h"

namespace pare::train {

/// The "stage_end" line of metrics.jsonl (docs/run_folder.md): sparsity, widths, costs, and the
/// metrics of the validation split and, if the stage asks for it, of the test split: those of
/// `frozen`, the program made of `graph`, where there is one.
nlohmann::json stage_report(const graph::Graph& graph, const Frozen& frozen,
                            const recipe::Recipe& recipe, const Position& position,
                            const TrainingData& data, torch::Device device);

}  // namespace pare::train
