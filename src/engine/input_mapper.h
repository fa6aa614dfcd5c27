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
  /// rounds, plus the zero point: it errs by no more than 1/2 - (slack - near |y|). So a code that
  /// y is nearer to than slack - near |y| is the definition's; nearly always there is one. Empty
  /// where these bounds are not known to hold.
  ///
  /// Let u = 2^-24, g and o the gain and offset before they were rounded, e_g and e_o how far they
  /// are from those (e_g relative to g). The definition rounds to float32 r times: once after mean
  /// and scale, if there are any, and twice more unless codes are powers of two apart; y is rounded
  /// once. So y errs by no more than
  ///     e_g |g raw| + e_o + u |y| + r u |y - zero_point|,   |g raw| <= |y| + |o|,
  /// and a little in double and by what is smaller. Without mean, scale and zero point, with powers
  /// of two, nothing is rounded before codes are, and ties are the definition's, too: then any y is
  /// near enough.
  AlignedVector<float> gain = {};
  AlignedVector<float> offset = {};
  AlignedVector<float> near = {};
  AlignedVector<float> slack = {};

  /// 1 / divide, where there is neither mean nor scale nor zero point, and all codes are those of
  /// quotients made with it (has_exact_codes): that needs no bounds. Else empty, or where gain and
  /// offset do without bounds.
  AlignedVector<float> reciprocal = {};
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
