#include "program/width.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::program {

std::string to_string(Width width) {
  return fmt::format("{}{}", width.is_signed ? 's' : 'u', width.bits);
}

std::string to_string(Interval interval) {
  return fmt::format("{} … {}", interval.lowest, interval.highest);
}

Width narrowest(Interval interval) {
  const bool is_signed = interval.lowest < 0;
  // -2^n needs n bits and a sign, as 2^n - 1 does.
  const std::int64_t magnitude =
      is_signed ? std::max(-1 - interval.lowest, interval.highest) : interval.highest;
  const int bits = static_cast<int>(std::bit_width(
                       static_cast<std::uint64_t>(std::max<std::int64_t>(magnitude, 0)))) +
                   (is_signed ? 1 : 0);
  if (bits > kMaxBits) {
    throw InputError(fmt::format("values {} need {} bits, at most {} are possible",
                                 to_string(interval), bits, kMaxBits));
  }
  return {std::max(bits, 1), is_signed};
}

}  // namespace pare::program
