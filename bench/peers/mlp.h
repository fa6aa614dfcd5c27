#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace pare::bench {

/// y = W x + b, and a ReLU behind it or none, in float32.
struct DenseLayer {
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::vector<float> weight = {};  ///< [outputs, inputs]
  std::vector<float> bias = {};    ///< [outputs]
  bool has_relu = false;
};

/// A multi-layer perceptron as other programs take it: batch norm folded, nothing quantized.
struct Mlp {
  std::vector<DenseLayer> layers;

  std::int64_t inputs() const { return layers.front().inputs; }
  std::int64_t outputs() const { return layers.back().outputs; }
};

/// The network of a float graph, batch norm folded into the layers (in double, rounded once), a
/// softmax at the end left out. Throws InputError naming the node if it is not a chain of linear,
/// batch norm, ReLU and dropout.
Mlp fold_mlp(const graph::Graph& graph);

/// Largest magnitudes of what enters each layer over these samples (row-major).
std::vector<float> calibrate(const Mlp& mlp, std::span<const float> samples);

}  // namespace pare::bench
