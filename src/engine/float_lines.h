#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/requantize_steps.h"

namespace pare::engine {

/// Between which codes results are clamped, and what they lack until then.
struct CodeRange {
  std::int32_t lowest = 0;
  std::int32_t highest = 0;
  std::int32_t center = 0;
};

/// What an output's sums are multiplied by, and what is added then.
struct Line {
  float multiply = 0;
  float add = 0;
};

/// A line with which float32, rounded to the nearest, gives all points of a requantize their codes:
/// the exact one or, as that often passes too near to some sum, one a little off. None if none of a
/// few does. `exact`: as float32 has it. `has_fma`: whether multiply-add rounds once.
std::optional<Line> find_line(Line exact, std::span<const Point> points, bool has_fma,
                              CodeRange codes);

/// The bits of 2^23 as float32: those and an integer from 0 to below 2^23 are the bits of 2^23 and
/// that integer.
inline constexpr std::int32_t kMagicBits = 0x4B000000;
inline constexpr std::int32_t kMagic = 1 << 23;
/// Where a float32 has no fraction, and the bits of an integer less it are its lowest ones.
inline constexpr std::int32_t kMagicResult = 3 << 22;

/// A line without conversions ("magic bias"): sums begin at kMagicBits + bias, which makes them
/// float32 all along, and results are kMagicResult and their codes, not clamped, in 16 bits.
struct MagicLine {
  std::int32_t bias = 0;
  Line line = {};
};

/// Such a line, with a multiply-add that rounds once: to an integer, as it should. None if there is
/// none for multipliers next to the exact one, or if sums are 2^23 apart or more, or 2^29 from 0.
std::optional<MagicLine> find_magic_line(Line exact, std::span<const Point> points,
                                         CodeRange codes);

/// The smallest k with low <= (step k) mod modulus <= high; none if there is none. REQUIRES: step <
/// modulus, low <= high < modulus, step modulus < 2^64.
std::optional<std::uint64_t> first_multiple(std::uint64_t step, std::uint64_t modulus,
                                            std::uint64_t low, std::uint64_t high);

}  // namespace pare::engine
