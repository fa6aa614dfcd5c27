#include "graph/edit.h"

#include <algorithm>
#include <utility>

namespace pare::graph {
namespace {

void for_each_wire_id(Graph& graph, const std::function<void(WireId&)>& f) {
  for (Node& node : graph.nodes) {
    for (WireId& wire : node.inputs) f(wire);
    for (WireId& wire : node.outputs) f(wire);
  }
  for (Input& input : graph.inputs) f(input.wire);
  f(graph.output);
}

void redirect_readers(Graph& graph, WireId from, WireId to) {
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  if (graph.output == from) graph.output = to;
}

/// Keeps the marked items; returns the new index of each old one.
template <class T>
std::vector<std::uint32_t> keep_marked(std::vector<T>& items, const std::vector<bool>& is_marked) {
  std::vector<std::uint32_t> new_index(items.size());
  std::vector<T> kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    new_index[i] = static_cast<std::uint32_t>(kept.size());
    if (is_marked[i]) kept.push_back(std::move(items[i]));
  }
  items = std::move(kept);
  return new_index;
}

}  // namespace

void for_each_reference(Graph& graph, const std::function<void(ParameterId&)>& f) {
  for (Node& node : graph.nodes) {
    for_each_parameter_id(node.op, f);
    for (auto& [name, quantizer] : node.held) for_each_parameter_id(quantizer, f);
  }
  for (Parameter& parameter : graph.parameters) for_each_parameter_id(parameter.quantizer, f);
}

WireId insert_after(Graph& graph, WireId wire, std::string name, Op op) {
  check(find_node(graph, name) == nullptr, "node name taken: " + name);
  const WireId output = add_wire(graph, name);
  redirect_readers(graph, wire, output);
  const auto producing = producer(graph, wire);
  const auto place = producing ? static_cast<std::ptrdiff_t>(*producing) + 1 : 0;
  graph.nodes.insert(graph.nodes.begin() + place,
                     {std::move(name), std::move(op), {wire}, {output}, {}});
  return output;
}

void bypass(Graph& graph, std::string_view node) {
  const auto found = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                  [&](const Node& other) { return other.name == node; });
  check(found != graph.nodes.end() && found->inputs.size() == 1 && found->outputs.size() == 1,
        "bypass: no such node of one input and output: " + std::string(node));
  const WireId input = found->inputs.front();
  const WireId output = found->outputs.front();
  graph.nodes.erase(found);
  redirect_readers(graph, output, input);
  compact(graph);
}

ParameterId put_parameter(Graph& graph, Parameter parameter) {
  const auto id = find_parameter(graph, parameter.name);
  if (!id) return add_parameter(graph, std::move(parameter));
  graph.parameter(*id) = std::move(parameter);
  return *id;
}

void compact(Graph& graph) {
  std::vector<bool> is_used(graph.parameters.size(), false);
  for (std::size_t i = 0; i < is_used.size(); ++i) {
    is_used[i] = graph.parameters[i].role == Role::kAuxiliary;
  }
  // A parameter that only a dropped parameter's quantizer refers to goes too: mark from the nodes.
  const std::function<void(ParameterId&)> mark = [&](ParameterId& id) {
    if (is_used.at(id.value)) return;
    is_used[id.value] = true;
    for_each_parameter_id(graph.parameter(id).quantizer, mark);
  };
  for (Node& node : graph.nodes) {
    for_each_parameter_id(node.op, mark);
    for (auto& [name, quantizer] : node.held) for_each_parameter_id(quantizer, mark);
  }
  const auto parameter_index = keep_marked(graph.parameters, is_used);
  for_each_reference(graph, [&](ParameterId& id) { id.value = parameter_index[id.value]; });

  std::vector<bool> is_read(graph.wires.size(), false);
  for_each_wire_id(graph, [&](WireId& id) { is_read.at(id.value) = true; });
  const auto wire_index = keep_marked(graph.wires, is_read);
  for_each_wire_id(graph, [&](WireId& id) { id.value = wire_index[id.value]; });
}

}  // namespace pare::graph
