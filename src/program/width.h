#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace pare::program {

/// Integers from lowest to highest, both included.
struct Interval {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;

  bool contains(std::int64_t x) const { return lowest <= x && x <= highest; }
  bool contains(Interval other) const { return lowest <= other.lowest && other.highest <= highest; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// What products of two numbers can be. REQUIRES: they stay within 63 bits.
inline Interval product(Interval a, Interval b) {
  const auto [lowest, highest] = std::minmax(
      {a.lowest * b.lowest, a.lowest * b.highest, a.highest * b.lowest, a.highest * b.highest});
  return {lowest, highest};
}

inline constexpr int kMaxBits = 62;

/// A declared range of integers: `bits` (1 … kMaxBits) bits, two's complement if signed.
struct Width {
  int bits = 1;
  bool is_signed = true;

  /// s8: -128 … 127; u8: 0 … 255. REQUIRES: bits is possible.
  Interval range() const {
    if (!is_signed) return {0, (std::int64_t{1} << bits) - 1};
    return {-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1};
  }
  friend bool operator==(const Width&, const Width&) = default;
};

/// "s8", "u4".
std::string to_string(Width width);

/// "-3 … 17".
std::string to_string(Interval interval);

/// The narrowest width that holds an interval: unsigned where nothing is negative. Throws
/// InputError if kMaxBits do not.
Width narrowest(Interval interval);

}  // namespace pare::program
