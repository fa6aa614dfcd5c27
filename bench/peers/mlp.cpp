#include "mlp.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/overloaded.h"
#include "graph/quantize.h"

namespace pare::bench {
namespace {

DenseLayer dense_layer(const graph::Graph& graph, const graph::Linear& op) {
  const Tensor weight = graph::value_of(graph, graph.parameter(op.weight));
  const auto values = weight.as<float>();
  DenseLayer layer{.inputs = weight.shape()[1], .outputs = weight.shape()[0]};
  layer.weight.assign(values.begin(), values.end());
  layer.bias.assign(static_cast<std::size_t>(layer.outputs), 0.0F);
  if (op.bias) {
    const Tensor bias = graph::value_of(graph, graph.parameter(*op.bias));
    std::ranges::copy(bias.as<float>(), layer.bias.begin());
  }
  return layer;
}

void fold(const graph::Graph& graph, const graph::BatchNorm& op, DenseLayer& layer) {
  const auto element = [&](const std::optional<graph::ParameterId>& id, std::size_t i,
                           double absent) {
    return id ? static_cast<double>(graph.parameter(*id).stored.as<float>()[i]) : absent;
  };
  const auto inputs = static_cast<std::size_t>(layer.inputs);
  for (std::size_t i = 0; i < layer.bias.size(); ++i) {
    const double factor =
        element(op.gain, i, 1) / std::sqrt(element(op.variance, i, 1) + op.epsilon);
    for (float& w : std::span(layer.weight).subspan(i * inputs, inputs)) {
      w = static_cast<float>(w * factor);
    }
    layer.bias[i] = static_cast<float>((layer.bias[i] - element(op.mean, i, 0)) * factor +
                                       element(op.shift, i, 0));
  }
}

[[noreturn]] void refuse(const graph::Node& node) {
  throw InputError(fmt::format("'{}': a {} here has no place in a plain float MLP", node.name,
                               graph::kind_of(node.op)));
}

}  // namespace

Mlp fold_mlp(const graph::Graph& graph) {
  Mlp mlp;
  for (const graph::Node& node : graph.nodes) {
    std::visit(graph::Overloaded{
                   [&](const graph::Linear& op) { mlp.layers.push_back(dense_layer(graph, op)); },
                   [&](const graph::BatchNorm& op) {
                     if (mlp.layers.empty() || mlp.layers.back().has_relu) refuse(node);
                     fold(graph, op, mlp.layers.back());
                   },
                   [&](const graph::Relu&) {
                     if (mlp.layers.empty()) refuse(node);
                     mlp.layers.back().has_relu = true;
                   },
                   [](const graph::Dropout&) {},
                   [](const graph::Softmax&) {},
                   [&](const auto&) { refuse(node); },
               },
               node.op);
  }
  if (mlp.layers.empty()) throw InputError("the graph has no linear layer");
  return mlp;
}

std::vector<float> calibrate(const Mlp& mlp, std::span<const float> samples) {
  std::vector<float> largest(mlp.layers.size());
  const auto inputs = static_cast<std::size_t>(mlp.inputs());
  for (std::size_t first = 0; first < samples.size(); first += inputs) {
    const auto sample = samples.subspan(first, inputs);
    std::vector<float> x(sample.begin(), sample.end());
    for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
      const DenseLayer& layer = mlp.layers[l];
      for (const float value : x) largest[l] = std::max(largest[l], std::abs(value));
      std::vector<float> y = layer.bias;
      for (std::size_t i = 0; i < y.size(); ++i) {
        for (std::size_t j = 0; j < x.size(); ++j) y[i] += layer.weight[i * x.size() + j] * x[j];
        if (layer.has_relu) y[i] = std::max(y[i], 0.0F);
      }
      x = std::move(y);
    }
  }
  return largest;
}

}  // namespace pare::bench
