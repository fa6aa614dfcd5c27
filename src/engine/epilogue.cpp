#include "engine/epilogue.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pare::engine {
namespace {

/// The constant's element of each output, if it has one in all or one an output.
std::optional<std::vector<std::int64_t>> by_output(const program::Constant& constant,
                                                   std::size_t num_outputs) {
  const std::vector<std::int64_t> values = program::expand(constant);
  if (values.size() == 1) return std::vector<std::int64_t>(num_outputs, values.front());
  if (values.size() != num_outputs ||
      static_cast<std::size_t>(constant.shape.back()) != num_outputs) {
    return std::nullopt;
  }
  return values;
}

Epilogue::Mode mode_of(program::Rounding rounding) {
  switch (rounding) {
    case program::Rounding::kHalfEven:
      return Epilogue::Mode::kNearestEven;
    case program::Rounding::kHalfUp:
    case program::Rounding::kFloor:
      return Epilogue::Mode::kFloor;
    case program::Rounding::kHalfAway:
      return Epilogue::Mode::kHalfAway;
    case program::Rounding::kCeil:
      return Epilogue::Mode::kCeil;
    case program::Rounding::kTowardZero:
      break;
  }
  return Epilogue::Mode::kTruncate;
}

bool is_int32(std::int64_t x) {
  return x >= std::numeric_limits<std::int32_t>::min() &&
         x <= std::numeric_limits<std::int32_t>::max();
}

/// The largest magnitude that multiplier * sum + addend, and half a step more, can have.
double largest_numerator(program::Interval sum, std::int64_t multiplier, std::int64_t addend,
                         std::int64_t shift) {
  const auto magnitude = [](std::int64_t x) { return std::abs(static_cast<double>(x)); };
  return magnitude(multiplier) * std::max(magnitude(sum.lowest), magnitude(sum.highest)) +
         magnitude(addend) + std::ldexp(1, static_cast<int>(shift));
}

}  // namespace

std::optional<Epilogue> make_epilogue(const program::Program& program, const program::Node& node,
                                      std::span<const program::Interval> sums,
                                      std::size_t padded_size) {
  const auto& op = std::get<program::Requantize>(node.op);
  const auto multiplier = by_output(program.constant(op.multiplier), sums.size());
  const auto addend = by_output(program.constant(op.addend), sums.size());
  const auto shift = by_output(program.constant(op.shift), sums.size());
  if (!multiplier || !addend || !shift || !is_int32(op.lowest) || !is_int32(op.highest)) {
    return std::nullopt;
  }
  Epilogue made{.mode = mode_of(op.rounding),
                .lowest = static_cast<std::int32_t>(op.lowest),
                .highest = static_cast<std::int32_t>(op.highest)};
  // Kernels know float32 with one rounding alone.
  bool is_float = made.mode == Epilogue::Mode::kNearestEven;
  made.multiply_d.resize(padded_size);
  made.add_d.resize(padded_size);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double largest = largest_numerator(sums[i], (*multiplier)[i], (*addend)[i], (*shift)[i]);
    // Bounds with room for their own rounding.
    if (largest >= 0x1p52 || std::ldexp(largest, -static_cast<int>((*shift)[i])) >= 0x1p30) {
      return std::nullopt;
    }
    const auto sum_size = std::max(std::abs(sums[i].lowest), std::abs(sums[i].highest));
    is_float = is_float && largest < 0x1p23 && sum_size < (1 << 24);
    const double half = op.rounding == program::Rounding::kHalfUp ? 0.5 : 0.0;
    const int exponent = -static_cast<int>((*shift)[i]);
    made.multiply_d[i] = std::ldexp(static_cast<double>((*multiplier)[i]), exponent);
    made.add_d[i] = std::ldexp(static_cast<double>((*addend)[i]), exponent) + half;
  }
  made.arithmetic = Epilogue::Arithmetic::kDouble;
  if (is_float) {
    made.arithmetic = Epilogue::Arithmetic::kFloat;
    made.multiply_f.assign(made.multiply_d.begin(), made.multiply_d.end());
    made.add_f.assign(made.add_d.begin(), made.add_d.end());
    made.multiply_d = {};
    made.add_d = {};
  }
  return made;
}

}  // namespace pare::engine
