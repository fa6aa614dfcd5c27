#include "graph/infer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/transpose.h"
#include "graph/window.h"

namespace pare::graph {
namespace {

/// The rules of shape and time for one node.
class ShapeRule {
 public:
  ShapeRule(const Graph& graph, const Node& node, const std::vector<WireInfo>& wires)
      : graph_(graph), node_(node), wires_(wires) {}

  WireInfo operator()(const Linear& op) const {
    WireInfo info = only_input();
    const Parameter& weight = graph_.parameter(op.weight);
    const Shape weights = expanded_shape(weight);
    if (weights.size() != 2) {
      fail(fmt::format("weight '{}' is {}, expected [outputs, inputs]", weight.name,
                       to_string(weights)));
    }
    if (info.shape.empty() || info.shape.back() != weights[1]) {
      fail(fmt::format("weight {} but input {}: the input's last axis must be {}",
                       to_string(weights), to_string(info.shape), weights[1]));
    }
    info.shape.back() = weights[0];
    if (op.bias) expect_channels(*op.bias, weights[0]);
    return info;
  }

  WireInfo operator()(const Conv& op) const {
    const WireInfo& info = only_input();
    const Parameter& weight = graph_.parameter(op.weight);
    const Shape& weights = weight.stored.shape();
    if (!std::holds_alternative<Dense>(weight.structure)) {
      fail(fmt::format("weight '{}' has a structure; a convolution's is dense", weight.name));
    }
    const std::int64_t channels = info.shape.empty() ? 0 : info.shape.front();
    const bool fits = weights.size() == info.shape.size() + 1 && op.groups >= 1 &&
                      op.groups <= kMaxWireElements && channels % op.groups == 0 &&
                      weights[1] == channels / op.groups && weights[0] % op.groups == 0;
    if (!fits) {
      fail(
          fmt::format("weight {} but input {} and {} groups: expected [outputs, channels / groups, "
                      "kernel …], outputs and channels multiples of groups",
                      to_string(weights), to_string(info.shape), op.groups));
    }
    if (op.bias) expect_channels(*op.bias, weights[0]);
    const Window window = make_window(info.shape, op, weights, describe(graph_, node_));
    return {output_shape(window, weights[0], info.shape), info.time};
  }

  WireInfo operator()(const MaxPool& op) const {
    const WireInfo info = pooled(op.window);
    if (!make_window(only_input().shape, op.window, describe(graph_, node_)).is_covered()) {
      fail("a window holds nothing but padding, which has no largest element");
    }
    return info;
  }
  WireInfo operator()(const AveragePool& op) const { return pooled(op.window); }
  WireInfo operator()(const SumPool& op) const { return pooled(op.window); }

  WireInfo operator()(const BatchNorm& op) const {
    const WireInfo& info = only_input();
    if (info.shape.empty()) fail("a scalar has no channels");
    for (const auto& parameter : {op.gain, op.shift, op.mean, op.variance}) {
      if (parameter) expect_channels(*parameter, info.shape.front());
    }
    return info;
  }

  WireInfo operator()(const Relu&) const { return only_input(); }
  WireInfo operator()(const LeakyRelu&) const { return only_input(); }
  WireInfo operator()(const Sigmoid&) const { return only_input(); }
  WireInfo operator()(const Tanh&) const { return only_input(); }
  WireInfo operator()(const Table&) const { return only_input(); }
  WireInfo operator()(const Dropout&) const { return only_input(); }
  WireInfo operator()(const Quantize&) const { return only_input(); }

  WireInfo operator()(const Softmax&) const {
    if (only_input().shape.empty()) fail("a scalar has no channels");
    return only_input();
  }

  WireInfo operator()(const Flatten&) const {
    const WireInfo& info = only_input();
    return {{num_elements(info.shape)}, info.time};
  }

  WireInfo operator()(const Reshape& op) const {
    const WireInfo& info = only_input();
    const bool is_possible = std::all_of(op.shape.begin(), op.shape.end(), [](std::int64_t size) {
      return size >= 1 && size <= kMaxWireElements;
    });
    if (!is_possible || num_elements(op.shape) != num_elements(info.shape)) {
      fail(fmt::format("reshapes {} to {}: expected as many elements", to_string(info.shape),
                       to_string(op.shape)));
    }
    return {op.shape, info.time};
  }

  WireInfo operator()(const Transpose& op) const {
    const WireInfo& info = only_input();
    if (!is_order_of_axes(op.order, info.shape.size())) {
      fail(fmt::format("order {} but input {}: expected each axis from 0 to {} once",
                       to_string(op.order), to_string(info.shape),
                       static_cast<std::int64_t>(info.shape.size()) - 1));
    }
    return {transposed_shape(info.shape, op.order), info.time};
  }

  WireInfo operator()(const Repeat& op) const {
    const WireInfo& info = only_input();
    if (info.time == Time::kEachStep) fail("repeats a wire that has a value at each step already");
    if (op.steps < 1 || op.steps > kMaxSteps) {
      fail(fmt::format("{} steps; allowed: 1 to {}", op.steps, kMaxSteps));
    }
    return {info.shape, Time::kEachStep};
  }

  WireInfo operator()(const SumOverTime&) const {
    const WireInfo& info = only_input();
    if (info.time == Time::kOnce) fail("sums over time, but its input has one value a sample");
    return {info.shape, Time::kOnce};
  }

  WireInfo operator()(const Spike& op) const {
    const WireInfo& info = only_input();
    if (info.time == Time::kOnce) {
      fail("its input has one value a sample; put a repeat in front of the first spiking neurons");
    }
    expect_one_or_channels(op.threshold, info.shape);
    if (op.leak) expect_one_or_channels(*op.leak, info.shape);
    return info;
  }

  WireInfo operator()(const Add&) const {
    expect_inputs(2);
    const WireInfo& a = input(0);
    const WireInfo& b = input(1);
    if (a.shape != b.shape) {
      fail(fmt::format("adds {} to {}: the shapes must be equal", to_string(a.shape),
                       to_string(b.shape)));
    }
    return {a.shape, joint_time()};
  }

  WireInfo operator()(const Concat&) const {
    if (node_.inputs.empty()) fail("joins no inputs");
    Shape joined = input(0).shape;
    if (joined.empty()) fail("a scalar has no channels");
    joined.front() = 0;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
      const Shape& shape = input(i).shape;
      const bool fits = shape.size() == joined.size() &&
                        std::equal(shape.begin() + 1, shape.end(), joined.begin() + 1);
      if (!fits) {
        fail(fmt::format("joins {} with {}: all axes but the first must be equal",
                         to_string(input(0).shape), to_string(shape)));
      }
      joined.front() += shape.front();
      if (joined.front() > kMaxWireElements) fail("joins too many channels");
    }
    return {joined, joint_time()};
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", describe(graph_, node_), what));
  }

  const WireInfo& input(std::size_t i) const { return wires_.at(node_.inputs[i].value); }

  void expect_inputs(std::size_t expected) const {
    if (node_.inputs.size() == expected) return;
    fail(fmt::format("{} has {} inputs, expected {}", kind_of(node_.op), node_.inputs.size(),
                     expected));
  }

  const WireInfo& only_input() const {
    expect_inputs(1);
    return input(0);
  }

  WireInfo pooled(const PoolWindow& pool) const {
    const WireInfo& info = only_input();
    const Window window = make_window(info.shape, pool, describe(graph_, node_));
    return {output_shape(window, info.shape.front(), info.shape), info.time};
  }

  Time joint_time() const {
    const bool has_each_step =
        std::any_of(node_.inputs.begin(), node_.inputs.end(),
                    [&](WireId wire) { return wires_.at(wire.value).time == Time::kEachStep; });
    return has_each_step ? Time::kEachStep : Time::kOnce;
  }

  void expect_channels(ParameterId id, std::int64_t channels) const {
    const Parameter& parameter = graph_.parameter(id);
    const Shape shape = expanded_shape(parameter);
    if (shape == Shape{channels}) return;
    fail(fmt::format("'{}' is {}, expected [{}]", parameter.name, to_string(shape), channels));
  }

  void expect_one_or_channels(ParameterId id, const Shape& shape) const {
    const Parameter& parameter = graph_.parameter(id);
    const std::int64_t channels = shape.empty() ? 1 : shape.front();
    const Shape& found = parameter.stored.shape();
    if (found == Shape{1} || found == Shape{channels}) return;
    fail(fmt::format("'{}' is {}, expected [1] or [{}]", parameter.name, to_string(found),
                     channels));
  }

  /// The shape of a parameter's value.
  Shape expanded_shape(const Parameter& parameter) const {
    const Shape& stored = parameter.stored.shape();
    const auto* circulant = std::get_if<BlockCirculant>(&parameter.structure);
    if (circulant == nullptr) return stored;
    if (stored.size() != 3 || stored[2] != circulant->block_size || stored[2] < 1) {
      fail(fmt::format("'{}' is {}, expected [rows, columns, {}] of circulant blocks",
                       parameter.name, to_string(stored), circulant->block_size));
    }
    const Shape dense = {stored[0] * stored[2], stored[1] * stored[2]};
    if (num_elements(dense) > kMaxWireElements) {
      fail(fmt::format("'{}' written out as {} has more than {} elements", parameter.name,
                       to_string(dense), kMaxWireElements));
    }
    return dense;
  }

  const Graph& graph_;
  const Node& node_;
  const std::vector<WireInfo>& wires_;
};

}  // namespace

WireInfo infer_shape(const Graph& graph, const Node& node, const std::vector<WireInfo>& wires) {
  WireInfo info = std::visit(ShapeRule(graph, node, wires), node.op);
  if (num_elements(info.shape) > kMaxWireElements) {
    throw InputError(fmt::format("{}: its output {} has more than {} elements",
                                 describe(graph, node), to_string(info.shape), kMaxWireElements));
  }
  return info;
}

std::vector<WireInfo> infer_shapes(const Graph& graph) {
  std::vector<WireInfo> wires(graph.wires.size());
  for (const Input& input : graph.inputs) wires.at(input.wire.value) = {input.shape, input.time};
  for (const Node& node : graph.nodes) {
    const WireInfo info = infer_shape(graph, node, wires);
    for (const WireId output : node.outputs) wires.at(output.value) = info;
  }
  return wires;
}

std::int64_t repeated_steps(const Graph& graph) {
  std::int64_t steps = 0;
  for (const Node& node : graph.nodes) {
    const auto* repeat = std::get_if<Repeat>(&node.op);
    if (repeat == nullptr) continue;
    if (steps != 0 && steps != repeat->steps) {
      throw InputError(
          fmt::format("{}: repeats {} times, but another node {} times; all must agree",
                      describe(graph, node), repeat->steps, steps));
    }
    steps = repeat->steps;
  }
  return steps;
}

std::string describe(const Graph& graph, const Node& node) {
  if (!layer_parameters(node.op)) return fmt::format("node '{}'", node.name);
  int number = 0;
  for (const Node& other : graph.nodes) {
    if (layer_parameters(other.op)) ++number;
    if (other.name == node.name) break;
  }
  return fmt::format("layer {} '{}'", number, node.name);
}

}  // namespace pare::graph
