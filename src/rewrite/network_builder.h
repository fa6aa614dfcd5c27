#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// Builds the networks of recipes layer by layer. Each call puts nodes behind those before it.
///
/// Weights and biases are uniform in ±1 / sqrt(n), n being what an output sums (what Kaiming's rule
/// for leaky ReLUs of slope sqrt 5 comes to; He et al. 2015), from Philox stream kInit keyed by the
/// parameter's name: adding a layer does not change the others.
class NetworkBuilder {
 public:
  /// A graph of one input, a sample of `sample_shape`. Throws InputError if that has no elements.
  NetworkBuilder(std::string name, const recipe::Model& model, const Shape& sample_shape,
                 std::uint64_t seed);

  const Shape& shape() const { return shape_; }

  void reshape(const std::string& name, Shape shape);
  /// To one axis; nothing where there is one.
  void flatten(const std::string& name);

  void linear(const std::string& name, std::int64_t num_outputs);
  /// Throws InputError if the window does not fit, or groups do not divide the channels.
  void conv(const std::string& name, std::int64_t channels, const Shape& kernel,
            const Shape& stride, const Shape& padding, std::int64_t groups);
  void pool(const std::string& name, graph::Op op);

  /// NAME.bn, NAME.relu (or NAME.leaky_relu, …) and NAME.dropout, as far as the recipe has them.
  void batch_norm(const std::string& name);
  void activation(const std::string& name);
  void dropout(const std::string& name);

  /// An argmax over one linear output a class. Throws InputError if there is no class.
  graph::Graph finish(const std::vector<std::string>& classes) &&;

 private:
  void node(const std::string& name, graph::Op op);
  graph::ParameterId initial(const std::string& name, graph::Role role, const Shape& shape,
                             std::int64_t num_terms);
  std::optional<graph::ParameterId> bias(const std::string& name, std::int64_t num_outputs,
                                         std::int64_t num_terms);
  graph::ParameterId constant(const std::string& name, graph::Role role, float value);

  graph::Graph graph_;
  const recipe::Model& model_;
  std::uint64_t seed_;
  graph::WireId wire_;
  Shape shape_;  ///< of wire_
};

/// The hidden layers fc1, fc2, … of a recipe, and its output layer.
graph::Graph finish_with_hidden_layers(NetworkBuilder builder, const recipe::Model& model,
                                       const std::vector<std::string>& classes);

/// Numbers uniform in [-bound, bound), float32: those of a parameter of that name.
Tensor uniform_parameter(const Shape& shape, double bound, std::uint64_t seed,
                         const std::string& name);

}  // namespace pare::rewrite
