#pragma once

// What the benchmarks of training steps share: pare's step as train::StageTrainer makes it, and
// fair timing of several steps in turn.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include <torch/torch.h>

#include "nn/network.h"
#include "recipe/recipe.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace pare::bench {

inline constexpr double kRate = 1e-4;

struct Batch {
  torch::Tensor inputs;
  torch::Tensor labels;
};

/// zero_grad, forward, cross entropy, backward and Adam, as train::StageTrainer steps.
class PareTraining {
 public:
  explicit PareTraining(const graph::Graph& graph)
      : network_(graph, torch::kCPU), optimizer_(network_, {}, {}) {}

  void step(const Batch& batch) {
    network_.zero_gradients();
    const torch::Tensor logits = network_.forward(batch.inputs, {.is_training = true});
    train::loss(recipe::Loss::kCrossEntropy, logits, batch.labels).backward();
    network_.mask_gradients();
    optimizer_.step(kRate);
    network_.mask_values();
    network_.clamp_neurons();
  }

  const nn::Network& network() const { return network_; }

 private:
  nn::Network network_;
  train::Optimizer optimizer_;
};

/// The same in plain libtorch.
class TorchTraining {
 public:
  explicit TorchTraining(torch::nn::Sequential layers)
      : layers_(std::move(layers)),
        optimizer_(layers_->parameters(), torch::optim::AdamOptions(kRate)) {}

  void step(const Batch& batch) {
    optimizer_.zero_grad();
    const torch::Tensor logits = layers_->forward(batch.inputs);
    torch::nn::functional::cross_entropy(logits, batch.labels).backward();
    optimizer_.step();
  }

  const torch::nn::Sequential& network() const { return layers_; }

 private:
  torch::nn::Sequential layers_;
  torch::optim::Adam optimizer_;
};

/// Microseconds of each step, [steps][turns], all in turn, so that they see the same machine; a
/// quarter as many turns before do not count.
inline std::vector<std::vector<double>> times_in_turn(
    int turns, const std::function<Batch(std::int64_t)>& batch,
    const std::vector<std::function<void(const Batch&)>>& steps) {
  std::vector<std::vector<double>> times(steps.size());
  const int warm_up = turns / 4;
  for (int i = -warm_up; i < turns; ++i) {
    const Batch of_turn = batch(i + warm_up);
    for (std::size_t k = 0; k < steps.size(); ++k) {
      const auto start = std::chrono::steady_clock::now();
      steps[k](of_turn);
      const std::chrono::duration<double, std::micro> took =
          std::chrono::steady_clock::now() - start;
      if (i >= 0) times[k].push_back(took.count());
    }
  }
  return times;
}

inline double median(std::vector<double> list) {
  const auto middle = list.begin() + static_cast<std::ptrdiff_t>(list.size() / 2);
  std::nth_element(list.begin(), middle, list.end());
  return *middle;
}

/// Median microseconds of each step, as times_in_turn takes them.
inline std::vector<double> medians(int turns, const std::function<Batch(std::int64_t)>& batch,
                                   const std::vector<std::function<void(const Batch&)>>& steps) {
  std::vector<double> result;
  for (auto& list : times_in_turn(turns, batch, steps)) result.push_back(median(std::move(list)));
  return result;
}

}  // namespace pare::bench
