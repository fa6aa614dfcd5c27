#pragma once

#include <optional>
#include <string>

#include "graph/graph.h"
#include "lower/lower.h"
#include "model/model.h"
#include "train/training_data.h"

namespace pare::train {

/// A trained graph as a program, or why there is none.
struct Frozen {
  std::optional<lower::Lowered> lowered;
  std::string reason = {};  ///< empty for a float graph, which has nothing to freeze
};

/// An input without a quantizer gets one with the range of the training inputs.
Frozen freeze(const graph::Graph& graph, const TrainingData& data);

/// What a model file needs to run: the program with golden vectors from the first validation
/// samples. None where there is no program.
std::optional<model::Deployment> deployment_of(const Frozen& frozen, const TrainingData& data);

}  // namespace pare::train
