#pragma once

#include <string>

#include "graph/graph.h"

namespace pare::graph {

// The parts of graph::check that look at quantizers. All throw InputError.

/// References, roles, dtypes, widths, levels, and numbers of ranges, bits and zero points for a
/// tensor of `shape`. `who` names what is quantized: "parameter 'fc1.weight'".
void check_quantizer(const Graph& graph, const Quantizer& quantizer, const Shape& shape,
                     const std::string& who);

/// What holds for parameters alone: codes fit 32 bits, and pruned elements have a code of 0.
void check_parameter_quantizer(const Graph& graph, const Parameter& parameter);

/// What holds for wires alone: the range is learned or fixed.
void check_wire_quantizer(const Quantizer& quantizer, const std::string& node);

/// Every bias on the accumulator's grid has one: its layer's weight is quantized and codes of one
/// step reach the layer. REQUIRES: everything else that graph::check looks at.
void check_accumulator_biases(const Graph& graph);

}  // namespace pare::graph
