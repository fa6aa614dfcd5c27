#pragma once

// Graphs for tests: small ones to compute by hand, and random ones for properties.

#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "graph/graph.h"

namespace pare::graph {

/// Builds graphs node by node; parameters are named after their node.
class TestGraph {
 public:
  Graph graph;

  explicit TestGraph(Shape input_shape) {
    graph.name = "test";
    last = add_wire(graph, "input");
    graph.inputs.push_back({.wire = last, .shape = std::move(input_shape)});
    graph.output = last;
  }

  /// The wire written last, which the next node reads.
  WireId last;

  WireId node(const std::string& name, Op op) { return node(name, std::move(op), {last}); }
  WireId node(const std::string& name, Op op, std::vector<WireId> inputs) {
    graph.output = last = add_node(graph, name, std::move(op), std::move(inputs));
    return last;
  }

  ParameterId floats(const std::string& name, Role role, const Shape& shape,
                     const std::vector<float>& values) {
    const bool is_trainable = role != Role::kMean && role != Role::kVariance &&
                              role != Role::kRange && role != Role::kStep;
    return add_parameter(graph, {.name = name,
                                 .role = role,
                                 .stored = Tensor::from<float>(shape, values),
                                 .is_trainable = is_trainable});
  }
  ParameterId integer(const std::string& name, Role role, std::int32_t value) {
    return add_parameter(graph, {.name = name,
                                 .role = role,
                                 .stored = Tensor::scalar<std::int32_t>(value),
                                 .is_trainable = false});
  }

  WireId linear(const std::string& name, const Shape& shape, const std::vector<float>& weights,
                const std::vector<float>& biases) {
    const auto weight = floats(name + ".weight", Role::kWeight, shape, weights);
    const auto bias = floats(name + ".bias", Role::kBias, {shape[0]}, biases);
    return node(name, Linear{weight, bias});
  }

  /// A fixed quantizer.
  Quantizer fixed(const std::string& name, int bits, bool is_signed, float range) {
    return {.format = Uniform{integer(name + ".bits", Role::kBits, bits), is_signed, is_signed},
            .range_rule = RangeRule::kFixed,
            .range = floats(name + ".range", Role::kRange, {}, {range})};
  }

  /// A quantizer whose step is given.
  Quantizer stepped(const std::string& name, int bits, bool is_signed, float step) {
    return {.format = Uniform{integer(name + ".bits", Role::kBits, bits), is_signed, is_signed},
            .range_rule = RangeRule::kStep,
            .range = floats(name + ".step", Role::kStep, {}, {step})};
  }

  /// Quantizes a layer's weight to its largest magnitude, and its bias on the accumulator's grid.
  void quantize_layer(const std::string& name, int bits) {
    const auto width = integer(name + ".weight.bits", Role::kBits, bits);
    const auto bias_width = integer(name + ".bias.bits", Role::kBits, 32);
    parameter(name + ".weight").quantizer =
        Quantizer{.format = Uniform{width}, .range_rule = RangeRule::kMaxAbs};
    parameter(name + ".bias").quantizer =
        Quantizer{.format = Uniform{bias_width}, .range_rule = RangeRule::kAccumulator};
  }

  Parameter& parameter(const std::string& name) {
    return graph.parameter(find_parameter(graph, name).value());
  }
};

/// A graph of every op, format and rule in some order, drawn inside a rapidcheck property.
inline Graph random_graph() {
  using rc::gen::element;
  // At full size from the first case on, so that few graphs are empty.
  const auto inRange = [](auto low, auto high) {
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high));
  };
  const auto floats = [&](std::int64_t size) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < size; ++i) {
      values.push_back(static_cast<float>(*inRange(-4000, 4001)) / 512);
    }
    return values;
  };
  TestGraph test({*inRange(1, 5)});
  const auto format = [&](const std::string& name) -> Format {
    switch (*inRange(0, 5)) {
      case 0:
        return SignedDigits{test.integer(name + ".bits", Role::kBits, *inRange(1, 9)),
                            *inRange(1, 4)};
      case 1:
        return Ternary{};
      case 2:
        return Levels{{-3, 0, 1, 7}};
      default:
        return Uniform{test.integer(name + ".bits", Role::kBits, *inRange(1, 17)),
                       *element(true, false), *element(true, false)};
    }
  };
  const auto quantizer = [&](const std::string& name) {
    Quantizer quantizer{.format = format(name)};
    const auto [rule, role] = *element(std::pair(RangeRule::kLearned, Role::kLogRange),
                                       std::pair(RangeRule::kFixed, Role::kRange),
                                       std::pair(RangeRule::kStep, Role::kStep));
    quantizer.range_rule = rule;
    quantizer.range = test.floats(name + ".range", role, {}, {1.5F});
    if (rule != RangeRule::kStep) quantizer.step = *element(StepRule::kFloat, StepRule::kPow2);
    quantizer.rounding = *element(Rounding::kHalfEven, Rounding::kHalfUp, Rounding::kFloor);
    return quantizer;
  };
  const int num_nodes = *inRange(0, 8);
  std::int64_t width = test.graph.inputs.front().shape.front();
  for (int i = 0; i < num_nodes; ++i) {
    const std::string name = "n" + std::to_string(i);
    switch (*inRange(0, 10)) {
      case 0: {
        const std::int64_t outputs = *inRange(1, 5);
        test.linear(name, {outputs, width}, floats(outputs * width), floats(outputs));
        width = outputs;
        if (*element(true, false)) {
          auto found = quantizer(name + ".weight");
          test.parameter(name + ".weight").quantizer = found;
        }
        if (*element(true, false)) {
          auto& weight = test.parameter(name + ".weight");
          weight.mask = Tensor(DType::kU8, weight.stored.shape());
        }
        break;
      }
      case 1: {
        const std::vector<float> ones(static_cast<std::size_t>(width), 1);
        BatchNorm op{.epsilon = 1.0 / *inRange(1, 100000)};
        if (*element(true, false)) {
          op.gain = test.floats(name + ".gain", Role::kGain, {width}, floats(width));
        }
        if (*element(true, false)) {
          op.mean = test.floats(name + ".mean", Role::kMean, {width}, floats(width));
          op.variance = test.floats(name + ".variance", Role::kVariance, {width}, ones);
        }
        test.node(name, op);
        break;
      }
      case 2:
        test.node(name, Softmax{});
        break;
      case 3:
        test.node(name, Dropout{*inRange(0, 100) / 100.0});
        break;
      case 4: {
        auto found = quantizer(name);
        test.node(name, Quantize{found});
        break;
      }
      case 5:
        test.node(name, Add{}, {test.last, test.last});
        break;
      case 6:
        test.node(name, Concat{}, {test.last, test.last});
        width *= 2;
        break;
      case 7:
        test.node(name, Flatten{});
        break;
      case 8:
        test.node(name + ".row", Reshape{{1, width}});
        test.node(name + ".column", Transpose{{1, 0}});
        test.node(name, Flatten{});
        break;
      default:
        test.node(name, Relu{});
    }
  }
  test.graph.head.kind = *element(HeadKind::kArgmax, HeadKind::kProbabilities, HeadKind::kValues);
  return test.graph;
}

}  // namespace pare::graph
