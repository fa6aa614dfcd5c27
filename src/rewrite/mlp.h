#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// A multi-layer perceptron as a recipe asks for it: per hidden layer Linear -> BatchNorm ->
/// activation (-> Dropout), then a Linear layer with one output a class, and an argmax head.
///
/// Nodes are fc1, fc1.bn, fc1.relu, fc1.dropout, …, output; parameters fc1.weight [m, n], fc1.bias
/// [m], fc1.bn.gain|shift|mean|variance [m]. Samples of more than one axis pass through a Flatten
/// (node "flatten") first. The input's mean and scale are left empty. Initial values:
/// NetworkBuilder.
///
/// Throws InputError if there is no class, or a layer or the sample has no elements.
graph::Graph mlp(const recipe::Model& model, const Shape& sample_shape,
                 const std::vector<std::string>& classes, std::uint64_t seed);

}  // namespace pare::rewrite
