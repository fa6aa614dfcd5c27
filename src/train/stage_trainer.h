#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "compress/l1.h"
#include "nn/network.h"
#include "recipe/recipe.h"
#include "train/batches.h"
#include "train/evaluate.h"
#include "train/exact_score.h"
#include "train/optimizer.h"
#include "train/training_data.h"

namespace pare::train {

/// What an epoch came to. Losses include the penalties. Validation is by the exact forward of the
/// frozen net where there is one.
struct EpochResult {
  double learning_rate = 0;
  double train_loss = 0;  ///< mean over the steps of the epoch
  double validation_loss = 0;
  double validation_accuracy = 0;
  std::optional<Gap> gap = std::nullopt;  ///< none: a float graph, or one that cannot be frozen
  std::string not_frozen = {};            ///< why it cannot
};

/// Trains one graph under one stage's settings, epoch by epoch. Pruned weights stay exactly zero:
/// their gradients are masked before the optimiser's step and their values after it.
class StageTrainer {
 public:
  StageTrainer(const graph::Graph& graph, const recipe::Recipe& recipe, int stage,
               const TrainingData& data, torch::Device device);

  /// Trains epoch number `epoch` of the stage (0 is the first). Throws InputError naming the stage
  /// and epoch if the loss is no longer a number.
  EpochResult train_epoch(int epoch);

  Optimizer& optimizer() { return optimizer_; }

  /// Writes the current parameters into a graph of the same parameters.
  void store(graph::Graph& graph) const { network_.store(graph); }

 private:
  double train_step(const nn::Context& context, std::int64_t batch, double rate);
  void validate(EpochResult& result);

  const recipe::Recipe& recipe_;
  const recipe::Stage& settings_;
  int stage_;
  const TrainingData& data_;
  graph::Graph graph_;  ///< the parameters of the last validation
  nn::Network network_;
  Optimizer optimizer_;
  compress::L1 l1_;
  Batches batches_;
};

}  // namespace pare::train
