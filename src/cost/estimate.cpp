#include "cost/estimate.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "cost/bops.h"
#include "cost/wire_bits.h"
#include "graph/infer.h"
#include "graph/quantize.h"

namespace pare::cost {
namespace {

/// Doubles and JSON readers count exactly up to here.
constexpr std::int64_t kMaxOperations = std::int64_t{1} << 53;

std::int64_t count_nonzero(const Tensor& values) {
  const auto elements = values.as<float>();
  return std::count_if(elements.begin(), elements.end(), [](float x) { return x != 0; });
}

/// The value after the quantizer, in the shape that is stored: a structure repeats elements, it
/// does not add any.
Tensor quantized_as_stored(const graph::Graph& graph, graph::Parameter parameter,
                           std::span<const float> accumulator_steps) {
  parameter.structure = graph::Dense{};
  return graph::value_of(graph, parameter, accumulator_steps);
}

Tally tally(const graph::Graph& graph, graph::ParameterId id,
            std::span<const float> accumulator_steps) {
  const graph::Parameter& parameter = graph.parameter(id);
  Tally result;
  result.count = static_cast<std::int64_t>(parameter.stored.size());
  result.nonzero = count_nonzero(graph::masked(parameter));
  result.nonzero_quantized =
      count_nonzero(quantized_as_stored(graph, parameter, accumulator_steps));
  if (parameter.quantizer) result.bits = graph::width_of(graph, parameter.quantizer->format);
  return result;
}

double alive_fraction(const LayerCost& layer, AliveCounting counting) {
  std::int64_t alive = layer.weights.nonzero;
  std::int64_t all = layer.weights.count;
  if (counting == AliveCounting::kRepository) {
    alive += layer.biases.nonzero;
    all += layer.biases.count;
  }
  return static_cast<double>(alive) / static_cast<double>(all);
}

LayerCost cost_of(const graph::Graph& graph, const graph::Node& node,
                  const graph::LayerParameters& op, const std::vector<graph::WireInfo>& wires) {
  LayerCost layer;
  layer.layer = node.name;
  layer.weights = tally(graph, op.weight, {});
  if (op.bias) layer.biases = tally(graph, *op.bias, accumulator_steps(graph, node, wires));
  const Shape& input = wires.at(node.inputs.front().value).shape;
  const Shape& output = wires.at(node.outputs.front().value).shape;
  if (std::holds_alternative<graph::Conv>(node.op)) {
    // One product a weight and position, padding included; n is the weights of one output.
    const Shape& weight = graph.parameter(op.weight).stored.shape();
    layer.outputs = weight.front();
    layer.inputs = num_elements(weight) / layer.outputs;
  } else {
    layer.inputs = input.back();
    layer.outputs = output.back();
  }
  layer.positions = num_elements(output) / layer.outputs;
  layer.macs = layer.positions * layer.inputs * layer.outputs;
  // A structure uses each stored element equally often.
  layer.nonzero_macs = layer.macs / layer.weights.count * layer.weights.nonzero_quantized;
  return layer;
}

void add_operations(const LayerCost& layer, Total& total) {
  total.macs += layer.macs;
  total.nonzero_macs += layer.nonzero_macs;
  total.bops += layer.bops;
  if (total.macs > kMaxOperations) {
    throw InputError(
        fmt::format("layer '{}': the model does more than {} multiplications a sample, "
                    "too many to count",
                    layer.layer, kMaxOperations));
  }
}

void add_storage(const Tally& weights, Total& total) {
  total.dense_bits += weights.dense_bits();
  total.nonzero_bits += weights.nonzero_bits();
}

void add_weights(const Tally& tally, Total& total) {
  total.weights += tally.count;
  total.nonzero_weights += tally.nonzero;
  total.nonzero_weights_quantized += tally.nonzero_quantized;
  add_storage(tally, total);
}

void add_biases(const Tally& tally, Total& total) {
  total.biases += tally.count;
  total.nonzero_biases += tally.nonzero;
  total.nonzero_biases_quantized += tally.nonzero_quantized;
  add_storage(tally, total);
}

std::int64_t batch_norm_elements(const graph::Graph& graph) {
  std::int64_t count = 0;
  for (const graph::Parameter& parameter : graph.parameters) {
    const bool is_batch_norm =
        parameter.role == graph::Role::kGain || parameter.role == graph::Role::kShift ||
        parameter.role == graph::Role::kMean || parameter.role == graph::Role::kVariance;
    if (is_batch_norm) count += static_cast<std::int64_t>(parameter.stored.size());
  }
  return count;
}

}  // namespace

double Total::sparsity() const {
  if (weights == 0) return 0;
  return 1 - static_cast<double>(nonzero_weights) / static_cast<double>(weights);
}

Report estimate(const graph::Graph& graph, const Options& options) {
  Report report;
  report.options = options;
  report.total.batch_norm = batch_norm_elements(graph);
  const auto wires = graph::infer(graph);
  const auto bits = wire_bits(graph);
  std::set<graph::ParameterId> seen;
  for (const graph::Node& node : graph.nodes) {
    const auto op = graph::layer_parameters(node.op);
    if (!op) continue;
    LayerCost layer = cost_of(graph, node, *op, wires);
    const WireBits input = bits.at(node.inputs.front().value);
    const bool counts_as_float = input.is_input && options.input_bits == InputBits::kFloat;
    layer.input_bits = counts_as_float ? kFloatBits : input.bits;
    layer.bops = static_cast<double>(layer.positions) *
                 bops(layer.outputs, layer.inputs, alive_fraction(layer, options.counting),
                      layer.input_bits, layer.weights.bits);
    add_operations(layer, report.total);
    if (seen.insert(op->weight).second) add_weights(layer.weights, report.total);
    if (op->bias && seen.insert(*op->bias).second) add_biases(layer.biases, report.total);
    report.layers.push_back(std::move(layer));
  }
  return report;
}

}  // namespace pare::cost
