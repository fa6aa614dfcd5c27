// What a user of the installed library does first: builds a network of one layer, writes it down,
// reads it back, and evaluates it.
#include <cstdio>

#include <base/error.h>
#include <base/tensor.h>
#include <base/version.h>
#include <graph/check.h>
#include <graph/evaluate.h>
#include <graph/graph.h>
#include <graph/json.h>
#include <nlohmann/json.hpp>

namespace {

using pare::Tensor;
namespace graph = pare::graph;

/// y = relu([[3, 4], [-5, 6]] x).
graph::Graph small_network() {
  graph::Graph network{.name = "small"};
  const auto input = graph::add_wire(network, "input");
  network.inputs.push_back({.wire = input, .shape = {2}});
  const auto weight =
      graph::add_parameter(network, {.name = "fc.weight",
                                     .role = graph::Role::kWeight,
                                     .stored = Tensor::from<float>({2, 2}, {3, 4, -5, 6})});
  const auto sums =
      graph::add_node(network, "fc", graph::Linear{.weight = weight, .bias = {}}, {input});
  network.output = graph::add_node(network, "relu", graph::Relu{}, {sums});
  return network;
}

}  // namespace

int main() {
  try {
    const auto written = small_network();
    graph::check(written);
    const auto read = graph::read_json(graph::write_json(written), graph::tensors_of(written));
    const auto output = graph::evaluate(read, Tensor::from<float>({1, 2}, {2, 1}));
    const bool is_right = output == Tensor::from<double>({1, 2}, {10, 0});
    std::printf("pare %s: %s\n", pare::version().data(), is_right ? "fine" : "wrong");
    return is_right ? 0 : 1;
  } catch (const pare::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
