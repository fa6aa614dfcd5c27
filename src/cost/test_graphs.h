#pragma once

// Small graphs for the tests of this folder.

#include <array>
#include <string>
#include <vector>

#include "cost/wire_bits.h"
#include "graph/graph.h"

namespace pare::cost {

inline graph::WireId add_input(graph::Graph& graph, Shape shape) {
  const graph::WireId wire = graph::add_wire(graph, "x");
  graph.inputs.push_back({.wire = wire, .shape = std::move(shape)});
  return wire;
}

inline graph::Uniform add_uniform(graph::Graph& graph, const std::string& name, int bits,
                                  bool is_signed) {
  const auto id = graph::add_parameter(graph, {.name = name + ".bits",
                                               .role = graph::Role::kBits,
                                               .stored = Tensor::scalar<std::int32_t>(bits),
                                               .is_trainable = false});
  return {.bits = id, .is_signed = is_signed, .is_narrow = is_signed};
}

/// A quantizer of range 1.
inline graph::WireId add_quantize(graph::Graph& graph, const std::string& name, graph::WireId input,
                                  int bits, bool is_signed) {
  graph::Quantizer quantizer{.format = add_uniform(graph, name, bits, is_signed)};
  quantizer.range = graph::add_parameter(graph, {.name = name + ".range",
                                                 .role = graph::Role::kRange,
                                                 .stored = Tensor::scalar<float>(1),
                                                 .is_trainable = false});
  return graph::add_node(graph, name, graph::Quantize{quantizer}, {input});
}

/// A linear layer whose weights and biases are 1, its weights quantized unless they have
/// kFloatBits.
inline graph::WireId add_linear(graph::Graph& graph, const std::string& name, graph::WireId input,
                                std::int64_t inputs, std::int64_t outputs, int weight_bits) {
  const std::vector<float> ones(static_cast<std::size_t>(inputs * outputs), 1.0F);
  graph::Parameter weight{.name = name + ".weight",
                          .role = graph::Role::kWeight,
                          .stored = Tensor::from<float>({outputs, inputs}, ones)};
  if (weight_bits != kFloatBits) {
    weight.quantizer =
        graph::Quantizer{.format = add_uniform(graph, weight.name, weight_bits, true),
                         .range_rule = graph::RangeRule::kMaxAbs};
  }
  const std::span<const float> biases(ones.data(), static_cast<std::size_t>(outputs));
  graph::Linear linear{.weight = graph::add_parameter(graph, std::move(weight))};
  linear.bias = graph::add_parameter(graph, {.name = name + ".bias",
                                             .role = graph::Role::kBias,
                                             .stored = Tensor::from<float>({outputs}, biases)});
  return graph::add_node(graph, name, linear, {input});
}

/// The jets network 16-64-32-32-5 of Ps and Qs: weights and activations of `bits` (32: float), the
/// input of `input_bits`, biases float, and a batch norm after the first layer.
inline graph::Graph jets_graph(int bits, int input_bits) {
  graph::Graph graph;
  graph::WireId wire = add_input(graph, {16});
  if (input_bits != kFloatBits) wire = add_quantize(graph, "input", wire, input_bits, true);
  constexpr std::array<std::int64_t, 5> kWidths{16, 64, 32, 32, 5};
  for (std::size_t i = 1; i < kWidths.size(); ++i) {
    const bool is_last = i + 1 == kWidths.size();
    const std::string name = is_last ? "output" : "fc" + std::to_string(i);
    wire = add_linear(graph, name, wire, kWidths[i - 1], kWidths[i], bits);
    if (is_last) break;
    if (i == 1) {
      graph::BatchNorm norm;
      norm.gain = graph::add_parameter(graph, {.name = "bn1.gain",
                                               .role = graph::Role::kGain,
                                               .stored = Tensor(DType::kF32, {kWidths[i]})});
      wire = graph::add_node(graph, "bn1", norm, {wire});
    }
    wire = graph::add_node(graph, "relu" + std::to_string(i), graph::Relu{}, {wire});
    if (bits != kFloatBits) {
      wire = add_quantize(graph, "act" + std::to_string(i), wire, bits, false);
    }
  }
  graph.output = wire;
  return graph;
}

/// Masks all but the first `alive` weights of a layer.
inline void keep(graph::Graph& graph, std::string_view layer, std::int64_t alive) {
  auto& weight =
      graph.parameter(graph::find_parameter(graph, std::string(layer) + ".weight").value());
  Tensor mask(DType::kU8, weight.stored.shape());
  for (std::int64_t i = 0; i < alive; ++i) mask.as<std::uint8_t>()[static_cast<std::size_t>(i)] = 1;
  weight.mask = std::move(mask);
}

}  // namespace pare::cost
