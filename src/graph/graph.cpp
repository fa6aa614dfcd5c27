#include "graph/graph.h"

#include <algorithm>
#include <utility>

namespace pare::graph {
namespace {

template <class T>
auto find_name(T& list, std::string_view name) {
  return std::find_if(list.begin(), list.end(),
                      [&](const auto& item) { return item.name == name; });
}

template <class IdType, class T>
std::optional<IdType> id_of_name(const T& list, std::string_view name) {
  const auto found = find_name(list, name);
  if (found == list.end()) return std::nullopt;
  return IdType{static_cast<std::uint32_t>(found - list.begin())};
}

}  // namespace

ParameterId add_parameter(Graph& graph, Parameter parameter) {
  check(!find_parameter(graph, parameter.name), "parameter name taken: " + parameter.name);
  graph.parameters.push_back(std::move(parameter));
  return {static_cast<std::uint32_t>(graph.parameters.size() - 1)};
}

WireId add_wire(Graph& graph, std::string name) {
  check(!find_wire(graph, name), "wire name taken: " + name);
  graph.wires.push_back({std::move(name)});
  return {static_cast<std::uint32_t>(graph.wires.size() - 1)};
}

WireId add_node(Graph& graph, std::string name, Op op, std::vector<WireId> inputs) {
  check(find_node(graph, name) == nullptr, "node name taken: " + name);
  const WireId output = add_wire(graph, name);
  graph.nodes.push_back({std::move(name), std::move(op), std::move(inputs), {output}, {}});
  return output;
}

std::optional<ParameterId> find_parameter(const Graph& graph, std::string_view name) {
  return id_of_name<ParameterId>(graph.parameters, name);
}

std::optional<WireId> find_wire(const Graph& graph, std::string_view name) {
  return id_of_name<WireId>(graph.wires, name);
}

const Node* find_node(const Graph& graph, std::string_view name) {
  const auto found = find_name(graph.nodes, name);
  return found == graph.nodes.end() ? nullptr : &*found;
}

std::optional<std::size_t> producer(const Graph& graph, WireId wire) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto& outputs = graph.nodes[i].outputs;
    if (std::find(outputs.begin(), outputs.end(), wire) != outputs.end()) return i;
  }
  return std::nullopt;
}

std::vector<std::size_t> consumers(const Graph& graph, WireId wire) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto& inputs = graph.nodes[i].inputs;
    if (std::find(inputs.begin(), inputs.end(), wire) != inputs.end()) found.push_back(i);
  }
  return found;
}

std::string_view kind_of(const Op& op) {
  return std::visit([](const auto& o) { return std::decay_t<decltype(o)>::kind; }, op);
}

}  // namespace pare::graph
