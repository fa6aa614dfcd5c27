#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"

namespace pare::graph {

/// What people want to know of one node.
struct NodeSummary {
  std::string name;
  std::string_view kind;
  Shape shape;         ///< of its output
  std::string grid;    ///< of its output: "u6 step 0.0952", "s21 acc step 3.1e-05", or "real"
  int grid_bits = 0;   ///< two's complement or unsigned bits that its codes need; 0: real
  std::string format;  ///< of its weight or of the wire: "s6 narrow max_abs float", or "float"
  std::int64_t parameters = 0;     ///< trainable elements, quantizers' included
  std::int64_t weights = 0;        ///< of role kWeight
  std::int64_t weights_alive = 0;  ///< of them not pruned

  double sparsity() const {
    return weights == 0 ? 0 : 1 - static_cast<double>(weights_alive) / static_cast<double>(weights);
  }
};

/// One summary a node, in the graph's order. A parameter that several nodes use counts for the
/// first. REQUIRES: the graph passes graph::check.
std::vector<NodeSummary> summarise(const Graph& graph);

/// "s6 narrow, max_abs, pow2 step", "u6, learned, float step", "2 signed digits of 16 bits, …".
std::string describe(const Graph& graph, const Quantizer& quantizer);

/// "u6 step 0.0952": unsigned or signed bits that hold the hull, and the step ("per channel" if
/// there are several).
std::string describe(const Grid& grid);

/// Bits that hold every code of a grid: unsigned if none is negative, else two's complement.
int bits_of(const Grid& grid);

}  // namespace pare::graph
