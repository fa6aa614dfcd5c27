#pragma once

#include <cstdint>
#include <string>

#include "program/width.h"

namespace pare::emit::c {

using program::Interval;

/// One of the integer types of <stdint.h>.
struct CType {
  int bits = 8;  ///< 8, 16, 32 or 64
  bool is_signed = true;

  Interval range() const {
    if (bits == 64) return {is_signed ? INT64_MIN : 0, INT64_MAX};
    return program::Width{bits, is_signed}.range();
  }
  friend bool operator==(const CType&, const CType&) = default;
};

/// The smallest type that holds an interval, unsigned where nothing is negative.
CType smallest_type(Interval interval);

/// The smallest type that holds every number of a width, of the width's signedness.
CType storage_type(program::Width width);

/// int32_t where it holds an interval, else int64_t: what C computes with.
CType computing_type(Interval interval);

/// The smallest interval that holds both.
Interval hull_of(Interval a, Interval b);

/// "uint8_t".
std::string to_string(CType type);

/// A number as a C expression of a type, without warnings for any number the type holds.
std::string literal(std::int64_t number, CType type = {32, true});

}  // namespace pare::emit::c
