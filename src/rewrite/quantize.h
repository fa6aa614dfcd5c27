#pragma once

#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// Puts quantizers into a graph, or changes those that an earlier call has put there (nothing
/// nests; ranges that training has moved are kept). Per layer (Linear node) L:
///
/// - input: a node "input.quantize" behind the graph's input, signed and narrow, range
///   "input.quantize.range" = input_max_abs, fixed.
/// - weights: "L.weight.bits" and either "L.weight.range" (max-abs, cached) or "L.weight.log_range"
///   (learned, starts at the current max-abs), one or one an output channel.
/// - activations: a node "L.activation" behind the ReLU that follows L, unsigned, with
///   "L.activation.bits" and the learned "L.activation.log_range", which starts at
///   log2(activation_range). A ReLU that follows no layer is its own L.
/// - biases: "L.bias.bits" = 32 on the accumulator's grid, where the layer's input and weights have
///   quantizers and input_bits is not 32.
///
/// 32 bits mean no quantizer there; one that is there goes. Later entries of `layers` win.
///
/// `input_max_abs`: largest magnitude of the training inputs after standardisation.
///
/// Throws InputError if a width is not 1 … 16 or 32, a pattern matches no layer, or the graph has
/// more than one input.
graph::Graph quantize(const graph::Graph& graph, const recipe::Quantize& options,
                      double input_max_abs);

}  // namespace pare::rewrite
