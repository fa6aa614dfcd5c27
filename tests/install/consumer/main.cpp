// What a user of the installed library does first: a tensor, a network of one layer, its text.
#include <cstdio>

#include <base/tensor.h>
#include <base/version.h>
#include <graph/graph.h>

int main() {
  const auto weight = pare::Tensor::from<float>({1, 2}, {3, 4});

  pare::graph::Graph graph;
  const auto input = pare::graph::add_wire(graph, "input");
  const auto weight_id = pare::graph::add_parameter(
      graph, {.name = "fc.weight", .role = pare::graph::Role::kWeight, .stored = weight});
  graph.inputs.push_back({.wire = input, .shape = {2}});
  graph.output =
      pare::graph::add_node(graph, "fc", pare::graph::Linear{.weight = weight_id}, {input});

  const bool is_right = graph.parameter(weight_id).stored.as<float>()[1] == 4;
  std::printf("pare %s: %s\n", pare::version().data(), is_right ? "fine" : "wrong");
  return is_right ? 0 : 1;
}
