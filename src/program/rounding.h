#pragma once

#include "base/fixed_point.h"
#include "graph/format.h"

namespace pare::program {

/// The mode as base/fixed_point.h has it.
inline pare_rounding to_fixed_point(graph::Rounding rounding) {
  switch (rounding) {
    case graph::Rounding::kHalfEven:
      return PARE_HALF_EVEN;
    case graph::Rounding::kHalfUp:
      return PARE_HALF_UP;
    case graph::Rounding::kHalfAway:
      return PARE_HALF_AWAY;
    case graph::Rounding::kFloor:
      return PARE_FLOOR;
    case graph::Rounding::kCeil:
      return PARE_CEIL;
    case graph::Rounding::kTowardZero:
      return PARE_TOWARD_ZERO;
    case graph::Rounding::kHalfTowardZero:
      return PARE_HALF_TOWARD_ZERO;
    case graph::Rounding::kAwayFromZero:
      return PARE_AWAY_FROM_ZERO;
  }
  return PARE_HALF_EVEN;
}

}  // namespace pare::program
