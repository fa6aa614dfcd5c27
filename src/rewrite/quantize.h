#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/quantize.h"
#include "recipe/recipe.h"
#include "rewrite/calibrate.h"

namespace pare::rewrite {

/// Calibrated ranges by the name of the Quantize node that gets them.
using WireRanges = std::map<std::string, float>;

/// Puts quantizers into a graph, or changes those that an earlier call has put there (nothing
/// nests; ranges that training has moved are kept). Per layer (a node with a weight) L:
///
/// - input: a node "input.quantize" behind the graph's input, signed and narrow, range
///   "input.quantize.range" = input_max_abs, fixed.
/// - weights: "L.weight.bits" of uniform ones, and either "L.weight.range" (a live rule's cached
/// one,
///   or a fixed one) or "L.weight.log_range" (learned: starts at the current max-abs, of ternary
///   weights at twice the mean magnitude), one or one an output channel.
/// - activations: a node "L.activation" behind the ReLU that follows L, unsigned, with
///   "L.activation.bits" and the learned "L.activation.log_range", which starts at
///   log2(activation_range). A ReLU that follows no layer is its own L.
/// - biases: "L.bias.bits" = 32 on the accumulator's grid, where the layer's input and weights have
///   quantizers and input_bits is not 32.
///
/// 32 bits mean no quantizer there; one that is there goes. Later entries of `layers` win.
///
/// `input_max_abs`: largest magnitude of the training inputs after standardisation. `ranges`: those
/// that were calibrated; they go before input_max_abs, activation_range and what training has
/// moved.
///
/// Throws InputError as check_settings does (rewrite/layer_settings.h), or if the graph has more
/// than one input.
graph::Graph quantize(const graph::Graph& graph, const recipe::Quantize& options,
                      double input_max_abs, const WireRanges& ranges = {});

/// The graph with no quantizer left.
graph::Graph without_quantizers(const graph::Graph& graph);

/// A wire of a float graph behind which quantize() would put a node.
struct WireToQuantize {
  std::string node;  ///< name of that node
  std::string wire;
  graph::CodeRange codes;
};

/// The input and the activations. Throws InputError as quantize() does. REQUIRES: a graph without
/// quantizers.
std::vector<WireToQuantize> wires_to_quantize(const graph::Graph& graph,
                                              const recipe::Quantize& options);

/// How the options want a wire's range to be found.
RangeSearch search_of(const recipe::Quantize& options, const graph::CodeRange& codes);

}  // namespace pare::rewrite
