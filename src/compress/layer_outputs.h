#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "graph/graph.h"

namespace pare::compress {

/// Called with a batch's values of the named wires, [n, …], or [T n, …] where a wire has a value at
/// each of T steps, and n.
using TakeWires = std::function<void(const std::map<std::string, torch::Tensor>&, std::int64_t)>;

/// Runs a network in evaluation mode over the samples in batches that bound the memory.
void for_each_batch(const graph::Graph& graph, const torch::Tensor& samples,
                    const std::vector<std::string>& wires, const TakeWires& take);

/// Means over the samples, and over positions, of the output channels of the named layers: float64
/// [channels]. The channels of a Linear are its last axis, those of other layers the first.
std::map<std::string, torch::Tensor> mean_outputs(const graph::Graph& graph,
                                                  const torch::Tensor& samples,
                                                  const std::vector<std::string>& layers);

}  // namespace pare::compress
