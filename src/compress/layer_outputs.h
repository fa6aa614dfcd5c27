#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "graph/graph.h"

namespace pare::compress {

/// Runs a network in evaluation mode over the samples in batches that bound the memory, and calls
/// `take` with the values of the named wires, [n, …], of each batch.
void for_each_batch(const graph::Graph& graph, const torch::Tensor& samples,
                    const std::vector<std::string>& wires,
                    const std::function<void(const std::map<std::string, torch::Tensor>&)>& take);

/// Means over the samples, and over positions, of the output channels of the named layers: float64
/// [channels]. The channels of a Linear are its last axis, those of other layers the first.
std::map<std::string, torch::Tensor> mean_outputs(const graph::Graph& graph,
                                                  const torch::Tensor& samples,
                                                  const std::vector<std::string>& layers);

}  // namespace pare::compress
