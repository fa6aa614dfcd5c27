#pragma once

#include <cstddef>
#include <cstdint>

#include "program/width.h"

namespace pare::engine {

/// How the integers of a buffer are stored: the narrowest type that holds its width.
enum class Element : std::uint8_t { kU8, kI8, kI16, kI32, kI64 };

/// u1 … u8: u8; s1 … s8: i8; up to s16: i16; up to s32: i32; the rest: i64.
constexpr Element element_for(program::Width width) {
  const int bits = width.bits + (width.is_signed ? 0 : 1);
  if (!width.is_signed && width.bits <= 8) return Element::kU8;
  if (bits <= 8) return Element::kI8;
  if (bits <= 16) return Element::kI16;
  if (bits <= 32) return Element::kI32;
  return Element::kI64;
}

/// The narrowest type that holds an interval, unsigned where nothing is negative.
inline Element element_for(program::Interval interval) {
  return element_for(program::narrowest(interval));
}

constexpr std::size_t size_of(Element element) {
  switch (element) {
    case Element::kU8:
    case Element::kI8:
      return 1;
    case Element::kI16:
      return 2;
    case Element::kI32:
      return 4;
    case Element::kI64:
      break;
  }
  return 8;
}

/// Calls `f` with a value of the C++ type, and returns what it returns.
template <class F>
constexpr decltype(auto) with_type(Element element, F&& f) {
  switch (element) {
    case Element::kU8:
      return f(std::uint8_t{});
    case Element::kI8:
      return f(std::int8_t{});
    case Element::kI16:
      return f(std::int16_t{});
    case Element::kI32:
      return f(std::int32_t{});
    case Element::kI64:
      break;
  }
  return f(std::int64_t{});
}

}  // namespace pare::engine
