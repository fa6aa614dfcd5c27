#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// A multi-layer perceptron as a recipe asks for it: per hidden layer Linear -> BatchNorm -> ReLU
/// (-> Dropout), then a Linear layer with one output a class, and an argmax head.
///
/// Nodes are fc1, fc1.bn, fc1.relu, fc1.dropout, …, output; parameters fc1.weight [m, n], fc1.bias
/// [m], fc1.bn.gain|shift|mean|variance [m]. Samples of more than one axis pass through a Flatten
/// (node "flatten") first. The input's mean and scale are left empty.
///
/// Weights and biases are uniform in ±1 / sqrt(n) (what Kaiming's rule for leaky ReLUs of slope
/// sqrt 5 comes to; He et al. 2015), from Philox stream kInit keyed by the parameter's name: adding
/// a layer does not change the others.
///
/// Throws InputError if there is no class, or a layer or the sample has no elements.
graph::Graph mlp(const recipe::Model& model, const Shape& sample_shape,
                 const std::vector<std::string>& classes, std::uint64_t seed);

/// Numbers uniform in [-bound, bound), float32, those that `mlp` gives a parameter of that name.
Tensor uniform_parameter(const Shape& shape, double bound, std::uint64_t seed,
                         const std::string& name);

}  // namespace pare::rewrite
