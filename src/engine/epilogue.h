#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/aligned.h"
#include "program/intervals.h"
#include "program/program.h"

namespace pare::engine {

/// A requantize that follows a linear op while the sums are still in registers:
///
///     y = clamp(round(multiply[i] sum + add[i]), lowest, highest)
///
/// in floating point, where that is proven to be exact: multiply is M / 2^e, add is B / 2^e (plus
/// 1/2 for half_up, which then is floor). Scaling by a power of two is exact, and so are the
/// product and the sum where all of them are integers below 2^53 in units of 2^-e (2^24 for
/// float32).
struct Epilogue {
  enum class Arithmetic : std::uint8_t { kNone, kFloat, kDouble };
  enum class Mode : std::uint8_t { kNearestEven, kFloor, kCeil, kTruncate, kHalfAway };

  Arithmetic arithmetic = Arithmetic::kNone;
  Mode mode = Mode::kNearestEven;
  std::int32_t lowest = 0;
  std::int32_t highest = 0;
  AlignedVector<float> multiply_f = {};  ///< one an output, with padding
  AlignedVector<float> add_f = {};
  AlignedVector<double> multiply_d = {};
  AlignedVector<double> add_d = {};
};

/// The epilogue of a requantize whose constants do not depend on the row, for sums of `sums` (one
/// an output) that has `padded_size` outputs; none where floating point is not proven to be exact.
std::optional<Epilogue> make_epilogue(const program::Program& program, const program::Node& node,
                                      std::span<const program::Interval> sums,
                                      std::size_t padded_size);

}  // namespace pare::engine
