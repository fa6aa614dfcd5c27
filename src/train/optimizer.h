#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "nn/network.h"
#include "recipe/recipe.h"

namespace pare::train {

struct OptimizerOptions {
  recipe::Optimizer kind = recipe::Optimizer::kAdam;
  double beta1 = 0.9;       ///< Adam: decay of the mean gradient
  double beta2 = 0.999;     ///< Adam: decay of the mean squared gradient
  double epsilon = 1e-8;    ///< Adam: added to the root of the mean square
  double momentum = 0.9;    ///< SGD
  double weight_decay = 0;  ///< added to the gradient as weight_decay * value
};

/// Adam, or gradient descent with momentum, over all parameters of a network in one pass.
///
/// Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1), at step t with gradient g and rate r:
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
///   x -= r / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
/// SGD: m = g at the first step, then m = momentum m + g; x -= r m. Without momentum x -= r g.
///
/// A pruned weight whose gradient is masked stays exactly zero: its moments stay zero too.
class Optimizer {
 public:
  /// `rate_factor_per_slice` multiplies the learning rate, one element a slice of the network;
  /// empty: all 1. The network's buffers are shared, so it may be moved but must stay alive.
  Optimizer(nn::Network& network, OptimizerOptions options,
            std::vector<double> rate_factor_per_slice);

  /// Moves the network's values against its gradients.
  void step(double learning_rate);

  /// What the next step depends on, copied: "moment1" and "moment2" (Adam) or "momentum" (SGD),
  /// float32 [P], and "steps", int64 scalar: the number of steps taken.
  std::map<std::string, torch::Tensor> state() const;

  /// Goes on from a state(). Throws InputError if a tensor is missing or of another shape.
  void load_state(const std::map<std::string, torch::Tensor>& state);

 private:
  struct Run {
    std::int64_t offset;
    std::int64_t size;
    double rate_factor;
  };

  void step_adam(const Run& run, double rate);
  void step_sgd(const Run& run, double rate);

  OptimizerOptions options_;
  torch::Tensor values_;
  torch::Tensor gradients_;
  std::vector<Run> runs_;  ///< slices with equal factors joined
  std::map<std::string, torch::Tensor> moments_;
  std::int64_t steps_ = 0;
};

}  // namespace pare::train
