#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// A convolutional network as a recipe asks for it: per convolution Conv -> BatchNorm -> activation
/// (-> pooling), a global average pooling if wanted, then the layers of an mlp.
///
/// Nodes are conv1, conv1.bn, conv1.relu, conv1.pool, …, pool (global), flatten, fc1, …, output;
/// parameters conv1.weight [m, channels / groups, kernel …] and as in mlp.
///
/// Samples are [channels, spatial …]; those with as many axes as there are spatial ones (grey
/// images) get a channel axis of one in front (node "channels"). The number of spatial axes is
/// model.spatial_axes; where that is 0, the length of the longest list of a convolution; where all
/// have one number, the sample's axes less one, and two for samples of two axes.
///
/// Throws InputError naming the layer if windows do not fit, or lists have other lengths.
graph::Graph cnn(const recipe::Model& model, const Shape& sample_shape,
                 const std::vector<std::string>& classes, std::uint64_t seed);

/// The network of a recipe's [model].
graph::Graph network(const recipe::Model& model, const Shape& sample_shape,
                     const std::vector<std::string>& classes, std::uint64_t seed);

}  // namespace pare::rewrite
