#pragma once

#include "nn/grid.h"

namespace pare::nn {

/// Adding and subtracting it rounds |x| <= 2^22 to an integer, half to even, in every instruction
/// set: the sum has no bits below 1.
inline constexpr float kRoundingBias = 0x1.8p23F;

/// A grid as the loops of the kernels want it.
struct GridLane {
  float multiply;
  float divide;
  float lowest;
  float highest;

  explicit GridLane(const Grid& grid)
      : multiply(grid.scale.multiply),
        divide(grid.scale.divide),
        lowest(graph::end_code(grid.codes.lowest)),
        highest(graph::end_code(grid.codes.highest)) {}

  /// from_code(to_code(x)) of graph/quantize.h: saturating before rounding is the same, because the
  /// ends are integers.
  [[gnu::always_inline]] float operator()(float x) const {
    const float scaled = x * multiply / divide;
    const float number = scaled == scaled ? scaled : 0.0F;
    const float above = number < lowest ? lowest : number;
    const float inside = above > highest ? highest : above;
    const float code = (inside + kRoundingBias) - kRoundingBias;
    return code * divide / multiply;
  }
};

}  // namespace pare::nn
