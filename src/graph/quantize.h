#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "base/tensor.h"
#include "graph/format.h"

namespace pare::graph {

struct Graph;
struct Parameter;

/// The integers that a format may use, and its top code q (the code of the range s).
struct CodeRange {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  std::int64_t top = 0;

  friend bool operator==(const CodeRange&, const CodeRange&) = default;
};

/// Codes of Uniform: b = 6 signed narrow: -31 … 31, top 31; signed full: -32 … 31, top 31; unsigned:
/// 0 … 63, top 63. One bit signed is -1 … 1 with top 1 (narrow) or -1 … 0 with top 1 (full).
/// Throws InputError if bits is outside 1 … 32.
CodeRange uniform_codes(int bits, bool is_signed, bool is_narrow);

/// The two float32 numbers that turn values into codes and back: code = round(x * multiply /
/// divide), value = code * divide / multiply, both in float32 and in that order. For a float step
/// they are q and s. For a power-of-two step they are 1 / step and 1, which makes both directions
/// exact.
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
/// (`never_clip`, for ranges that are a maximum) or the nearest one in log2, ties to even.
/// A range below kMinRange counts as kMinRange.
enum class Pow2Choice { kNeverClip, kNearest };
Scale make_scale(float range, std::int64_t top, StepRule rule, Pow2Choice choice);

/// x rounded to an integer, as a float.
float round_to(float x, Rounding rounding);

/// The code of one value: saturates at the ends of the range. NaN becomes the code of 0.
inline float to_code(float x, Scale scale, CodeRange codes, Rounding rounding, float zero_point) {
  const float code = round_to(x * scale.multiply / scale.divide, rounding) + zero_point;
  if (!(code >= static_cast<float>(codes.lowest))) {
    return std::isnan(code) ? zero_point : static_cast<float>(codes.lowest);
  }
  return code <= static_cast<float>(codes.highest) ? code : static_cast<float>(codes.highest);
}

/// The value of one code.
inline float from_code(float code, Scale scale, float zero_point) {
  return (code - zero_point) * scale.divide / scale.multiply;
}

/// Width in bits that the codes of `format` need; where bits broadcast, the widest.
int width_of(const Graph& graph, const Format& format);

/// Scales of a quantizer, one or one a channel, for the tensor `values` that it quantizes (only
/// kMaxAbs looks at the values). Throws InternalError for kAccumulator (its step depends on the
/// node: see graph/infer.h).
std::vector<Scale> scales_of(const Graph& graph, const Quantizer& quantizer, const Tensor& values);

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

}  // namespace pare::graph
