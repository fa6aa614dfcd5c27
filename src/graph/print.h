#pragma once

#include <string>

#include "graph/graph.h"

namespace pare::graph {

/// A graph as text for people and for diffs: its inputs, one line a node (name, op, inputs, output
/// shape, grid, format, parameters, sparsity), output and head. Not meant to be read back (that is
/// graph/json.h). REQUIRES: the graph passes graph::check.
std::string print(const Graph& graph);

}  // namespace pare::graph
