#include "emit/c/c_type.h"

#include <algorithm>

#include <fmt/format.h>

namespace pare::emit::c {

CType smallest_type(Interval interval) {
  const bool is_signed = interval.lowest < 0;
  for (const int bits : {8, 16, 32}) {
    const CType type{bits, is_signed};
    if (type.range().contains(interval)) return type;
  }
  return {64, is_signed};
}

CType storage_type(program::Width width) {
  for (const int bits : {8, 16, 32}) {
    if (width.bits <= bits) return {bits, width.is_signed};
  }
  return {64, width.is_signed};
}

CType computing_type(Interval interval) {
  const CType type{32, true};
  return type.range().contains(interval) ? type : CType{64, true};
}

Interval hull_of(Interval a, Interval b) {
  return {std::min(a.lowest, b.lowest), std::max(a.highest, b.highest)};
}

std::string to_string(CType type) {
  return fmt::format("{}int{}_t", type.is_signed ? "" : "u", type.bits);
}

std::string literal(std::int64_t number, CType type) {
  // The lowest number of a type is no literal: C reads a minus and a number that does not fit.
  if (type.bits == 64 || !CType{32, true}.range().contains(number)) {
    if (number == INT64_MIN) return "(-INT64_C(9223372036854775807) - 1)";
    return number < 0 ? fmt::format("(-INT64_C({}))", -number) : fmt::format("INT64_C({})", number);
  }
  if (number == INT32_MIN) return "(-INT32_C(2147483647) - 1)";
  const bool fits_int = number >= -32767 && number <= 32767;  // int may have 16 bits
  if (fits_int) return number < 0 ? fmt::format("({})", number) : fmt::format("{}", number);
  return number < 0 ? fmt::format("(-INT32_C({}))", -number) : fmt::format("INT32_C({})", number);
}

}  // namespace pare::emit::c
