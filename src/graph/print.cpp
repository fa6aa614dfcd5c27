#include "graph/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "graph/enum_names.h"
#include "graph/summary.h"

namespace pare::graph {
namespace {

std::string print_inputs(const Graph& graph) {
  std::string text;
  for (const Input& input : graph.inputs) {
    text += fmt::format("input {} {} {}", graph.wire(input.wire).name, name_of(input.dtype),
                        to_string(input.shape));
    if (input.time == Time::kEachStep) text += " each step";
    if (!input.units.empty()) text += fmt::format(" in {}", input.units);
    if (!input.mean.empty()) text += ", (x - mean) / scale per channel";
    text += '\n';
  }
  return text;
}

std::string print_node(const Graph& graph, const Node& node, const NodeSummary& summary) {
  std::vector<std::string> inputs;
  for (const WireId wire : node.inputs) inputs.push_back(graph.wire(wire).name);
  std::string text = fmt::format("{} = {}({}) : {} {}", node.name, summary.kind,
                                 fmt::join(inputs, ", "), to_string(summary.shape), summary.grid);
  if (!summary.format.empty()) text += fmt::format("; {}", summary.format);
  if (summary.parameters > 0) text += fmt::format("; {} parameters", summary.parameters);
  if (summary.weights_alive < summary.weights) {
    text += fmt::format("; {} of {} weights alive", summary.weights_alive, summary.weights);
  }
  return text + '\n';
}

}  // namespace

std::string print(const Graph& graph) {
  std::string text = fmt::format("graph {}\n", graph.name) + print_inputs(graph);
  const auto summaries = summarise(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    text += print_node(graph, graph.nodes[i], summaries[i]);
  }
  text += fmt::format("output {}, {}", graph.wire(graph.output).name, name_of(graph.head.kind));
  if (!graph.head.classes.empty()) {
    text += fmt::format(" of {}", fmt::join(graph.head.classes, ", "));
  }
  return text + '\n';
}

}  // namespace pare::graph
