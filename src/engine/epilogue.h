#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/aligned.h"
#include "engine/float_lines.h"
#include "program/intervals.h"
#include "program/program.h"

namespace pare::engine {

/// An output of a requantize of sums that begin at the bits of float32 numbers (MagicLine).
struct MagicOutput {
  std::int32_t bias = 0;  ///< what sums begin with, besides the layer's own; 0: there is no line
  float multiply = 0;
  float add = 0;
  std::int32_t is_found = 1;  ///< else the two leave kMagicBits and a code as it is
};

/// A requantize of sums that are in registers, mostly those of a linear op:
///
///     y = clamp(round(multiply[i] sum + add[i]) + center, lowest, highest)
///
/// in floating point, rounded to the nearest, ties to the even one, where that is proven to give
/// the definition's codes. `center` is an even number amid the codes, so that results are near 0,
/// where floating point is finest, and those of 8 bits saturate as signed bytes. add is B / 2^e
/// less the center, and what makes this rounding the op's (floor: nearly 1/2 less).
///
/// kDouble: multiply is M / 2^e. Scaling by a power of two is exact, and so are the product and the
/// sum where all of them are integers below 2^53 in units of 2^-e / 2.
///
/// kFloat: the definition and what kernels compute are both monotone in the sum, so they agree for
/// all sums if they do on both sides of every step of the definition and at both ends: that was
/// tried, for each output, with multiply and add a little off where that was needed.
///
/// kDouble still has kFloat's constants of the outputs for which they were found, and of the others
/// those that leave codes as they are: kernels that finish one output of many samples choose for
/// each.
struct Epilogue {
  enum class Arithmetic : std::uint8_t { kFloat, kDouble };

  Arithmetic arithmetic = Arithmetic::kDouble;
  std::int32_t lowest = 0;
  std::int32_t highest = 0;
  std::int32_t center = 0;
  AlignedVector<float> multiply_f = {};  ///< one an output, with padding
  AlignedVector<float> add_f = {};
  std::vector<std::uint8_t> is_float = {};  ///< whether these two were found; set in the padding
  AlignedVector<double> multiply_d = {};
  AlignedVector<double> add_d = {};
  /// For kernels that finish many samples, of codes from 0 to 255 at most: one an output, with
  /// padding; all but a few have a line. Empty: no such codes, or too few lines.
  std::vector<MagicOutput> magic = {};
};

struct EpilogueRequest {
  const program::Program& program;
  const program::Node& node;                ///< the requantize
  std::span<const program::Interval> sums;  ///< one an output
  std::span<const std::int64_t> bias = {};  ///< one an output: what the sums still lack
  std::size_t padded_size = 0;
  /// Empty: outputs of a linear op, whose constants must be the same in each row. Else the shape of
  /// x: each of its elements is an output.
  Shape elements = {};
  bool has_fma = false;         ///< whether the kernels' float32 multiply-add rounds once
  bool is_for_batches = false;  ///< magic lines are wanted
};

/// The epilogue of a requantize; none where floating point is not
/// proven to be exact, or where rounding depends on the sign of what is rounded.
std::optional<Epilogue> make_epilogue(const EpilogueRequest& request);

}  // namespace pare::engine
