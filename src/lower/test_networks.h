#pragma once

// Random networks for tests of what reads graphs.

#include <cmath>
#include <cstdint>

#include "graph/check.h"
#include "graph/graph.h"
#include "program/random_inputs.h"
#include "recipe/recipe.h"
#include "rewrite/cnn.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::lower {

/// Makes running statistics, gains and biases what training could have made them.
inline void scramble(graph::Graph& graph, std::uint64_t seed) {
  program::RandomNumbers random(seed);
  for (graph::Parameter& parameter : graph.parameters) {
    using enum graph::Role;
    const bool is_statistic = parameter.role == kMean || parameter.role == kVariance ||
                              parameter.role == kGain || parameter.role == kShift ||
                              parameter.role == kBias;
    if (!is_statistic) continue;
    for (float& x : parameter.stored.as<float>()) {
      x = static_cast<float>(random.in(-512, 512)) / 512;
      if (parameter.role == kVariance) x = std::abs(x) + 0.01F;
    }
  }
}

/// A small CNN over one to three spatial axes, quantized, half of them pruned.
inline graph::Graph random_cnn(std::uint64_t seed, recipe::BatchNormKind batch_norm,
                               recipe::Quantize options) {
  program::RandomNumbers random(seed);
  recipe::Model model{.kind = recipe::ModelKind::kCnn};
  model.batch_norm = batch_norm;
  model.hidden = {};
  if (random.one_in(3)) model.activation = recipe::Activation::kLeakyRelu;
  model.negative_slope = random.one_in(2) ? 0.25 : -0.5;
  model.global_average_pool = random.one_in(3);
  const auto rank = static_cast<std::size_t>(random.in(1, 3));
  model.spatial_axes = static_cast<int>(rank);
  Shape sample = {2 * random.in(1, 2)};
  for (std::size_t i = 0; i < rank; ++i) sample.push_back(random.in(4, rank == 3 ? 4 : 7));
  for (std::int64_t layers = random.in(1, 2); layers > 0; --layers) {
    recipe::Convolution& layer = model.convolutions.emplace_back();
    layer.channels = 2 * random.in(1, 3);
    layer.kernel = Shape(rank, random.in(1, 3));
    layer.stride = {random.in(1, 2)};
    layer.groups = random.in(1, 2);
    layer.pool = static_cast<recipe::Pool>(random.in(0, 2));
    layer.pool_size = {model.convolutions.size() == 1 ? 2 : 1};
  }
  graph::Graph graph = rewrite::cnn(model, sample, {"a", "b", "c"}, seed);
  scramble(graph, seed);
  options.weight_bits = static_cast<int>(random.in(2, 8));
  options.activation_bits = static_cast<int>(random.in(2, 8));
  options.input_bits = static_cast<int>(random.in(2, 12));
  graph = rewrite::quantize(graph, options, 8);
  if (random.one_in(2)) graph = rewrite::prune(graph, {.sparsity = 0.5});
  check(graph);
  return graph;
}

}  // namespace pare::lower
