#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "graph/graph.h"

namespace pare::compress {

/// More samples than these are not looked at.
inline constexpr std::int64_t kSpikeSamples = 512;

/// How often a layer of neurons spikes.
struct SpikeRate {
  std::string node;
  double rate = 0;    ///< spikes a neuron and step, 0 to 1
  double silent = 0;  ///< share of the neurons that never spike
};

/// Runs the training forward over up to kSpikeSamples of the samples, at equal distances: float32
/// [N, …], standardised. In the graph's order; empty for a network without spikes. Throws nothing
/// beyond what nn::Network does.
std::vector<SpikeRate> spike_rates(const graph::Graph& graph, const torch::Tensor& samples);

/// A sentence for each layer that carries next to nothing from step to step: under 1 spike in 1000
/// neurons and steps, or over 950.
std::vector<std::string> objections(const std::vector<SpikeRate>& rates);

}  // namespace pare::compress
