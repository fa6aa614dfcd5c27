#pragma once

#include <cstdint>

#include <torch/types.h>

#include "nn/path.h"
#include "nn/spike_rule.h"

namespace pare::nn {

/// A layer of leaky integrate-and-fire neurons with its tensors, each [1] or [C], one a channel.
struct SpikingNeurons {
  torch::Tensor threshold = {};      ///< V, positive; gets a gradient
  torch::Tensor leak = {};           ///< lambda; gets a gradient; undefined: 1
  torch::Tensor membrane_step = {};  ///< d, positive; undefined: the membrane has no grid
  SpikeRule rule = {};
};

/// The kernels for float32 on the CPU, and on a GPU where they were built; else ATen.
Path fastest_path(const torch::Tensor& current, const SpikingNeurons& neurons);

/// The spikes, 0 and 1, of all steps of a layer whose membrane starts at 0, of `current`'s shape
/// [T, N, C, …] and dtype. Gradients are those of the rule's surrogate, through time
/// (docs/methods/spiking.md, "The neuron"); the backward pass keeps `current` and 1/16 of its size.
///
/// float32, per step and neuron; s counts as 1 or 0:
///
///     u = c + current
///     s = u > V, or u >= V where the rule is not strict
///     r = u - V s, or 0 where s and u elsewhere (hard reset)
///     c = Q(lambda r); soft reset with a leak that does not act on it: c = Q(lambda u) - V s
///
/// Q rounds to multiples of d, half to even (NaN becomes 0), and c saturates at d times the ends of
/// the rule's codes. Without d it is the identity.
///
/// Ref: Rathi and Roy 2020, "DIET-SNN", for the soft leaked reset and the gradients.
torch::Tensor spike(const torch::Tensor& current, const SpikingNeurons& neurons, Path path);

/// The same with the one current [N, C, …] at each of `steps` steps, which is read from where it
/// is: direct coding. Its gradient is the sum over the steps.
torch::Tensor spike_of_constant_current(const torch::Tensor& current, std::int64_t steps,
                                        const SpikingNeurons& neurons, Path path);

}  // namespace pare::nn
