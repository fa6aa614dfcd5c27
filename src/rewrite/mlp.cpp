#include "rewrite/mlp.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/philox.h"

namespace pare::rewrite {
namespace {

using graph::add_node;
using graph::add_parameter;
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

Tensor filled(std::int64_t size, float value) {
  Tensor tensor(DType::kF32, {size});
  for (float& element : tensor.as<float>()) element = value;
  return tensor;
}

class Builder {
 public:
  Builder(graph::Graph& graph, std::uint64_t seed) : graph_(graph), seed_(seed) {}

  graph::WireId linear(const std::string& name, graph::WireId input, std::int64_t num_inputs,
                       std::int64_t num_outputs) {
    const double bound = 1 / std::sqrt(static_cast<double>(num_inputs));
    const auto initial = [&](const std::string& parameter, Role role, const Shape& shape) {
      return add_parameter(graph_, {.name = parameter,
                                    .role = role,
                                    .stored = uniform_parameter(shape, bound, seed_, parameter)});
    };
    const auto weight = initial(name + ".weight", Role::kWeight, {num_outputs, num_inputs});
    const auto bias = initial(name + ".bias", Role::kBias, {num_outputs});
    return add_node(graph_, name, graph::Linear{weight, bias}, {input});
  }

  graph::WireId batch_norm(const std::string& name, graph::WireId input, std::int64_t size,
                           recipe::BatchNormKind kind) {
    graph::BatchNorm op;
    if (kind != recipe::BatchNormKind::kNoAffine) {
      op.gain = constant(name + ".gain", Role::kGain, size, 1);
      op.shift = constant(name + ".shift", Role::kShift, size, 0);
    }
    if (kind != recipe::BatchNormKind::kNoStatistics) {
      op.mean = constant(name + ".mean", Role::kMean, size, 0);
      op.variance = constant(name + ".variance", Role::kVariance, size, 1);
    }
    return add_node(graph_, name, op, {input});
  }

 private:
  ParameterId constant(const std::string& name, Role role, std::int64_t size, float value) {
    const bool is_statistic = role == Role::kMean || role == Role::kVariance;
    return add_parameter(
        graph_,
        {.name = name, .role = role, .stored = filled(size, value), .is_trainable = !is_statistic});
  }

  graph::Graph& graph_;
  std::uint64_t seed_;
};

void check_sizes(const recipe::Model& model, const Shape& sample_shape, std::size_t num_classes) {
  if (num_classes == 0) throw InputError("[model] the data have no classes to tell apart");
  if (num_elements(sample_shape) < 1) {
    throw InputError(
        fmt::format("[model] a sample of shape {} has no elements", to_string(sample_shape)));
  }
  for (const std::int64_t size : model.hidden) {
    if (size < 1) throw InputError(fmt::format("[model] hidden layer of {} units", size));
  }
}

}  // namespace

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

graph::Graph mlp(const recipe::Model& model, const Shape& sample_shape,
                 const std::vector<std::string>& classes, std::uint64_t seed) {
  check_sizes(model, sample_shape, classes.size());
  graph::Graph graph;
  graph.name = "mlp";
  graph::WireId wire = add_wire(graph, "input");
  graph.inputs.push_back({.wire = wire, .shape = sample_shape});
  if (sample_shape.size() != 1) wire = add_node(graph, "flatten", graph::Flatten{}, {wire});

  Builder builder(graph, seed);
  std::int64_t width = num_elements(sample_shape);
  for (std::size_t i = 0; i < model.hidden.size(); ++i) {
    const std::string name = fmt::format("fc{}", i + 1);
    wire = builder.linear(name, wire, width, model.hidden[i]);
    width = model.hidden[i];
    if (model.batch_norm != recipe::BatchNormKind::kNone) {
      wire = builder.batch_norm(name + ".bn", wire, width, model.batch_norm);
    }
    wire = add_node(graph, name + ".relu", graph::Relu{}, {wire});
    if (model.dropout > 0) {
      wire = add_node(graph, name + ".dropout", graph::Dropout{model.dropout}, {wire});
    }
  }
  graph.output = builder.linear("output", wire, width, static_cast<std::int64_t>(classes.size()));
  graph.head = {graph::HeadKind::kArgmax, classes};
  return graph;
}

}  // namespace pare::rewrite
