#include "rewrite/network_builder.h"

#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/philox.h"
#include "graph/infer.h"

namespace pare::rewrite {
namespace {

using graph::ParameterId;
using graph::Role;

/// FNV-1a, 64 bits. Ref: Fowler, Noll and Vo.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

struct NamedOp {
  const char* suffix;
  graph::Op op;
};

NamedOp activation_of(const recipe::Model& model) {
  switch (model.activation) {
    case recipe::Activation::kLeakyRelu:
      return {".leaky_relu", graph::LeakyRelu{model.negative_slope}};
    case recipe::Activation::kSigmoid:
      return {".sigmoid", graph::Sigmoid{}};
    case recipe::Activation::kTanh:
      return {".tanh", graph::Tanh{}};
    case recipe::Activation::kRelu:
      break;
  }
  return {".relu", graph::Relu{}};
}

}  // namespace

NetworkBuilder::NetworkBuilder(std::string name, const recipe::Model& model,
                               const Shape& sample_shape, std::uint64_t seed)
    : model_(model), seed_(seed), shape_(sample_shape) {
  if (num_elements(sample_shape) < 1) {
    throw InputError(
        fmt::format("[model] a sample of shape {} has no elements", to_string(sample_shape)));
  }
  graph_.name = std::move(name);
  wire_ = add_wire(graph_, "input");
  graph_.inputs.push_back({.wire = wire_, .shape = sample_shape});
}

void NetworkBuilder::node(const std::string& name, graph::Op op) {
  wire_ = add_node(graph_, name, std::move(op), {wire_});
  // Says what does not fit, with the layer's name.
  shape_ = infer_shapes(graph_).at(wire_.value).shape;
}

void NetworkBuilder::reshape(const std::string& name, Shape shape) {
  node(name, graph::Reshape{std::move(shape)});
}

void NetworkBuilder::flatten(const std::string& name) {
  if (shape_.size() != 1) node(name, graph::Flatten{});
}

ParameterId NetworkBuilder::initial(const std::string& name, Role role, const Shape& shape,
                                    std::int64_t num_terms) {
  const double bound = 1 / std::sqrt(static_cast<double>(num_terms));
  return add_parameter(
      graph_, {.name = name, .role = role, .stored = uniform_parameter(shape, bound, seed_, name)});
}

ParameterId NetworkBuilder::constant(const std::string& name, Role role, float value) {
  Tensor stored(DType::kF32, {shape_.front()});
  for (float& element : stored.as<float>()) element = value;
  const bool is_statistic = role == Role::kMean || role == Role::kVariance;
  return add_parameter(
      graph_,
      {.name = name, .role = role, .stored = std::move(stored), .is_trainable = !is_statistic});
}

std::optional<ParameterId> NetworkBuilder::bias(const std::string& name, std::int64_t num_outputs,
                                                std::int64_t num_terms) {
  if (!model_.bias) return std::nullopt;
  return initial(name + ".bias", Role::kBias, {num_outputs}, num_terms);
}

void NetworkBuilder::linear(const std::string& name, std::int64_t num_outputs) {
  const std::int64_t n = shape_.back();
  const auto weight = initial(name + ".weight", Role::kWeight, {num_outputs, n}, n);
  node(name, graph::Linear{weight, bias(name, num_outputs, n)});
}

void NetworkBuilder::conv(const std::string& name, std::int64_t channels, const Shape& kernel,
                          const Shape& stride, const Shape& padding, std::int64_t groups) {
  if (shape_.front() % groups != 0 || channels % groups != 0) {
    throw InputError(
        fmt::format("[model] {}: groups = {} do not divide {} input and {} output "
                    "channels",
                    name, groups, shape_.front(), channels));
  }
  Shape weights = {channels, shape_.front() / groups};
  weights.insert(weights.end(), kernel.begin(), kernel.end());
  const std::int64_t n = num_elements(weights) / channels;
  const auto weight = initial(name + ".weight", Role::kWeight, weights, n);
  node(name, graph::Conv{weight, bias(name, channels, n), stride, padding, Shape(kernel.size(), 1),
                         groups});
}

void NetworkBuilder::pool(const std::string& name, graph::Op op) { node(name, std::move(op)); }

void NetworkBuilder::batch_norm(const std::string& name) {
  if (model_.batch_norm == recipe::BatchNormKind::kNone) return;
  graph::BatchNorm op;
  const std::string prefix = name + ".bn";
  if (model_.batch_norm != recipe::BatchNormKind::kNoAffine) {
    op.gain = constant(prefix + ".gain", Role::kGain, 1);
    op.shift = constant(prefix + ".shift", Role::kShift, 0);
  }
  if (model_.batch_norm != recipe::BatchNormKind::kNoStatistics) {
    op.mean = constant(prefix + ".mean", Role::kMean, 0);
    op.variance = constant(prefix + ".variance", Role::kVariance, 1);
  }
  node(prefix, op);
}

void NetworkBuilder::activation(const std::string& name) {
  NamedOp function = activation_of(model_);
  node(name + function.suffix, std::move(function.op));
}

void NetworkBuilder::dropout(const std::string& name) {
  if (model_.dropout > 0) node(name + ".dropout", graph::Dropout{model_.dropout});
}

graph::Graph NetworkBuilder::finish(const std::vector<std::string>& classes) && {
  if (classes.empty()) throw InputError("[model] the data have no classes to tell apart");
  linear("output", static_cast<std::int64_t>(classes.size()));
  graph_.output = wire_;
  graph_.head = {graph::HeadKind::kArgmax, classes};
  return std::move(graph_);
}

graph::Graph finish_with_hidden_layers(NetworkBuilder builder, const recipe::Model& model,
                                       const std::vector<std::string>& classes) {
  for (std::size_t i = 0; i < model.hidden.size(); ++i) {
    if (model.hidden[i] < 1) {
      throw InputError(fmt::format("[model] hidden layer of {} units", model.hidden[i]));
    }
    const std::string name = fmt::format("fc{}", i + 1);
    builder.linear(name, model.hidden[i]);
    builder.batch_norm(name);
    builder.activation(name);
    builder.dropout(name);
  }
  return std::move(builder).finish(classes);
}

Tensor uniform_parameter(const Shape& shape, double bound, std::uint64_t seed,
                         const std::string& name) {
  const std::uint64_t key = hash_of(name);
  const Philox random(seed, RandomStream::kInit, static_cast<std::uint32_t>(key),
                      static_cast<std::uint32_t>(key >> 32));
  Tensor tensor(DType::kF32, shape);
  const auto elements = tensor.as<float>();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    elements[i] = static_cast<float>((2 * random.uniform(i) - 1) * bound);
  }
  return tensor;
}

}  // namespace pare::rewrite
