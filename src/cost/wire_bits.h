#pragma once

#include <vector>

#include "graph/graph.h"

namespace pare::cost {

/// Width of real numbers (float32).
inline constexpr int kFloatBits = 32;

/// How wide the values of a wire are.
struct WireBits {
  int bits = kFloatBits;
  /// Whether the wire carries the network's input, quantized or not: no layer has seen it yet.
  bool is_input = false;

  friend bool operator==(const WireBits&, const WireBits&) = default;
};

/// Widths of all wires, by WireId. A Quantize gives its format's width; ReLU, dropout, max pooling,
/// flatten, reshape and transpose keep the width; concat has that of its widest part; add one bit
/// more than its wider operand. What a linear layer, batch norm or softmax writes is real until it
/// is quantized: 32 bits.
std::vector<WireBits> wire_bits(const graph::Graph& graph);

}  // namespace pare::cost
