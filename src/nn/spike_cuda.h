#pragma once

#include "nn/spike_rule.h"

namespace pare::nn {

// spike_kernels.h for a GPU, one thread a neuron: the same arithmetic in the same order, so the
// same spikes. All memory is the device's, also that which `layer` points to. `stream` is a
// cudaStream_t. What CUDA has to say of the launch is left to cudaGetLastError.

/// `kept` as in spike_kernels.h; null: nothing.
void spike_forward_cuda(const SpikeLayer& layer, const float* current, float* spikes, float* kept,
                        void* stream);

/// Writes the gradients of the current, and to `sums` [2, neurons] those of threshold and leak, for
/// each neuron over its steps.
void spike_backward_cuda(const SpikeLayer& layer, const float* current, const float* kept,
                         const float* g, float* gx, float* sums, void* stream);

}  // namespace pare::nn
