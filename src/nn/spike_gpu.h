#pragma once

#include <utility>

#include <torch/types.h>

#include "nn/spike_rule.h"

namespace pare::nn {

// spike_cuda.h for tensors: on the current stream of their device. Built with PARE_WITH_CUDA.

/// `kept` undefined: nothing is kept.
void spike_forward_on_gpu(const SpikeLayer& layer, const torch::Tensor& current,
                          const torch::Tensor& spikes, const torch::Tensor& kept);

/// Writes gx, and returns the gradients of threshold and leak, [1] or [C] as the layer has them:
/// sums in double, in an order that depends on shapes alone.
std::pair<torch::Tensor, torch::Tensor> spike_backward_on_gpu(const SpikeLayer& layer,
                                                              const torch::Tensor& current,
                                                              const torch::Tensor& kept,
                                                              const torch::Tensor& g,
                                                              const torch::Tensor& gx);

}  // namespace pare::nn
