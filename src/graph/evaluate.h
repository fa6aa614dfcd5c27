#pragma once

#include <map>
#include <span>
#include <string>

#include "base/tensor.h"
#include "graph/graph.h"

namespace pare::graph {

// What a float graph means: plain loops in double. Parameters and the codes of quantizers are the
// float32 arithmetic of graph/quantize.h, so that codes here are those of training; everything
// between is double.
//
// N samples, T steps. Files and these functions hold [N, …], or [N, T, …] where a wire is
// each_step.

/// Raw inputs of the graph's only input, of any dtype, as the network takes them: (raw - mean) /
/// scale per channel, in double, rounded once to float32. Throws InputError if the shape after N
/// (and T) is not the input's, or the graph has several inputs.
Tensor map_input(const Graph& graph, const Tensor& raw);

/// The output wire, float64 [N, …], for mapped inputs of any float dtype (rounded to float32).
/// Dropout is the identity; batch norm without running statistics uses those of these N samples.
/// REQUIRES: the graph passes graph::check. Throws InputError as map_input does.
Tensor evaluate(const Graph& graph, const Tensor& inputs);

/// The values of the wires of those names, too. Throws InputError if a wire is unknown.
struct Evaluation {
  Tensor output;
  std::map<std::string, Tensor> wires;  ///< float64 [N, …]
};
Evaluation evaluate_traced(const Graph& graph, const Tensor& inputs,
                           std::span<const std::string> wires);

/// What the head makes of outputs [N, K] (any float dtype, computed in double): kArgmax int64 [N],
/// kProbabilities float64 [N, K], kValues float64 as they are. The last axis is the one of classes.
Tensor apply_head(const Head& head, const Tensor& outputs);

}  // namespace pare::graph
