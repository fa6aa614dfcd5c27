#include "graph/neuron.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::graph {
namespace {

/// Numerators of the leaks over 2^shift.
void set_leaks(const Graph& graph, const Node& node, NeuronCodes& codes) {
  const auto& op = std::get<Spike>(node.op);
  if (!op.leak) {
    codes.leak = {1};
    return;
  }
  const Parameter& leak = graph.parameter(*op.leak);
  const auto fail = [&](const char* what) {
    throw InputError(fmt::format("{}: its membrane has a grid, but its leak '{}' {}",
                                 describe(graph, node), leak.name, what));
  };
  if (!leak.quantizer) fail("is not quantized");
  const Codec codec = make_codec(graph, *leak.quantizer, masked(leak));
  if (codec.scales.size() != 1) fail("has several steps; expected one");
  int exponent = 0;
  const auto step = static_cast<double>(codec.scales.front().step());
  if (std::frexp(step, &exponent) != 0.5 || exponent > 1 || exponent < -30) {
    fail("has a step that is no power of two from 2^-31 to 1");
  }
  codes.leak_shift = 1 - exponent;
  for (const double value : value_of(graph, leak).to_doubles()) {
    codes.leak.push_back(std::llrint(std::ldexp(value, codes.leak_shift)));
  }
}

}  // namespace

std::int64_t threshold_code(double threshold, double step, std::int64_t top) {
  const double code = std::nearbyint(threshold / step);
  if (!(code >= 1)) return 1;
  return code >= static_cast<double>(top) ? top : std::llrint(code);
}

std::optional<NeuronCodes> neuron_codes(const Graph& graph, const Node& node,
                                        std::span<const WireInfo> wires) {
  const auto& op = std::get<Spike>(node.op);
  const auto& current = wires[node.inputs.at(0).value].grid;
  const auto membrane = node.held.find("membrane");
  if (membrane == node.held.end() || !current) return std::nullopt;
  NeuronCodes codes;
  codes.fraction_bits = static_cast<int>(op.fraction_bits);
  codes.membrane = code_ranges(graph, membrane->second.format).front();
  for (const double step : current->step) {
    codes.step.push_back(std::ldexp(step, -codes.fraction_bits));
  }
  const auto thresholds = value_of(graph, graph.parameter(op.threshold)).to_doubles();
  const std::size_t count = std::max(thresholds.size(), codes.step.size());
  for (std::size_t c = 0; c < count; ++c) {
    codes.threshold.push_back(threshold_code(thresholds[thresholds.size() == 1 ? 0 : c],
                                             codes.step[codes.step.size() == 1 ? 0 : c],
                                             codes.membrane.highest));
  }
  set_leaks(graph, node, codes);
  return codes;
}

}  // namespace pare::graph
