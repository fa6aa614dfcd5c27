#pragma once

#include "base/error.h"
#include "graph/graph.h"

namespace pare::graph {

// The overload for conditions, which the one below would hide in this namespace.
using pare::check;

/// Holds a graph against everything that the rest of pare takes for granted:
///
/// - names of nodes, wires and parameters are unique and not empty; no parameter's ends in ".mask"
///   (model files use that);
/// - ids point into the graph; every wire is written exactly once (by an input or a node) before it
///   is read, and the output wire is written;
/// - parameters have elements, no more than kMaxWireElements axes' worth, the dtype of their role,
/// a
///   mask of their shape, and finite values where they are ranges or statistics;
/// - quantizers refer to parameters of the right role, dtype and size; widths are possible; a
/// pruned
///   parameter can say 0; wires are not quantized to their own live maximum; a bias on the
///   accumulator's grid has one;
/// - shapes fit each other (graph/infer.h); the input's mean and scale have one element a channel,
///   and no scale is 0; the head's classes are as many as the output's elements.
///
/// Throws InputError naming the node or parameter: what was found and what was expected.
void check(const Graph& graph);

}  // namespace pare::graph
