// From the outside in: names, then ids (after which nothing can point astray), then parameters and
// their quantizers, then shapes, then what needs shapes.

#include "graph/check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "graph/check_quantizer.h"
#include "graph/edit.h"
#include "graph/infer.h"
#include "graph/neuron.h"
#include "graph/quantize.h"

namespace pare::graph {
namespace {

constexpr std::string_view kMaskSuffix = ".mask";

template <class T>
void check_names(const std::vector<T>& items, std::string_view what) {
  std::set<std::string_view> seen;
  for (const T& item : items) {
    if (item.name.empty()) throw InputError(fmt::format("a {} has no name", what));
    if (!seen.insert(item.name).second) {
      throw InputError(fmt::format("two {}s are called '{}'", what, item.name));
    }
  }
}

/// Ids of a node's op and of what it holds.
void check_references(const Graph& graph, const Node& node) {
  const auto expect_known = [&](ParameterId id) {
    if (id.value < graph.parameters.size()) return;
    throw InputError(fmt::format("node '{}' refers to parameter {} of {}", node.name, id.value,
                                 graph.parameters.size()));
  };
  for_each_parameter_id(node.op, expect_known);
  for (const auto& [name, quantizer] : node.held) {
    for_each_parameter_id(quantizer, expect_known);
    if (std::holds_alternative<Spike>(node.op) && name == "membrane") continue;
    throw InputError(fmt::format("node '{}': {} holds no '{}', but a format is given for it",
                                 node.name, kind_of(node.op), name));
  }
}

void check_wires(const Graph& graph) {
  std::vector<bool> is_written(graph.wires.size(), false);
  const auto expect_known = [&](WireId wire, std::string_view who) {
    if (wire.value < graph.wires.size()) return;
    throw InputError(
        fmt::format("{} refers to wire {} of {}", who, wire.value, graph.wires.size()));
  };
  const auto write = [&](WireId wire, std::string_view who) {
    expect_known(wire, who);
    if (is_written[wire.value]) {
      throw InputError(
          fmt::format("{} writes wire '{}', which is written already", who, graph.wire(wire).name));
    }
    is_written[wire.value] = true;
  };
  const auto read = [&](WireId wire, std::string_view who) {
    expect_known(wire, who);
    if (is_written[wire.value]) return;
    throw InputError(fmt::format("{} reads wire '{}' before it is written: nodes must be in order",
                                 who, graph.wire(wire).name));
  };
  for (const Input& input : graph.inputs) write(input.wire, "an input");
  for (const Node& node : graph.nodes) {
    const std::string who = fmt::format("node '{}'", node.name);
    for (const WireId wire : node.inputs) read(wire, who);
    for (const WireId wire : node.outputs) write(wire, who);
    if (node.outputs.size() != 1) {
      throw InputError(fmt::format("{} has {} outputs, expected 1", who, node.outputs.size()));
    }
  }
  read(graph.output, "the graph's output");
}

bool is_integer_role(Role role) { return role == Role::kBits || role == Role::kZeroPoint; }

bool must_be_finite(Role role) {
  return role == Role::kMean || role == Role::kVariance || role == Role::kRange ||
         role == Role::kLogRange || role == Role::kStep;
}

void check_parameter(const Graph& graph, const Parameter& parameter) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("parameter '{}': {}", parameter.name, what));
  };
  if (parameter.name.ends_with(kMaskSuffix)) {
    fail("names must not end in '.mask', which model files use for masks");
  }
  const Tensor& stored = parameter.stored;
  const DType expected = is_integer_role(parameter.role) ? DType::kI32 : DType::kF32;
  if (stored.dtype() != expected) {
    fail(fmt::format("is {}, expected {}", name_of(stored.dtype()), name_of(expected)));
  }
  if (stored.size() == 0) fail(fmt::format("shape {} has no elements", to_string(stored.shape())));
  if (parameter.mask &&
      (parameter.mask->dtype() != DType::kU8 || parameter.mask->shape() != stored.shape())) {
    fail(fmt::format("its mask is {} {}, expected u8 {}", name_of(parameter.mask->dtype()),
                     to_string(parameter.mask->shape()), to_string(stored.shape())));
  }
  if (must_be_finite(parameter.role)) {
    for (const float value : stored.as<float>()) {
      const bool is_negative = parameter.role == Role::kVariance && value < 0;
      if (!std::isfinite(value) || is_negative) fail(fmt::format("holds {}", value));
    }
  }
  if (parameter.quantizer) {
    check_quantizer(graph, *parameter.quantizer, stored.shape(),
                    fmt::format("parameter '{}'", parameter.name));
    check_parameter_quantizer(graph, parameter);
  }
}

/// Whether all variances are known and above 0, so that nothing need be added to divide by them.
bool has_positive_variances(const Graph& graph, const BatchNorm& norm) {
  if (!norm.variance) return false;
  const Tensor variances = value_of(graph, graph.parameter(*norm.variance));
  const auto values = variances.as<float>();
  return std::all_of(values.begin(), values.end(), [](float value) { return value > 0; });
}

void check_norm(const Graph& graph, const Node& node, const BatchNorm& norm) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("{}: {}", describe(graph, node), what));
  };
  if (!(norm.epsilon >= 0) || !std::isfinite(norm.epsilon)) {
    fail(fmt::format("epsilon {}; expected 0 or a positive number", norm.epsilon));
  }
  if (!(norm.momentum >= 0 && norm.momentum <= 1)) {
    fail(fmt::format("momentum {}; allowed: 0 to 1", norm.momentum));
  }
  if (norm.mean.has_value() != norm.variance.has_value()) {
    fail("has one of running mean and variance; both or none");
  }
  if (norm.epsilon == 0 && !has_positive_variances(graph, norm)) {
    fail("epsilon 0; allowed only where all running variances are positive");
  }
}

/// A membrane's codes are those of whole numbers of bits; its step is the current's.
void check_membrane(const Graph& graph, const Node& node) {
  const auto membrane = node.held.find("membrane");
  if (membrane == node.held.end()) return;
  const auto fail = [&](std::string_view what) {
    throw InputError(fmt::format("{}: the format of its membrane {}", describe(graph, node), what));
  };
  const Quantizer& format = membrane->second;
  const auto* uniform = std::get_if<Uniform>(&format.format);
  if (uniform == nullptr || !uniform->is_signed) fail("is not uniform and signed");
  check_quantizer(graph, format, {1}, fmt::format("node '{}'", node.name));
  const bool is_of_current = format.range_rule == RangeRule::kAccumulator && !format.zero_point;
  if (!is_of_current) fail("has a range or zero point; its rule is \"accumulator\"");
  if (format.rounding != Rounding::kHalfEven) fail("does not round half to even");
  if (code_ranges(graph, format.format).size() != 1) fail("has several widths");
}

void check_spike(const Graph& graph, const Node& node, const Spike& op) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("{}: {}", describe(graph, node), what));
  };
  const Parameter& threshold = graph.parameter(op.threshold);
  for (const float value : threshold.stored.as<float>()) {
    if (!(value > 0) || !std::isfinite(value)) {
      fail(fmt::format("'{}' holds {}; a threshold is positive", threshold.name, value));
    }
  }
  if (op.leak) {
    for (const float value : graph.parameter(*op.leak).stored.as<float>()) {
      if (value >= 0 && value <= 1) continue;
      fail(fmt::format("'{}' holds {}; a leak is from 0 to 1", graph.parameter(*op.leak).name,
                       value));
    }
  }
  if (op.fraction_bits < 0 || op.fraction_bits > 16) {
    fail(fmt::format("{} fraction bits; allowed: 0 to 16", op.fraction_bits));
  }
  const bool is_surrogate = op.surrogate.gain > 0 && std::isfinite(op.surrogate.gain) &&
                            op.surrogate.width > 0 && std::isfinite(op.surrogate.width);
  if (!is_surrogate) {
    fail(fmt::format("a surrogate of gain {} and width {}; both must be positive",
                     op.surrogate.gain, op.surrogate.width));
  }
  check_membrane(graph, node);
}

void check_op(const Graph& graph, const Node& node) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("{}: {}", describe(graph, node), what));
  };
  if (const auto* dropout = std::get_if<Dropout>(&node.op)) {
    if (!(dropout->rate >= 0 && dropout->rate < 1)) {
      fail(fmt::format("rate {}; allowed: 0 to less than 1", dropout->rate));
    }
  }
  if (const auto* leaky = std::get_if<LeakyRelu>(&node.op)) {
    if (!(leaky->slope <= 1) || !std::isfinite(leaky->slope)) {
      fail(fmt::format("slope {}; allowed: at most 1", leaky->slope));
    }
  }
  if (const auto* norm = std::get_if<BatchNorm>(&node.op)) check_norm(graph, node, *norm);
  if (const auto* spike = std::get_if<Spike>(&node.op)) check_spike(graph, node, *spike);
}

/// A parameter plays the part that its role says.
void check_roles(const Graph& graph, const Node& node) {
  const auto expect = [&](std::optional<ParameterId> id, Role role, std::string_view part) {
    if (!id || graph.parameter(*id).role == role) return;
    throw InputError(fmt::format("{}: '{}' is its {}, but has another role", describe(graph, node),
                                 graph.parameter(*id).name, part));
  };
  if (const auto layer = layer_parameters(node.op)) {
    expect(layer->weight, Role::kWeight, "weight");
    expect(layer->bias, Role::kBias, "bias");
  }
  if (const auto* table = std::get_if<Table>(&node.op)) {
    expect(table->values, Role::kTable, "table");
  }
  if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
    expect(norm->gain, Role::kGain, "gain");
    expect(norm->shift, Role::kShift, "shift");
    expect(norm->mean, Role::kMean, "mean");
    expect(norm->variance, Role::kVariance, "variance");
  }
  if (const auto* spike = std::get_if<Spike>(&node.op)) {
    expect(spike->threshold, Role::kThreshold, "threshold");
    expect(spike->leak, Role::kLeak, "leak");
  }
}

void check_input(const Input& input, const Wire& wire) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("input '{}': {}", wire.name, what));
  };
  const std::int64_t size = num_elements(input.shape);
  if (size < 1 || size > kMaxWireElements) {
    fail(fmt::format("shape {} has {} elements; allowed: 1 to {}", to_string(input.shape), size,
                     kMaxWireElements));
  }
  const std::size_t channels =
      input.shape.empty() ? 1 : static_cast<std::size_t>(input.shape.front());
  for (const auto& [name, values] : {std::pair("mean", &input.mean), {"scale", &input.scale}}) {
    if (!values->empty() && values->size() != channels) {
      fail(fmt::format("{} has {} elements, expected {} (one a channel) or none", name,
                       values->size(), channels));
    }
    for (const double value : *values) {
      if (!std::isfinite(value)) fail(fmt::format("{} holds {}", name, value));
    }
  }
  if (input.mean.size() != input.scale.size()) fail("has one of mean and scale; both or none");
  for (const double scale : input.scale) {
    if (!(scale > 0)) fail(fmt::format("scale holds {}; expected positive numbers", scale));
  }
}

/// Neurons whose membrane has a grid have integer constants.
void check_neurons(const Graph& graph) {
  const auto is_spike = [](const Node& node) { return std::holds_alternative<Spike>(node.op); };
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), is_spike)) return;
  const auto wires = infer(graph);
  for (const Node& node : graph.nodes) {
    if (is_spike(node)) neuron_codes(graph, node, wires);
  }
}

/// A table has an entry for each code of its input.
void check_tables(const Graph& graph) {
  const auto is_table = [](const Node& node) { return std::holds_alternative<Table>(node.op); };
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), is_table)) return;
  const auto wires = infer(graph);
  for (const Node& node : graph.nodes) {
    if (!is_table(node)) continue;
    const auto& grid = wires.at(node.inputs.front().value).grid;
    const auto fail = [&](const std::string& what) {
      throw InputError(fmt::format("{}: {}", describe(graph, node), what));
    };
    if (!grid || grid->step.size() != 1) fail("a table's input must be quantized with one step");
    const Parameter& values = graph.parameter(std::get<Table>(node.op).values);
    const std::int64_t num_codes = grid->highest - grid->lowest + 1;
    if (values.stored.shape() == Shape{num_codes}) continue;
    fail(fmt::format("its table '{}' is {}, but its input has {} codes", values.name,
                     to_string(values.stored.shape()), num_codes));
  }
}

void check_head(const Graph& graph, const WireInfo& output) {
  const auto elements = static_cast<std::size_t>(num_elements(output.shape));
  if (graph.head.classes.empty() || graph.head.classes.size() == elements) return;
  throw InputError(fmt::format("the head names {} classes, but the output is {}",
                               graph.head.classes.size(), to_string(output.shape)));
}

}  // namespace

void check(const Graph& graph) {
  check_names(graph.nodes, "node");
  check_names(graph.wires, "wire");
  check_names(graph.parameters, "parameter");
  check_wires(graph);
  for (const Node& node : graph.nodes) check_references(graph, node);
  for (const Parameter& parameter : graph.parameters) check_parameter(graph, parameter);
  for (const Input& input : graph.inputs) check_input(input, graph.wire(input.wire));
  const auto wires = infer_shapes(graph);
  repeated_steps(graph);
  for (const Node& node : graph.nodes) {
    if (const auto* quantize = std::get_if<Quantize>(&node.op)) {
      const Shape& shape = wires.at(node.inputs.front().value).shape;
      check_quantizer(graph, quantize->quantizer, shape, fmt::format("node '{}'", node.name));
      check_wire_quantizer(quantize->quantizer, node.name);
    }
    check_op(graph, node);
    check_roles(graph, node);
  }
  check_accumulator_biases(graph);
  check_neurons(graph);
  check_tables(graph);
  check_head(graph, wires.at(graph.output.value));
}

}  // namespace pare::graph
