#include "rewrite/quantize.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "graph/edit.h"
#include "graph/live_range.h"
#include "graph/quantize.h"
#include "rewrite/layer_settings.h"
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

constexpr int kBiasBits = 32;
constexpr const char* kInputNode = "input.quantize";

void check_options(const Graph& graph, const recipe::Quantize& options) {
  check_settings(graph, options);
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

ParameterId put_log_range(Graph& graph, const std::string& name, Tensor initial) {
  return put_parameter(graph,
                       {.name = name, .role = Role::kLogRange, .stored = std::move(initial)});
}

/// The learned range of that name if there is one of that shape, else a new one.
ParameterId keep_or_put_log_range(Graph& graph, const std::string& name, Tensor initial) {
  const auto id = find_parameter(graph, name);
  if (id && graph.parameter(*id).role == Role::kLogRange &&
      graph.parameter(*id).stored.shape() == initial.shape()) {
    return *id;
  }
  return put_log_range(graph, name, std::move(initial));
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

graph::Format weight_format(Graph& graph, const std::string& name, const LayerSettings& settings,
                            const recipe::Quantize& options) {
  switch (settings.weight_format) {
    case recipe::WeightFormat::kUniform:
      return Uniform{
          .bits = put_bits(graph, name, settings.weight_bits),
          .is_signed = true,
          .is_narrow = options.narrow && settings.weight_range != recipe::WeightRange::kMinMax};
    case recipe::WeightFormat::kTernary:
      return graph::Ternary{};
    case recipe::WeightFormat::kBinary:
      return graph::Binary{};
  }
  throw_internal("an unknown weight format", __FILE__, __LINE__);
}

RangeRule weight_rule(recipe::WeightRange range) {
  switch (range) {
    case recipe::WeightRange::kMaxAbs:
    case recipe::WeightRange::kAffine:
      return RangeRule::kMaxAbs;
    case recipe::WeightRange::kLearned:
      return RangeRule::kLearned;
    case recipe::WeightRange::kMeanAbs:
      return RangeRule::kMeanAbs;
    case recipe::WeightRange::kTwiceMeanAbs:
      return RangeRule::kTwiceMeanAbs;
    case recipe::WeightRange::kSawb:
      return RangeRule::kSawb;
    case recipe::WeightRange::kThresholdMean:
      return RangeRule::kThresholdMean;
    case recipe::WeightRange::kMinMax:
      return RangeRule::kMinMax;
    case recipe::WeightRange::kPercentile:
    case recipe::WeightRange::kMse:
      return RangeRule::kFixed;
    case recipe::WeightRange::kAuto:
      break;
  }
  throw_internal("a weight range that is still auto", __FILE__, __LINE__);
}

/// What the ranges of `weights` are, or where they start if they are learned.
std::vector<float> weight_ranges(const Quantizer& quantizer, std::span<const float> weights,
                                 std::size_t num_groups, const graph::CodeRange& codes,
                                 const RangeSearch& search) {
  switch (quantizer.range_rule) {
    case RangeRule::kFixed:
      return find_ranges(weights, num_groups, search);
    case RangeRule::kLearned: {
      // Esser et al. 2020 start at 2 mean |w| / sqrt(top code); a maximum would make nearly all
      // ternary weights zero.
      const bool is_ternary = std::holds_alternative<graph::Ternary>(quantizer.format);
      const RangeRule start = is_ternary ? RangeRule::kTwiceMeanAbs : RangeRule::kMaxAbs;
      return graph::live_ranges(start, {}, weights, num_groups);
    }
    case RangeRule::kMaxAbs:
    case RangeRule::kMeanAbs:
    case RangeRule::kTwiceMeanAbs:
    case RangeRule::kSawb:
    case RangeRule::kThresholdMean:
    case RangeRule::kMinMax:
      return graph::live_ranges(quantizer.range_rule, {&codes, 1}, weights, num_groups);
    case RangeRule::kStep:
    case RangeRule::kAccumulator:
      break;
  }
  throw_internal("a weight on a given step or an accumulator's grid", __FILE__, __LINE__);
}

recipe::Calibration search_method(recipe::WeightRange range) {
  return range == recipe::WeightRange::kMse ? recipe::Calibration::kMse
                                            : recipe::Calibration::kPercentile;
}

void quantize_weight(Graph& graph, ParameterId id, const LayerSettings& settings,
                     const recipe::Quantize& options) {
  const auto before = std::exchange(graph.parameter(id).quantizer, std::nullopt);
  if (settings.weight_bits == kFloatBits) return;
  const std::string name = graph.parameter(id).name;
  const Tensor values = masked(graph.parameter(id));
  const bool is_per_channel = options.weight_granularity == recipe::Granularity::kChannel;
  const Shape shape = is_per_channel ? Shape{values.dim(0)} : Shape{};
  Quantizer quantizer{.format = weight_format(graph, name, settings, options),
                      .range_rule = weight_rule(settings.weight_range),
                      .step = step_rule(options.step)};
  if (settings.weight_range == recipe::WeightRange::kAffine) {
    quantizer.training_map = graph::TrainingMap::kAffine;
  }
  const graph::CodeRange codes = code_ranges(graph, quantizer.format).front();
  std::vector<float> ranges = weight_ranges(quantizer, values.as<float>(),
                                            static_cast<std::size_t>(num_elements(shape)), codes,
                                            {.method = search_method(settings.weight_range),
                                             .percentile = options.percentile,
                                             .codes = codes,
                                             .step = quantizer.step});
  if (quantizer.range_rule == RangeRule::kLearned) {
    for (float& range : ranges) range = std::log2(std::max(range, graph::kMinRange));
    Tensor start = Tensor::from<float>(shape, ranges);
    // What training made of the range of other codes is no range for these.
    const bool had_format = before && before->format.index() == quantizer.format.index();
    quantizer.range = had_format
                          ? keep_or_put_log_range(graph, name + ".log_range", std::move(start))
                          : put_log_range(graph, name + ".log_range", std::move(start));
  } else {
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

/// A calibrated range takes the place of one that training has moved.
ParameterId put_activation_range(Graph& graph, const std::string& name, double otherwise,
                                 const WireRanges& ranges) {
  const auto calibrated = ranges.find(name);
  if (calibrated == ranges.end()) {
    const auto start = static_cast<float>(std::log2(otherwise));
    return keep_or_put_log_range(graph, name + ".log_range", filled({}, start));
  }
  const float log2_range = std::log2(std::max(calibrated->second, graph::kMinRange));
  return put_log_range(graph, name + ".log_range", filled({}, log2_range));
}

void quantize_activations(Graph& graph, const recipe::Quantize& options, const WireRanges& ranges) {
  // Names first: taking nodes out renumbers wires.
  for (const auto& [layer, wire, values] : activations_of(graph)) {
    if (settings_of(options, layer).activation_bits == kFloatBits) {
      remove_quantize_node(graph, layer + ".activation");
    }
  }
  for (const auto& [layer, wire, values] : activations_of(graph)) {
    const int bits = settings_of(options, layer).activation_bits;
    if (bits == kFloatBits) continue;
    const std::string name = layer + ".activation";
    const double start = values.limit.value_or(options.activation_range);
    const auto range = put_activation_range(graph, name, start, ranges);
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
    if (std::holds_alternative<graph::Spike>(node.op)) return true;
    if (const auto* quantize = std::get_if<graph::Quantize>(&node.op)) {
      const auto& range = quantize->quantizer.range;
      return range && graph.parameter(*range).stored.size() == 1;
    }
    const bool is_transparent = std::holds_alternative<graph::Dropout>(node.op) ||
                                std::holds_alternative<graph::Flatten>(node.op) ||
                                std::holds_alternative<graph::Reshape>(node.op) ||
                                std::holds_alternative<graph::Transpose>(node.op) ||
                                std::holds_alternative<graph::Relu>(node.op) ||
                                std::holds_alternative<graph::Repeat>(node.op) ||
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

/// Leaks 0 to 1 in steps of 2^-bits.
void quantize_leak(Graph& graph, ParameterId leak, int bits) {
  const std::string name = graph.parameter(leak).name;
  const auto width = put_bits(graph, name, bits + 1);
  const auto step =
      put_parameter(graph, {.name = name + ".step",
                            .role = Role::kStep,
                            .stored = filled({}, static_cast<float>(std::ldexp(1.0, -bits))),
                            .is_trainable = false});
  graph.parameter(leak).quantizer =
      Quantizer{.format = Uniform{.bits = width, .is_signed = false, .is_narrow = false},
                .range_rule = RangeRule::kStep,
                .range = step};
}

/// Membranes lie on the grid of their currents where those have one.
void quantize_neurons(Graph& graph, const recipe::Quantize& options) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    auto* op = std::get_if<graph::Spike>(&graph.nodes[i].op);
    if (op == nullptr) continue;
    graph.nodes[i].held.erase("membrane");
    op->fraction_bits = 0;
    const auto leak = op->leak;
    if (leak) graph.parameter(*leak).quantizer.reset();
    if (options.membrane_bits == kFloatBits) continue;
    op->fraction_bits = options.membrane_fraction_bits;
    const auto bits = put_bits(graph, graph.nodes[i].name + ".membrane", options.membrane_bits);
    graph.nodes[i].held["membrane"] = {
        .format = Uniform{.bits = bits, .is_signed = true, .is_narrow = true},
        .range_rule = RangeRule::kAccumulator};
    if (leak) quantize_leak(graph, *leak, options.leak_bits);
  }
}

}  // namespace

Graph quantize(const Graph& graph, const recipe::Quantize& options, double input_max_abs,
               const WireRanges& ranges) {
  check_options(graph, options);
  Graph quantized = graph;
  const auto input = ranges.find(kInputNode);
  quantize_input(quantized, options, input == ranges.end() ? input_max_abs : double{input->second});
  for (const Layer& layer : layers_of(graph)) {
    // By name: renumbering follows the input's quantizer that went.
    const auto weight = find_parameter(quantized, graph.parameter(layer.weight).name);
    quantize_weight(quantized, *weight, settings_of(options, layer.name), options);
  }
  quantize_activations(quantized, options, ranges);
  quantize_biases(quantized, options);
  quantize_neurons(quantized, options);
  compact(quantized);
  return quantized;
}

RangeSearch search_of(const recipe::Quantize& options, const graph::CodeRange& codes) {
  return {.method = options.calibration,
          .percentile = options.percentile,
          .codes = codes,
          .step = step_rule(options.step)};
}

Graph without_quantizers(const Graph& graph) {
  const recipe::Quantize none{.weight_bits = kFloatBits,
                              .activation_bits = kFloatBits,
                              .input_bits = kFloatBits,
                              .membrane_bits = kFloatBits};
  return quantize(graph, none, 0);
}

std::vector<WireToQuantize> wires_to_quantize(const Graph& graph, const recipe::Quantize& options) {
  check_options(graph, options);
  std::vector<WireToQuantize> wires;
  if (options.input_bits != kFloatBits) {
    wires.push_back({kInputNode, graph.wire(graph.inputs.front().wire).name,
                     graph::uniform_codes(options.input_bits, true, true)});
  }
  for (const auto& [layer, wire, values] : activations_of(graph)) {
    const int bits = settings_of(options, layer).activation_bits;
    if (bits == kFloatBits) continue;
    wires.push_back({layer + ".activation", graph.wire(wire).name,
                     graph::uniform_codes(bits, values.is_signed, values.is_signed)});
  }
  return wires;
}

}  // namespace pare::rewrite
