#pragma once

// Random layers of spiking neurons, for tests that hold one path against another.

#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "nn/spike.h"

namespace pare::nn {

struct TestSpikes {
  torch::Tensor current;  ///< [N, C, …] where it is constant, else [T, N, C, …]
  std::int64_t steps;
  bool is_constant;
  SpikingNeurons neurons;
};

/// lowest … highest, both included, by torch's generator.
inline std::int64_t random_integer(std::int64_t lowest, std::int64_t highest) {
  return torch::randint(lowest, highest + 1, {1}, torch::kInt64).item<std::int64_t>();
}

inline SpikeRule random_spike_rule() {
  SpikeRule rule;
  rule.is_strict = random_integer(0, 1) == 1;
  rule.reset = static_cast<SpikeReset>(random_integer(0, 1));
  rule.leaks_reset = random_integer(0, 1) == 1;
  rule.surrogate.shape = static_cast<SurrogateShape>(random_integer(0, 2));
  rule.surrogate.gain = 0.3 + static_cast<double>(random_integer(0, 2));
  rule.surrogate.width = 0.5 * static_cast<double>(random_integer(1, 4));
  rule.codes.lowest = static_cast<float>(-random_integer(0, 70));
  rule.codes.highest = static_cast<float>(random_integer(1, 70));
  return rule;
}

/// Odd sizes, and every rule; numbers of all neurons or of a channel; with a grid and without.
inline TestSpikes random_spikes(std::uint64_t seed) {
  torch::manual_seed(seed);
  const std::int64_t channels = random_integer(1, 37);
  std::vector<std::int64_t> shape = {random_integer(1, 4), channels};
  for (std::int64_t axes = random_integer(0, 2); axes > 0; --axes) {
    shape.push_back(random_integer(1, 9));
  }
  const auto numbers = [&](double lowest, double highest) {
    return torch::empty({random_integer(0, 1) == 1 ? channels : 1}).uniform_(lowest, highest);
  };
  TestSpikes layer;
  layer.steps = random_integer(1, 40);
  layer.is_constant = random_integer(0, 2) == 0;
  layer.neurons.threshold = numbers(0.5, 1.5);
  layer.neurons.rule = random_spike_rule();
  if (random_integer(0, 3) > 0) layer.neurons.leak = numbers(0.5, 1);
  if (random_integer(0, 1) == 1) layer.neurons.membrane_step = numbers(0.01, 0.1);
  if (!layer.is_constant) shape.insert(shape.begin(), layer.steps);
  layer.current = torch::randn(shape) * 0.7 + 0.2;
  return layer;
}

/// Spikes and gradients, on the CPU.
struct SpikePass {
  torch::Tensor spikes;
  torch::Tensor current;
  torch::Tensor threshold;
  torch::Tensor leak;
};

/// Forward, and backward from gradients that are random but the same for the same shape.
inline SpikePass pass_spikes(const TestSpikes& layer, Path path,
                             torch::Device device = torch::kCPU) {
  const auto leaf = [&](const torch::Tensor& x) {
    return x.defined() ? x.detach().clone().to(device).set_requires_grad(true) : x;
  };
  SpikingNeurons neurons = layer.neurons;
  neurons.threshold = leaf(neurons.threshold);
  neurons.leak = leaf(neurons.leak);
  if (neurons.membrane_step.defined()) neurons.membrane_step = neurons.membrane_step.to(device);
  const torch::Tensor current = leaf(layer.current);
  const torch::Tensor spikes = layer.is_constant
                                   ? spike_of_constant_current(current, layer.steps, neurons, path)
                                   : spike(current, neurons, path);
  torch::manual_seed(99);
  spikes.backward(torch::randn(spikes.sizes()).to(device));
  return {spikes.detach().cpu(), current.grad().cpu(), neurons.threshold.grad().cpu(),
          neurons.leak.defined() ? neurons.leak.grad().cpu() : torch::Tensor()};
}

/// Within what sums of float32 lose: what cancels in them does not shrink their rounding.
inline bool is_close(const torch::Tensor& a, const torch::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  const double scale = b.numel() == 0 ? 0 : b.abs().max().item<double>();
  return a.allclose(b, 1e-4, 1e-5 * scale + 1e-6);
}

}  // namespace pare::nn
