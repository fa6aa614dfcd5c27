#include "cost/wire_bits.h"

#include <algorithm>

#include "graph/overloaded.h"
#include "graph/quantize.h"

namespace pare::cost {
namespace {

using graph::Overloaded;

/// The widest of a node's inputs; the network's input only if all of them are.
WireBits join(const graph::Node& node, const std::vector<WireBits>& of) {
  WireBits joined{0, !node.inputs.empty()};
  for (const graph::WireId input : node.inputs) {
    joined.bits = std::max(joined.bits, of.at(input.value).bits);
    joined.is_input = joined.is_input && of.at(input.value).is_input;
  }
  return joined;
}

WireBits written_by(const graph::Graph& graph, const graph::Node& node,
                    const std::vector<WireBits>& of) {
  const WireBits inputs = join(node, of);
  const WireBits real{};
  return std::visit(
      Overloaded{
          [&](const graph::Quantize& op) {
            return WireBits{graph::width_of(graph, op.quantizer.format), inputs.is_input};
          },
          [&](const graph::Relu&) { return inputs; },
          [&](const graph::Dropout&) { return inputs; },
          [&](const graph::Flatten&) { return inputs; },
          [&](const graph::Reshape&) { return inputs; },
          [&](const graph::Transpose&) { return inputs; },
          [&](const graph::Concat&) { return inputs; },
          [&](const graph::Add&) {
            return WireBits{std::min(inputs.bits + 1, kFloatBits), inputs.is_input};
          },
          [&](const graph::MaxPool&) { return inputs; },
          [&](const graph::Repeat&) { return inputs; },
          [&](const graph::SumOverTime&) { return real; },
          [&](const graph::Spike&) {
            return WireBits{1, false};
          },
          [&](const graph::SumPool&) { return real; },
          [&](const graph::AveragePool&) { return real; },
          [&](const graph::Linear&) { return real; },
          [&](const graph::Conv&) { return real; },
          [&](const graph::LeakyRelu&) { return real; },
          [&](const graph::Sigmoid&) { return real; },
          [&](const graph::Tanh&) { return real; },
          [&](const graph::Table&) { return real; },
          [&](const graph::BatchNorm&) { return real; },
          [&](const graph::Softmax&) { return real; },
      },
      node.op);
}

}  // namespace

std::vector<WireBits> wire_bits(const graph::Graph& graph) {
  std::vector<WireBits> of(graph.wires.size());
  for (const graph::Input& input : graph.inputs) of.at(input.wire.value).is_input = true;
  for (const graph::Node& node : graph.nodes) {
    const WireBits written = written_by(graph, node, of);
    for (const graph::WireId output : node.outputs) of.at(output.value) = written;
  }
  return of;
}

}  // namespace pare::cost
