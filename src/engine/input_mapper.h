#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "engine/aligned.h"
#include "engine/view.h"
#include "lower/interface.h"

namespace pare::engine {

/// lower::InputMap, ready for vectors: the same codes, NaN included. Lists have one entry an
/// element of a sample, with padding.
struct InputMapper {
  std::size_t size = 0;  ///< elements of a sample
  bool has_affine = false;
  AlignedVector<double> mean = {};
  AlignedVector<double> scale = {};
  AlignedVector<float> multiply = {};
  AlignedVector<float> divide = {};
  float zero_point = 0;
  float lowest = 0;
  float highest = 0;

  /// One fused multiply-add, y = gain raw + offset, comes near what the definition says before it
  /// rounds, plus the zero point: no farther away than near * |y| + near_zero. Where that cannot
  /// change the rounding (nearly always) it is enough. Empty where these bounds are not known to
  /// hold.
  ///
  /// Let u = 2^-24. The definition rounds to float32 three times, only once where codes are powers
  /// of two apart: 3 (or 1) u (|y| + |zero_point|), and a little in double. Gain and offset are
  /// rounded (u |gain raw| + u |offset|) and so is the result (u |y|), and |gain raw| <= |y| +
  /// |offset|: in all 5 (or 3) u |y| + 2 u |offset| + 3 u |zero_point|, and what is smaller.
  /// Without mean, scale and zero point, with powers of two, nothing is rounded before codes are,
  /// and ties are the definition's, too; near_zero is negative then.
  AlignedVector<float> gain = {};
  AlignedVector<float> offset = {};
  float near = 0;
  float near_zero = 0;
};

/// None if the kernels do not know this map: other roundings than half_even, codes beyond 2^22.
std::optional<InputMapper> make_input_mapper(const lower::Interface& interface);

struct InputCall {
  const InputMapper& mapper;
  const float* raw;  ///< extent.lanes samples
  const View& x;     ///< of at most 32 bits
  Extent extent;
};
using InputKernel = void (*)(const InputCall&) noexcept;

}  // namespace pare::engine
