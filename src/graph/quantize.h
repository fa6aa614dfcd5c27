#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "graph/format.h"
#include "graph/parameter.h"

namespace pare::graph {

struct Graph;

/// The integers that a format may use, and its top code q (the code of the range s).
struct CodeRange {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  std::int64_t top = 0;

  friend bool operator==(const CodeRange&, const CodeRange&) = default;
};

/// Codes of Uniform: b = 6 signed narrow: -31 … 31, top 31; signed full: -32 … 31, top 31;
/// unsigned: 0 … 63, top 63. One bit signed is -1 … 1 with top 1 (narrow) or -1 … 0 with top 1
/// (full). Throws InputError if bits is outside 1 … 32.
CodeRange uniform_codes(int bits, bool is_signed, bool is_narrow);

/// An end of a code range as a float32. Codes of more than 24 bits are not all float32 numbers: the
/// nearest one towards zero, so that saturating to it never leaves the range.
inline float end_code(std::int64_t code) {
  const float nearest = static_cast<float>(code);
  const bool is_outside =
      std::abs(static_cast<double>(nearest)) > std::abs(static_cast<double>(code));
  return is_outside ? std::nextafter(nearest, 0.0F) : nearest;
}

/// The two float32 numbers that turn values into codes and back: code = round(x * multiply /
/// divide), value = code * divide / multiply, both in float32 and in that order. For a float step
/// they are q and s. For a power-of-two step they are 1 / step and 1, which makes both directions
/// exact. For a given step (kStep) they are 1 and the step.
struct Scale {
  float multiply = 1;
  float divide = 1;

  /// value of code 1
  float step() const { return divide / multiply; }
  friend bool operator==(const Scale&, const Scale&) = default;
};

/// The smallest range a quantizer uses: an all-zero tensor quantizes to zeros instead of dividing
/// by zero.
inline constexpr float kMinRange = 0x1p-16F;

/// Scale of a range s and a top code q. For kPow2 the step is the power of two at or above s / q
/// (`kNeverClip`, for ranges that are a maximum) or the nearest one in log2 (no ties: 2^(k + 1/2)
/// is not a fraction). A range below kMinRange, or NaN, counts as kMinRange.
enum class Pow2Choice { kNeverClip, kNearest };
Scale make_scale(float range, std::int64_t top, StepRule rule, Pow2Choice choice);

/// The choice that a quantizer makes with a power-of-two step: ranges that are a maximum
/// (kMaxAbs, kFixed) never clip; learned ones and means take the nearest step. A kStep quantizer
/// makes none.
Pow2Choice pow2_choice(RangeRule rule);

/// s of a kLogRange parameter, 2^p, rounded once to float32.
inline float range_of_log(float log2_range) {
  return static_cast<float>(std::exp2(static_cast<double>(log2_range)));
}

/// x rounded to an integer, as a float. kHalfUp sends ties to +infinity, kHalfAway away from zero.
inline float round_to(float x, Rounding rounding) {
  switch (rounding) {
    case Rounding::kHalfEven:
      return std::nearbyint(x);
    case Rounding::kHalfUp: {
      const float below = std::floor(x);
      return x - below >= 0.5F ? below + 1.0F : below;
    }
    case Rounding::kHalfAway:
      return std::round(x);
    case Rounding::kFloor:
      return std::floor(x);
    case Rounding::kCeil:
      return std::ceil(x);
    case Rounding::kTowardZero:
      return std::trunc(x);
    case Rounding::kHalfTowardZero: {
      const float below = std::floor(std::fabs(x));
      return std::copysign(std::fabs(x) - below > 0.5F ? below + 1.0F : below, x);
    }
    case Rounding::kAwayFromZero:
      return std::copysign(std::ceil(std::fabs(x)), x);
  }
  return x;
}

/// The code of one value: saturates at the ends of the range. NaN becomes the code of 0.
inline float to_code(float x, Scale scale, CodeRange codes, Rounding rounding, float zero_point) {
  const float code = round_to(x * scale.multiply / scale.divide, rounding) + zero_point;
  if (std::isnan(code)) return zero_point;
  const float lowest = end_code(codes.lowest);
  const float highest = end_code(codes.highest);
  return code < lowest ? lowest : (code > highest ? highest : code);
}

/// The code of a thresholded ternary value; NaN becomes 0. The lower end is strict: -threshold is
/// 0. Ref: docs/methods/quantization.md.
inline float ternary_code(float x, float threshold) {
  return x >= threshold ? 1.0F : (x < -threshold ? -1.0F : 0.0F);
}

/// The code of a binary value that has been divided by the step: 1 for 0, -0 and NaN.
inline float sign_code(float scaled) { return scaled < 0 ? -1.0F : 1.0F; }

/// The value of one code.
inline float from_code(float code, Scale scale, float zero_point) {
  return (code - zero_point) * scale.divide / scale.multiply;
}

/// A quantizer with its parameters looked up, ready to map values. Each list has one element for
/// the whole tensor, or one a group: n groups split the row-major elements into n equal runs (the
/// channels of axis 0, or single elements).
struct Codec {
  std::vector<Scale> scales;
  std::vector<CodeRange> codes;
  std::vector<float> zero_points;
  /// Ascending codes of a format that has gaps; empty: every integer of the range is a code.
  std::vector<float> levels;
  /// Which of two levels gets a value in the middle of them.
  enum class Ties { kLower, kHigher, kTowardZero };
  Ties ties = Ties::kLower;
  /// Of thresholded ternary codes, one or one a group; empty: the nearest code.
  std::vector<float> thresholds;
  Rounding rounding = Rounding::kHalfEven;

  std::size_t num_groups() const;
  float to_code(float x, std::size_t group) const;
  float from_code(float code, std::size_t group) const;
};

/// Looks a quantizer up for the tensor `values` that it quantizes (float32; only live rules look
/// at them). `accumulator_steps` are needed for kAccumulator alone: one or one a group.
/// Throws InternalError if they are missing, or numbers of groups do not fit each other or the
/// values: graph::check has looked at that before.
Codec make_codec(const Graph& graph, const Quantizer& quantizer, const Tensor& values,
                 std::span<const float> accumulator_steps = {});

/// Code ranges of a format: one, or one for each element of a bits parameter that broadcasts.
/// Signed digits: the symmetric range of `bits` bits. Levels: top is the largest magnitude.
std::vector<CodeRange> code_ranges(const Graph& graph, const Format& format);

/// Width in bits that the codes of `format` need; where bits broadcast, the widest.
int width_of(const Graph& graph, const Format& format);

/// Scales of a quantizer, one or one a group, for the tensor `values` that it quantizes. Throws
/// InternalError for kAccumulator (its step depends on the node: see graph/infer.h).
std::vector<Scale> scales_of(const Graph& graph, const Quantizer& quantizer, const Tensor& values);

/// Largest magnitudes of `values` (float32) in each of `num_groups` equal runs.
std::vector<float> max_abs(const Tensor& values, std::size_t num_groups);

/// The masked stored tensor, float32.
Tensor masked(const Parameter& parameter);

/// Codes of a quantized parameter (int32, stored's shape), without structure. `accumulator_steps`
/// are needed for kAccumulator alone: one or one a channel. Throws InternalError if the parameter
/// has no quantizer.
Tensor codes_of(const Graph& graph, const Parameter& parameter,
                std::span<const float> accumulator_steps = {});

/// The value that the network computes with (float32): stored -> mask -> quantizer -> structure.
Tensor value_of(const Graph& graph, const Parameter& parameter,
                std::span<const float> accumulator_steps = {});

/// A block-circulant tensor [p, q, k] written out as [p k, q k] (see BlockCirculant); a dense one
/// as it is.
Tensor expand(const Tensor& stored, const Structure& structure);

}  // namespace pare::graph
