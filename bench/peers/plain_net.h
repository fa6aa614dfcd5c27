#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "graph/graph.h"

namespace pare::bench {

/// y = W x + b, or W convolved with x, + b, and a ReLU behind it or none, in float32.
struct WeightLayer {
  Shape shape = {};                ///< of the weight: [outputs, inputs, window …]
  std::vector<float> weight = {};  ///< row-major
  std::vector<float> bias = {};    ///< [outputs]
  bool has_relu = false;
  std::vector<std::int64_t> stride = {};   ///< of a convolution, as in ONNX
  std::vector<std::int64_t> padding = {};  ///< all beginnings, then all ends
  std::vector<std::int64_t> dilation = {};
  std::int64_t groups = 1;

  bool is_conv() const { return shape.size() > 2; }
};

struct MaxPoolLayer {
  std::vector<std::int64_t> size;
  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> padding;
};

/// [C, H, W] in one axis.
struct FlattenLayer {};

/// The same numbers under another shape of a sample.
struct ReshapeLayer {
  Shape shape;
};

using PlainLayer = std::variant<WeightLayer, MaxPoolLayer, FlattenLayer, ReshapeLayer>;

/// A chain of layers as other programs take it: batch norm folded, nothing quantized.
struct PlainNet {
  Shape input;   ///< of a sample
  Shape output;  ///< of a sample
  std::vector<PlainLayer> layers;
  /// By layer: the wire of the graph that enters it.
  std::vector<std::string> entering;

  std::int64_t inputs() const { return num_elements(input); }
  std::int64_t outputs() const { return num_elements(output); }
};

/// The network of a float graph, batch norm folded into the layers (in double, rounded once), a
/// softmax at the end left out. Throws InputError naming the node if it is not a chain of linear,
/// convolution, batch norm, ReLU, 2-D max-pooling, flatten, reshape and dropout.
PlainNet plain_net(const graph::Graph& graph);

/// Largest magnitudes of what enters each layer over these samples (row-major), by the graph.
std::vector<float> calibrate(const graph::Graph& graph, const PlainNet& net,
                             std::span<const float> samples);

}  // namespace pare::bench
