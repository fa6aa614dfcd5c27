#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/fixed_point.h"
#include "program/intervals.h"
#include "program/program.h"
#include "program/rounding.h"

namespace pare::engine {

/// The requantize of one output.
struct Definition {
  std::int64_t multiplier = 0;
  std::int64_t addend = 0;  ///< of sums without bias
  int shift = 0;
  program::Requantize op;

  friend bool operator==(const Definition&, const Definition&) = default;

  std::int64_t operator()(std::int64_t sum) const {
    return pare_requantize(sum, multiplier, addend, shift, program::to_fixed_point(op.rounding),
                           op.lowest, op.highest);
  }

  /// The largest magnitude of the numerator, a step more, and `center` steps.
  double largest_numerator(program::Interval sums, std::int32_t center) const {
    const auto magnitude = [](std::int64_t x) { return std::abs(static_cast<double>(x)); };
    return magnitude(multiplier) * std::max(magnitude(sums.lowest), magnitude(sums.highest)) +
           magnitude(addend) + std::ldexp(1.0 + std::abs(center), shift);
  }
};

struct Point {
  std::int64_t sum;
  std::int64_t code;
};

/// Both ends of the sums, and both sides of every step between them, in their order; empty if there
/// are too many. What else is monotone and gives these their codes gives all others theirs.
std::vector<Point> points_of(const Definition& define, program::Interval sums);

}  // namespace pare::engine
