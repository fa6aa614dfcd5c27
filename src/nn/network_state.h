#pragma once

#include <map>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"
#include "nn/fusion.h"
#include "nn/parameters.h"
#include "nn/quantizer_plan.h"

namespace pare::nn {

/// What a Network holds: the graph's structure, its parameters, and what was looked up once.
struct NetworkState {
  NetworkState(const graph::Graph& graph, torch::Device device);

  graph::Graph graph;
  Parameters parameters;
  std::int64_t num_steps = 1;                                 ///< that Repeat nodes take
  std::vector<graph::WireInfo> wires;                         ///< by WireId
  std::vector<Fusion> fusions;                                ///< by node
  std::vector<std::optional<QuantizerPlan>> parameter_plans;  ///< by ParameterId
  std::vector<std::optional<QuantizerPlan>> node_plans;       ///< by node, of Quantize
};

}  // namespace pare::nn
