#include "plain_net.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "graph/overloaded.h"
#include "graph/quantize.h"

namespace pare::bench {
namespace {

std::vector<float> values_of(const graph::Graph& graph, graph::ParameterId id) {
  const Tensor value = graph::value_of(graph, graph.parameter(id));
  const auto values = value.as<float>();
  return {values.begin(), values.end()};
}

/// Of a linear op or a convolution.
WeightLayer weight_layer(const graph::Graph& graph, const auto& op) {
  WeightLayer layer{.shape = graph.parameter(op.weight).stored.shape()};
  layer.weight = values_of(graph, op.weight);
  layer.bias.assign(static_cast<std::size_t>(layer.shape[0]), 0.0F);
  if (op.bias) layer.bias = values_of(graph, *op.bias);
  return layer;
}

void fold(const graph::Graph& graph, const graph::BatchNorm& op, WeightLayer& layer) {
  const auto element = [&](const std::optional<graph::ParameterId>& id, std::size_t i,
                           double absent) {
    return id ? static_cast<double>(graph.parameter(*id).stored.as<float>()[i]) : absent;
  };
  const std::size_t row = layer.weight.size() / layer.bias.size();
  for (std::size_t i = 0; i < layer.bias.size(); ++i) {
    const double factor =
        element(op.gain, i, 1) / std::sqrt(element(op.variance, i, 1) + op.epsilon);
    for (float& w : std::span(layer.weight).subspan(i * row, row)) {
      w = static_cast<float>(w * factor);
    }
    layer.bias[i] = static_cast<float>((layer.bias[i] - element(op.mean, i, 0)) * factor +
                                       element(op.shift, i, 0));
  }
}

/// Node by node.
class Reader {
 public:
  Reader(const graph::Graph& graph, PlainNet& net) : graph_(graph), net_(net) {}

  void add(const graph::Node& node) {
    node_ = &node;
    std::visit(graph::Overloaded{
                   [&](const graph::Linear& op) { push(weight_layer(graph_, op)); },
                   [&](const graph::Conv& op) { add_conv(op); },
                   [&](const graph::BatchNorm& op) { fold(graph_, op, last()); },
                   [&](const graph::Relu&) { last().has_relu = true; },
                   [&](const graph::MaxPool& op) { add_pool(op); },
                   [&](const graph::Flatten&) { push(FlattenLayer{}); },
                   [&](const graph::Reshape& op) { push(ReshapeLayer{op.shape}); },
                   [](const graph::Dropout&) {},
                   [](const graph::Softmax&) {},
                   [&](const auto&) { refuse(); },
               },
               node.op);
  }

 private:
  [[noreturn]] void refuse() const {
    throw InputError(fmt::format("'{}': a {} here has no place in a plain float network",
                                 node_->name, graph::kind_of(node_->op)));
  }

  void push(PlainLayer layer) {
    net_.layers.push_back(std::move(layer));
    net_.entering.push_back(graph_.wire(node_->inputs.front()).name);
  }

  /// The layer that a batch norm or ReLU belongs to.
  WeightLayer& last() const {
    if (net_.layers.empty()) refuse();
    auto* layer = std::get_if<WeightLayer>(&net_.layers.back());
    if (layer == nullptr || layer->has_relu) refuse();
    return *layer;
  }

  void add_conv(const graph::Conv& op) {
    WeightLayer layer = weight_layer(graph_, op);
    if (!layer.is_conv()) refuse();
    layer.stride = op.stride;
    layer.padding = op.padding;
    layer.dilation = op.dilation;
    layer.groups = op.groups;
    push(std::move(layer));
  }

  void add_pool(const graph::MaxPool& op) {
    const graph::PoolWindow& window = op.window;
    const bool is_dilated =
        std::any_of(window.dilation.begin(), window.dilation.end(), [](auto d) { return d != 1; });
    if (window.size.size() != 2 || is_dilated) refuse();
    push(MaxPoolLayer{window.size, window.stride, window.padding});
  }

  const graph::Graph& graph_;
  PlainNet& net_;
  const graph::Node* node_ = nullptr;
};

}  // namespace

PlainNet plain_net(const graph::Graph& graph) {
  PlainNet net{.input = graph.inputs.front().shape, .output = {}, .layers = {}, .entering = {}};
  Reader reader(graph, net);
  for (const graph::Node& node : graph.nodes) reader.add(node);
  const auto is_weight = [](const PlainLayer& layer) {
    return std::holds_alternative<WeightLayer>(layer);
  };
  if (std::none_of(net.layers.begin(), net.layers.end(), is_weight)) {
    throw InputError("the graph has no layer with weights");
  }
  const auto* last = std::get_if<WeightLayer>(&net.layers.back());
  if (last == nullptr || last->is_conv()) {
    throw InputError("the graph does not end in a linear layer");
  }
  net.output = {last->shape[0]};
  return net;
}

std::vector<float> calibrate(const graph::Graph& graph, const PlainNet& net,
                             std::span<const float> samples) {
  Shape shape = net.input;
  shape.insert(shape.begin(), static_cast<std::int64_t>(samples.size()) / net.inputs());
  const auto traced =
      graph::evaluate_traced(graph, Tensor::from<float>(shape, samples), net.entering);
  std::vector<float> largest;
  for (const std::string& name : net.entering) {
    double magnitude = 0;
    for (const double value : traced.wires.at(name).to_doubles())
      magnitude = std::max(magnitude, std::abs(value));
    largest.push_back(static_cast<float>(magnitude));
  }
  return largest;
}

}  // namespace pare::bench
