#include "rewrite/quantize.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/names.h"
#include "graph/edit.h"
#include "graph/quantize.h"
#include "rewrite/layers.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::Node;
using graph::Parameter;
using graph::ParameterId;
using graph::Quantizer;
using graph::RangeRule;
using graph::Role;
using graph::Uniform;
using graph::WireId;

constexpr int kFloatBits = 32;
constexpr int kBiasBits = 32;
constexpr const char* kInputNode = "input.quantize";

struct Widths {
  int weight_bits;
  int activation_bits;
};

Widths widths_of(const recipe::Quantize& options, std::string_view layer) {
  Widths widths{options.weight_bits, options.activation_bits};
  for (const recipe::LayerBits& bits : options.layers) {
    if (!matches(bits.match, layer)) continue;
    widths.weight_bits = bits.weight_bits.value_or(widths.weight_bits);
    widths.activation_bits = bits.activation_bits.value_or(widths.activation_bits);
  }
  return widths;
}

void check_width(int bits, std::string_view key) {
  if ((bits >= 1 && bits <= 16) || bits == kFloatBits) return;
  throw InputError(fmt::format("[quantize] {} = {}; allowed: 1 to 16, or 32 for float", key, bits));
}

void check_options(const Graph& graph, const recipe::Quantize& options) {
  check_width(options.weight_bits, "weight_bits");
  check_width(options.activation_bits, "activation_bits");
  check_width(options.input_bits, "input_bits");
  const auto layers = layers_of(graph);
  for (const recipe::LayerBits& bits : options.layers) {
    check_matches_a_layer(layers, bits.match, "[quantize] layers.match");
    check_width(bits.weight_bits.value_or(kFloatBits), "layers.weight_bits");
    check_width(bits.activation_bits.value_or(kFloatBits), "layers.activation_bits");
  }
  if (!(options.activation_range > 0) || !std::isfinite(options.activation_range)) {
    throw InputError(fmt::format("[quantize] activation_range = {}; expected a positive number",
                                 options.activation_range));
  }
  if (graph.inputs.size() != 1) {
    throw InputError(
        fmt::format("[quantize] the graph has {} inputs; only graphs of one input can "
                    "be quantized",
                    graph.inputs.size()));
  }
}

graph::StepRule step_rule(recipe::Step step) {
  return step == recipe::Step::kPow2 ? graph::StepRule::kPow2 : graph::StepRule::kFloat;
}

ParameterId put_bits(Graph& graph, const std::string& name, int bits) {
  return put_parameter(graph, {.name = name + ".bits",
                               .role = Role::kBits,
                               .stored = Tensor::scalar<std::int32_t>(bits),
                               .is_trainable = false});
}

Tensor filled(const Shape& shape, float value) {
  Tensor tensor(DType::kF32, shape);
  for (float& element : tensor.as<float>()) element = value;
  return tensor;
}

/// The learned range of that name if there is one of that shape, else a new one.
ParameterId keep_or_put_log_range(Graph& graph, const std::string& name, Tensor initial) {
  const auto id = find_parameter(graph, name);
  if (id && graph.parameter(*id).role == Role::kLogRange &&
      graph.parameter(*id).stored.shape() == initial.shape()) {
    return *id;
  }
  return put_parameter(graph,
                       {.name = name, .role = Role::kLogRange, .stored = std::move(initial)});
}

/// The node of that name behind `wire` gets the quantizer; it is made if there is none.
void put_quantize_node(Graph& graph, WireId wire, const std::string& name,
                       const Quantizer& quantizer) {
  const auto found = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                  [&](const Node& node) { return node.name == name; });
  if (found == graph.nodes.end()) {
    insert_after(graph, wire, name, graph::Quantize{quantizer});
  } else {
    auto* op = std::get_if<graph::Quantize>(&found->op);
    check(op != nullptr, "a node that is no Quantize has the name " + name);
    op->quantizer = quantizer;
  }
}

void remove_quantize_node(Graph& graph, const std::string& name) {
  if (find_node(graph, name) != nullptr) bypass(graph, name);
}

void quantize_input(Graph& graph, const recipe::Quantize& options, double max_abs) {
  if (options.input_bits == kFloatBits) return remove_quantize_node(graph, kInputNode);
  const std::string name = kInputNode;
  const auto bits = put_bits(graph, name, options.input_bits);
  const auto range = put_parameter(graph, {.name = name + ".range",
                                           .role = Role::kRange,
                                           .stored = filled({}, static_cast<float>(max_abs)),
                                           .is_trainable = false});
  put_quantize_node(graph, graph.inputs.front().wire, name,
                    {.format = Uniform{.bits = bits, .is_signed = true, .is_narrow = true},
                     .range_rule = RangeRule::kFixed,
                     .range = range,
                     .step = step_rule(options.step)});
}

void quantize_weight(Graph& graph, ParameterId id, int bits, const recipe::Quantize& options) {
  graph.parameter(id).quantizer.reset();
  if (bits == kFloatBits) return;
  const std::string name = graph.parameter(id).name;
  const Tensor values = masked(graph.parameter(id));
  const bool is_per_channel = options.weight_granularity == recipe::Granularity::kChannel;
  const Shape shape = is_per_channel ? Shape{values.dim(0)} : Shape{};
  std::vector<float> ranges = graph::max_abs(values, static_cast<std::size_t>(num_elements(shape)));
  Quantizer quantizer{.format = Uniform{.bits = put_bits(graph, name, bits),
                                        .is_signed = true,
                                        .is_narrow = options.narrow},
                      .step = step_rule(options.step)};
  if (options.weight_range == recipe::WeightRange::kLearned) {
    for (float& range : ranges) range = std::log2(std::max(range, graph::kMinRange));
    quantizer.range_rule = RangeRule::kLearned;
    quantizer.range =
        keep_or_put_log_range(graph, name + ".log_range", Tensor::from<float>(shape, ranges));
  } else {
    quantizer.range_rule = RangeRule::kMaxAbs;
    quantizer.range = put_parameter(graph, {.name = name + ".range",
                                            .role = Role::kRange,
                                            .stored = Tensor::from<float>(shape, ranges),
                                            .is_trainable = false});
  }
  graph.parameter(id).quantizer = quantizer;
}

/// Name of the layer whose sums an activation function takes: the one before it, or its own.
std::string layer_before(const Graph& graph, const Node& function) {
  const Node* node = &function;
  while (node->inputs.size() == 1) {
    const auto index = producer(graph, node->inputs.front());
    if (!index) break;
    node = &graph.nodes[*index];
    if (graph::layer_parameters(node->op)) return node->name;
    if (!std::holds_alternative<graph::BatchNorm>(node->op)) break;
  }
  return function.name;
}

/// What an activation function's values need of a quantizer.
struct ActivationRange {
  bool is_signed = false;
  std::optional<double> limit = std::nullopt;  ///< of the magnitude, where it is known
};

std::optional<ActivationRange> activation_range(const graph::Op& op) {
  if (std::holds_alternative<graph::Relu>(op)) return ActivationRange{};
  if (std::holds_alternative<graph::LeakyRelu>(op)) return ActivationRange{.is_signed = true};
  if (std::holds_alternative<graph::Sigmoid>(op)) return ActivationRange{.limit = 1};
  if (std::holds_alternative<graph::Tanh>(op))
    return ActivationRange{.is_signed = true, .limit = 1};
  return std::nullopt;
}

struct Activation {
  std::string layer;
  WireId wire;
  ActivationRange range;
};

std::vector<Activation> activations_of(const Graph& graph) {
  std::vector<Activation> activations;
  for (const Node& node : graph.nodes) {
    const auto range = activation_range(node.op);
    if (!range) continue;
    std::string layer = layer_before(graph, node);
    const auto is_taken = [&](const Activation& other) { return other.layer == layer; };
    if (std::any_of(activations.begin(), activations.end(), is_taken)) layer = node.name;
    activations.push_back({std::move(layer), node.outputs.front(), *range});
  }
  return activations;
}

void quantize_activations(Graph& graph, const recipe::Quantize& options) {
  // Names first: taking nodes out renumbers wires.
  for (const auto& [layer, wire, values] : activations_of(graph)) {
    if (widths_of(options, layer).activation_bits == kFloatBits) {
      remove_quantize_node(graph, layer + ".activation");
    }
  }
  for (const auto& [layer, wire, values] : activations_of(graph)) {
    const int bits = widths_of(options, layer).activation_bits;
    if (bits == kFloatBits) continue;
    const std::string name = layer + ".activation";
    const auto start =
        static_cast<float>(std::log2(values.limit.value_or(options.activation_range)));
    const auto range = keep_or_put_log_range(graph, name + ".log_range", filled({}, start));
    put_quantize_node(graph, wire, name,
                      {.format = Uniform{.bits = put_bits(graph, name, bits),
                                         .is_signed = values.is_signed,
                                         .is_narrow = values.is_signed},
                       .range_rule = RangeRule::kLearned,
                       .range = range,
                       .step = step_rule(options.step)});
  }
}

/// An average pooling whose windows all have the same number of elements.
bool has_one_divisor(const graph::Op& op) {
  const auto* pool = std::get_if<graph::AveragePool>(&op);
  if (pool == nullptr) return false;
  const Shape& padding = pool->window.padding;
  return pool->counts_padding ||
         std::all_of(padding.begin(), padding.end(), [](std::int64_t p) { return p == 0; });
}

/// Whether codes of one scale reach `wire`: it comes from a Quantize node, through nothing that
/// changes their grid.
bool carries_codes(const Graph& graph, WireId wire) {
  while (const auto index = producer(graph, wire)) {
    const Node& node = graph.nodes[*index];
    if (const auto* quantize = std::get_if<graph::Quantize>(&node.op)) {
      const auto& range = quantize->quantizer.range;
      return range && graph.parameter(*range).stored.size() == 1;
    }
    const bool is_transparent = std::holds_alternative<graph::Dropout>(node.op) ||
                                std::holds_alternative<graph::Flatten>(node.op) ||
                                std::holds_alternative<graph::Reshape>(node.op) ||
                                std::holds_alternative<graph::Relu>(node.op) ||
                                std::holds_alternative<graph::MaxPool>(node.op) ||
                                std::holds_alternative<graph::SumPool>(node.op) ||
                                has_one_divisor(node.op);
    if (!is_transparent) return false;
    wire = node.inputs.front();
  }
  return false;
}

void quantize_biases(Graph& graph, const recipe::Quantize& options) {
  // By index: adding parameters moves what references would point at.
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto layer = graph::layer_parameters(graph.nodes[i].op);
    if (!layer || !layer->bias) continue;
    const ParameterId bias = *layer->bias;
    graph.parameter(bias).quantizer.reset();
    const bool has_accumulator = options.input_bits != kFloatBits &&
                                 graph.parameter(layer->weight).quantizer.has_value() &&
                                 carries_codes(graph, graph.nodes[i].inputs.front());
    if (!has_accumulator) continue;
    const auto bits = put_bits(graph, graph.parameter(bias).name, kBiasBits);
    graph.parameter(bias).quantizer =
        Quantizer{.format = Uniform{.bits = bits}, .range_rule = RangeRule::kAccumulator};
  }
}

}  // namespace

Graph quantize(const Graph& graph, const recipe::Quantize& options, double input_max_abs) {
  check_options(graph, options);
  Graph quantized = graph;
  quantize_input(quantized, options, input_max_abs);
  for (const Layer& layer : layers_of(graph)) {
    // By name: renumbering follows the input's quantizer that went.
    const auto weight = find_parameter(quantized, graph.parameter(layer.weight).name);
    quantize_weight(quantized, *weight, widths_of(options, layer.name).weight_bits, options);
  }
  quantize_activations(quantized, options);
  quantize_biases(quantized, options);
  compact(quantized);
  return quantized;
}

}  // namespace pare::rewrite
