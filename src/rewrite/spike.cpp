#include "rewrite/spike.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/edit.h"
#include "graph/infer.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::Node;
using graph::ParameterId;
using graph::Role;

/// Why a node cannot stand in a spiking network, or nothing.
std::optional<std::string> objection(const Node& node) {
  using namespace graph;
  const auto is = [&]<class... Ops>() { return (std::holds_alternative<Ops>(node.op) || ...); };
  if (is.template operator()<BatchNorm>()) {
    return "batch norm has no spiking form; train with batch_norm = \"none\"";
  }
  if (is.template operator()<LeakyRelu, Sigmoid, Tanh, Table>()) {
    return "only ReLUs become spikes; train with activation = \"relu\"";
  }
  if (is.template operator()<Softmax>()) return "a softmax has no spiking form";
  if (is.template operator()<Repeat, SumOverTime, Spike>()) return "the network spikes already";
  return std::nullopt;
}

void check_can_spike(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    const auto why = objection(node);
    if (why) throw InputError(fmt::format("[spike] {}: {}", describe(graph, node), *why));
  }
  const bool has_relu = std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
    return std::holds_alternative<graph::Relu>(node.op);
  });
  if (!has_relu) {
    throw InputError("[spike] the network has no ReLU that could become spikes");
  }
}

/// The layer whose sums a node takes, or the node's own name.
std::string layer_of(const Graph& graph, const Node& node) {
  const auto index = producer(graph, node.inputs.front());
  const bool is_layer = index && graph::layer_parameters(graph.nodes[*index].op).has_value();
  return is_layer ? graph.nodes[*index].name : node.name;
}

ParameterId put_number(Graph& graph, const std::string& name, Role role, double value,
                       bool is_trainable) {
  return put_parameter(
      graph, {.name = name,
              .role = role,
              .stored = Tensor::from<float>({1}, std::vector<float>{static_cast<float>(value)}),
              .is_trainable = is_trainable});
}

graph::Spike neurons(Graph& graph, const std::string& layer, const recipe::Spike& options) {
  graph::Spike op;
  op.threshold =
      put_number(graph, layer + ".threshold", Role::kThreshold, 1, options.learn_threshold);
  op.leak = put_number(graph, layer + ".leak", Role::kLeak, options.leak, options.learn_leak);
  op.is_strict = options.strict;
  op.reset = options.reset == recipe::Reset::kHard ? graph::Reset::kHard : graph::Reset::kSoft;
  op.leaks_reset = options.leak_reset;
  op.surrogate = {.shape = static_cast<graph::SurrogateShape>(options.surrogate),
                  .gain = options.surrogate_gain,
                  .width = options.surrogate_width};
  return op;
}

/// Quantizers that stand behind a ReLU.
void remove_activation_quantizers(Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    if (!std::holds_alternative<graph::Quantize>(node.op)) continue;
    const auto before = producer(graph, node.inputs.front());
    if (before && std::holds_alternative<graph::Relu>(graph.nodes[*before].op)) {
      names.push_back(node.name);
    }
  }
  for (const std::string& name : names) bypass(graph, name);
}

/// Repeats whatever has one value a sample where a neuron wants one at each step. Wires from the
/// input on: those behind a spike have a value at each step.
void insert_repeat(Graph& graph, std::int64_t steps) {
  std::vector<bool> has_steps(graph.wires.size(), false);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool reads_steps = std::any_of(node.inputs.begin(), node.inputs.end(),
                                         [&](graph::WireId wire) { return has_steps[wire.value]; });
    const bool is_spike = std::holds_alternative<graph::Spike>(node.op);
    if (is_spike && !reads_steps) {
      const graph::WireId current = node.inputs.front();
      const std::string name =
          find_node(graph, "repeat") == nullptr ? "repeat" : node.name + ".repeat";
      const graph::WireId repeated = insert_after(graph, current, name, graph::Repeat{steps});
      has_steps.resize(graph.wires.size(), false);
      has_steps[repeated.value] = true;
      // The node that was inserted stands in front of this one.
      ++i;
    }
    has_steps[graph.nodes[i].outputs.front().value] = is_spike || reads_steps;
  }
}

}  // namespace

Graph spike(const Graph& graph, const recipe::Spike& options) {
  check_can_spike(graph);
  Graph spiking = graph;
  remove_activation_quantizers(spiking);
  for (std::size_t i = 0; i < spiking.nodes.size(); ++i) {
    if (!std::holds_alternative<graph::Relu>(spiking.nodes[i].op)) continue;
    const graph::Spike op = neurons(spiking, layer_of(spiking, spiking.nodes[i]), options);
    spiking.nodes[i].op = op;
  }
  insert_repeat(spiking, options.steps);
  insert_after(spiking, spiking.output, "output.sum", graph::SumOverTime{});
  compact(spiking);
  return spiking;
}

std::vector<Neurons> neurons_of(const Graph& graph) {
  std::vector<Neurons> all;
  for (const Node& node : graph.nodes) {
    const auto* op = std::get_if<graph::Spike>(&node.op);
    if (op == nullptr) continue;
    all.push_back({node.name, graph.parameter(op->threshold).name,
                   graph.wire(node.inputs.front()).name, graph.wire(node.outputs.front()).name});
  }
  return all;
}

Graph with_steps(const Graph& graph, std::int64_t steps) {
  Graph other = graph;
  for (Node& node : other.nodes) {
    if (auto* repeat = std::get_if<graph::Repeat>(&node.op)) repeat->steps = steps;
  }
  return other;
}

}  // namespace pare::rewrite
