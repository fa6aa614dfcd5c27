#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace pare::nn {

/// Nodes that one pass over memory computes together with the node before them. Indices into
/// Graph::nodes.
struct Fusion {
  std::optional<std::size_t> relu;      ///< behind a BatchNorm
  std::optional<std::size_t> quantize;  ///< behind a Relu
};

/// By node: the chains BatchNorm -> Relu, BatchNorm -> Relu -> Quantize and Relu -> Quantize whose
/// inner wires nobody else reads. A chain is listed at its first node, and a Relu's own at the
/// Relu.
std::vector<Fusion> find_fusions(const graph::Graph& graph);

}  // namespace pare::nn
