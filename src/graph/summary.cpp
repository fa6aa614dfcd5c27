#include "graph/summary.h"

#include <algorithm>
#include <bit>
#include <set>

#include <fmt/format.h>

#include "graph/edit.h"
#include "graph/enum_names.h"
#include "graph/overloaded.h"
#include "graph/quantize.h"

namespace pare::graph {
namespace {

std::int64_t count_alive(const Parameter& parameter) {
  if (!parameter.mask) return static_cast<std::int64_t>(parameter.stored.size());
  const auto mask = parameter.mask->as<std::uint8_t>();
  return std::count_if(mask.begin(), mask.end(), [](std::uint8_t m) { return m != 0; });
}

/// Parameters of a node: of its op, and of the quantizers of those.
std::vector<ParameterId> parameters_of(const Graph& graph, const Node& node) {
  std::vector<ParameterId> ids;
  for_each_parameter_id(node.op, [&](ParameterId id) { ids.push_back(id); });
  for (std::size_t i = 0, of_op = ids.size(); i < of_op; ++i) {
    for_each_parameter_id(graph.parameter(ids[i]).quantizer,
                          [&](ParameterId id) { ids.push_back(id); });
  }
  return ids;
}

std::string format_of(const Graph& graph, const Op& op) {
  if (const auto* quantize = std::get_if<Quantize>(&op))
    return describe(graph, quantize->quantizer);
  if (const auto layer = layer_parameters(op)) {
    const auto& quantizer = graph.parameter(layer->weight).quantizer;
    return quantizer ? describe(graph, *quantizer) : "float";
  }
  return {};
}

std::string describe_codes(const Graph& graph, const Format& format) {
  const int bits = width_of(graph, format);
  return std::visit(
      Overloaded{[&](const Uniform& f) {
                   if (!f.is_signed) return fmt::format("u{}", bits);
                   return fmt::format("s{}{}", bits, f.is_narrow ? " narrow" : "");
                 },
                 [&](const SignedDigits& f) {
                   return fmt::format("{} signed digits of {} bits", f.terms, bits);
                 },
                 [](const Ternary&) { return std::string("ternary"); },
                 [](const Binary&) { return std::string("binary"); },
                 [](const Levels& f) { return fmt::format("{} levels", f.levels.size()); }},
      format);
}

}  // namespace

std::vector<NodeSummary> summarise(const Graph& graph) {
  const auto wires = infer(graph);
  std::set<ParameterId> counted;
  std::vector<NodeSummary> summaries;
  for (const Node& node : graph.nodes) {
    const WireInfo& output = wires.at(node.outputs.front().value);
    NodeSummary summary{.name = node.name,
                        .kind = kind_of(node.op),
                        .shape = output.shape,
                        .grid = output.grid ? describe(*output.grid) : "real",
                        .grid_bits = output.grid ? bits_of(*output.grid) : 0,
                        .format = format_of(graph, node.op)};
    for (const ParameterId id : parameters_of(graph, node)) {
      if (!counted.insert(id).second) continue;
      const Parameter& parameter = graph.parameter(id);
      const auto size = static_cast<std::int64_t>(parameter.stored.size());
      if (parameter.is_trainable) summary.parameters += size;
      if (parameter.role != Role::kWeight) continue;
      summary.weights += size;
      summary.weights_alive += count_alive(parameter);
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

std::string describe(const Graph& graph, const Quantizer& quantizer) {
  std::string text =
      fmt::format("{}, {}", describe_codes(graph, quantizer.format), name_of(quantizer.range_rule));
  if (quantizer.range_rule != RangeRule::kAccumulator) {
    text += fmt::format(", {} step", name_of(quantizer.step));
  }
  if (quantizer.range && graph.parameter(*quantizer.range).stored.size() > 1) {
    text += fmt::format(" x {}", graph.parameter(*quantizer.range).stored.size());
  }
  if (quantizer.rounding != Rounding::kHalfEven) {
    text += fmt::format(", {}", name_of(quantizer.rounding));
  }
  if (quantizer.training_map) {
    text += fmt::format(", trained {}", name_of(*quantizer.training_map));
  }
  return text;
}

std::string describe(const Grid& grid) {
  std::string text = fmt::format("{}{} step ", grid.lowest < 0 ? 's' : 'u', bits_of(grid));
  text += grid.step.size() == 1 ? fmt::format("{:.4g}", grid.step.front()) : "per channel";
  if (grid.zero_point != 0) text += fmt::format(" zero {}", grid.zero_point);
  return text;
}

int bits_of(const Grid& grid) {
  const auto width = [](std::int64_t code) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(code)));
  };
  if (grid.lowest >= 0) return std::max(1, width(grid.highest));
  return 1 + std::max(width(-(grid.lowest + 1)), width(std::max<std::int64_t>(0, grid.highest)));
}

}  // namespace pare::graph
