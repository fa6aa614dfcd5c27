#pragma once

#include "graph/graph.h"
#include "recipe/recipe.h"
#include "train/training_data.h"

namespace pare::train {

/// The network that a recipe starts from: untrained, or imported as it is, its input standardised
/// as the data ask.
graph::Graph initial_graph(const recipe::Recipe& recipe, const TrainingData& data);

/// The stage's rewrites applied in their order: spike (with thresholds from training samples),
/// quantize, prune; with a calibration quantize comes last.
graph::Graph stage_graph(const graph::Graph& before, const recipe::Stage& stage,
                         const TrainingData& data);

}  // namespace pare::train
