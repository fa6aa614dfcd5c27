#pragma once

#include <cstdint>

#include "nn/spike_rule.h"

namespace pare::nn {

// All steps of a layer of spiking neurons in plain memory. The neurons are cut into chunks, which
// threads may take in any order: nothing depends on who takes which.

/// At least 1 where there are neurons; the same for any number of threads.
std::int64_t num_spike_chunks(const SpikeLayer& layer);

/// Writes the spikes of a chunk, [steps, neurons], 0 and 1. `kept` gets what the backward pass
/// needs, [num_kept_membranes(steps), neurons]; null: nothing.
void spike_forward(const SpikeLayer& layer, std::int64_t chunk, const float* current, float* spikes,
                   float* kept);

/// Sums over a chunk's neurons and all steps, one number or one a channel as the layer has them.
struct SpikeSums {
  double* threshold;
  double* leak;
};

/// From the gradients g of a chunk's spikes to those of its current, which are written ([neurons]
/// where the current is `once`), and of thresholds and leaks, which are added to the sums.
void spike_backward(const SpikeLayer& layer, std::int64_t chunk, const float* current,
                    const float* kept, const float* g, float* gx, SpikeSums sums);

}  // namespace pare::nn
