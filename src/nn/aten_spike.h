#pragma once

#include <torch/types.h>

#include "nn/spike_rule.h"

namespace pare::nn {

// Spiking neurons in tensor operations, step by step, for other devices and element types than the
// kernels', and as their oracle.

/// What a layer's neurons have, shaped to broadcast with one step [N, C, …].
struct AtenNeurons {
  torch::Tensor threshold;
  torch::Tensor leak;
  torch::Tensor step;  ///< of the membrane's grid; undefined: none
  SpikeRule rule;
};

/// u of every step, [T, N, C, …]. current: [T, N, C, …], or [1, N, C, …] for all steps.
torch::Tensor aten_membranes(const torch::Tensor& current, std::int64_t steps,
                             const AtenNeurons& neurons);

/// Where u spikes: bool, of u's shape.
torch::Tensor aten_fires(const torch::Tensor& u, const AtenNeurons& neurons);

struct AtenSpikeGradients {
  torch::Tensor current;    ///< [T, N, C, …], or [1, N, C, …] where it is the same at all steps
  torch::Tensor threshold;  ///< of the shapes that the neurons have
  torch::Tensor leak;
};

/// From u and the gradients of the spikes, both [T, N, C, …].
AtenSpikeGradients aten_spike_gradients(const torch::Tensor& u, const torch::Tensor& g,
                                        std::int64_t current_steps, const AtenNeurons& neurons);

}  // namespace pare::nn
