#include "engine/epilogue.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/fixed_point.h"
#include "program/broadcast.h"
#include "program/rounding.h"

namespace pare::engine {
namespace {

using program::Interval;

/// More steps of an output than that are not tried one by one.
constexpr std::size_t kMostSteps = 1024;

/// The constant's element of each output, if it has one in all or one an output.
std::optional<std::vector<std::int64_t>> by_output(const program::Constant& constant,
                                                   std::size_t num_outputs, const Shape& elements) {
  const std::vector<std::int64_t> values = program::expand(constant);
  if (!elements.empty()) {
    const program::Broadcast broadcast(constant.shape, elements);
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < num_outputs; ++i) all.push_back(values[broadcast.group_of(i)]);
    return all;
  }
  if (values.size() == 1) return std::vector<std::int64_t>(num_outputs, values.front());
  if (values.size() != num_outputs ||
      static_cast<std::size_t>(constant.shape.back()) != num_outputs) {
    return std::nullopt;
  }
  return values;
}

bool is_int32(std::int64_t x) {
  return x >= std::numeric_limits<std::int32_t>::min() &&
         x <= std::numeric_limits<std::int32_t>::max();
}

/// An even number amid the codes, so that what fits 8 bits is a signed byte less it; 0 where
/// nothing is gained.
std::int32_t center_of(Interval codes) {
  if (codes.highest - codes.lowest > 255) return 0;
  const std::int64_t middle = codes.lowest + (codes.highest - codes.lowest + 1) / 2;
  return static_cast<std::int32_t>(middle & ~std::int64_t{1});
}

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
  double largest_numerator(Interval sums, std::int32_t center) const {
    const auto magnitude = [](std::int64_t x) { return std::abs(static_cast<double>(x)); };
    return magnitude(multiplier) * std::max(magnitude(sums.lowest), magnitude(sums.highest)) +
           magnitude(addend) + std::ldexp(1.0 + std::abs(center), shift);
  }
};

struct Point {
  std::int64_t sum;
  std::int64_t code;
};

/// The first sum after `from` whose code is another. REQUIRES: there is one in sums. `guess`: about
/// where it may be, for less work.
std::int64_t next_step(const Definition& define, std::int64_t from, Interval sums,
                       std::int64_t guess) {
  const std::int64_t code = define(from);
  for (const std::int64_t step : {guess, guess + 1, guess - 1}) {
    const bool is_between = step > from && step <= sums.highest;
    if (is_between && define(step) != code && define(step - 1) == code) return step;
  }
  // Where it is without rounding, give or take a code; then by halves.
  const double codes = std::abs(std::ldexp(static_cast<double>(define.multiplier), -define.shift));
  const auto reach = static_cast<std::int64_t>(std::min(2.0 / codes + 2, 0x1p40));
  std::int64_t same = from;
  std::int64_t other = std::min(sums.highest, from + reach);
  if (define(other) == code) {
    same = other;
    other = sums.highest;
  }
  while (other - same > 1) {
    const std::int64_t middle = same + (other - same) / 2;
    (define(middle) == code ? same : other) = middle;
  }
  return other;
}

/// Both ends of the sums, and both sides of every step between them; empty if there are too many.
std::vector<Point> points_of(const Definition& define, Interval sums) {
  std::vector<Point> points = {{sums.lowest, define(sums.lowest)}};
  const std::int64_t last = define(sums.highest);
  const double apart =
      std::abs(std::ldexp(1.0, define.shift) / static_cast<double>(define.multiplier));
  const auto next = static_cast<std::int64_t>(std::min(std::nearbyint(apart), 0x1p40));
  while (points.back().code != last) {
    if (points.size() > 2 * kMostSteps) return {};
    const std::int64_t code = points.back().code;
    const std::int64_t step = next_step(define, points.back().sum, sums, points.back().sum + next);
    points.push_back({step - 1, code});
    points.push_back({step, define(step)});
  }
  points.push_back({sums.highest, last});
  return points;
}

/// What kernels compute in float32.
std::int64_t float_code(float multiply, float add, std::int64_t sum, bool has_fma,
                        const Epilogue& epilogue) {
  const auto x = static_cast<float>(sum);
  const float y = has_fma ? std::fma(multiply, x, add) : multiply * x + add;
  const double code = std::nearbyint(static_cast<double>(y));
  const auto from_center = [&](std::int32_t bound) {
    return static_cast<double>(bound) - static_cast<double>(epilogue.center);
  };
  return static_cast<std::int64_t>(
             std::clamp(code, from_center(epilogue.lowest), from_center(epilogue.highest))) +
         epilogue.center;
}

/// What makes rounding to the nearest, ties to the even one, the op's rounding: less than half of
/// 2^-e decides where integers in units of 2^-e go, and keeps them from being ties. None where that
/// depends on the sign of what is rounded.
std::optional<double> lag_of(const Definition& define, Interval codes) {
  const double tiny = define.shift == 0 ? 0 : std::ldexp(0.5, -define.shift);
  const double half = define.shift == 0 ? 0 : 0.5;
  switch (define.op.rounding) {
    case program::Rounding::kHalfEven:
      return 0;
    case program::Rounding::kHalfUp:
      return tiny;
    case program::Rounding::kFloor:
      return tiny - half;
    case program::Rounding::kCeil:
      return half - tiny;
    case program::Rounding::kHalfAway:
      // Where results of the other sign are clamped to the same code.
      if (codes.lowest >= 0) return tiny;
      if (codes.highest <= 0) return -tiny;
      return std::nullopt;
    case program::Rounding::kHalfTowardZero:
      if (codes.lowest >= 0) return -tiny;
      if (codes.highest <= 0) return tiny;
      return std::nullopt;
    case program::Rounding::kAwayFromZero:
      if (codes.lowest >= 0) return half - tiny;
      if (codes.highest <= 0) return tiny - half;
      return std::nullopt;
    case program::Rounding::kTowardZero:
      break;
  }
  if (codes.lowest >= 0) return tiny - half;
  if (codes.highest <= 0) return half - tiny;
  return std::nullopt;
}

/// What an output is multiplied by, and what is added.
struct Line {
  float multiply;
  float add;
};

/// Whether float32 gives all points their codes.
bool goes_through(Line line, std::span<const Point> points, bool has_fma,
                  const Epilogue& epilogue) {
  return std::ranges::all_of(points, [&](const Point& point) {
    return float_code(line.multiply, line.add, point.sum, has_fma, epilogue) == point.code;
  });
}

/// A multiplier, and between which addends all points have their codes if nothing is rounded.
struct Slope {
  float multiply;
  double lowest;
  double highest;

  double width() const { return highest - lowest; }
};

/// Addends more than a code from the exact one are left out: results must stay as small as they
/// are.
Slope slope_of(Line exact, float multiply, std::span<const Point> points,
               const Epilogue& epilogue) {
  Slope slope{multiply, exact.add - 1.0, exact.add + 1.0};
  for (const Point& point : points) {
    const double middle = static_cast<double>(point.code - epilogue.center) -
                          static_cast<double>(multiply) * static_cast<double>(point.sum);
    if (point.code > epilogue.lowest) slope.lowest = std::max(slope.lowest, middle - 0.5);
    if (point.code < epilogue.highest) slope.highest = std::min(slope.highest, middle + 0.5);
  }
  return slope;
}

/// The float so many floats above x.
float moved(float x, int by) {
  const float end = std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(by));
  for (int k = 0; k < std::abs(by); ++k) x = std::nextafter(x, end);
  return x;
}

/// Multipliers around the exact one, those first that leave most room to the addend.
std::vector<Slope> slopes_around(Line exact, std::span<const Point> points,
                                 const Epilogue& epilogue) {
  constexpr int kFarthest = 16;
  std::vector<Slope> slopes;
  for (int k = -kFarthest; k <= kFarthest; ++k) {
    slopes.push_back(slope_of(exact, moved(exact.multiply, k), points, epilogue));
  }
  std::ranges::stable_sort(slopes, std::greater(), &Slope::width);
  return slopes;
}

/// A line that float32 does not lead astray: the exact one often passes too near to some sum.
std::optional<Line> find_line(Line exact, std::span<const Point> points, bool has_fma,
                              const Epilogue& epilogue) {
  constexpr std::size_t kMostSlopes = 6;
  constexpr int kAddends[] = {0, 1, -1, 2, -2};
  const std::vector<Slope> slopes = slopes_around(exact, points, epilogue);
  for (const Slope& slope : std::span(slopes).first(kMostSlopes)) {
    if (!(slope.width() > 0)) break;
    const auto middle = static_cast<float>(slope.lowest + slope.width() / 2);
    for (const int by : kAddends) {
      const Line line{slope.multiply, moved(middle, by)};
      if (goes_through(line, points, has_fma, epilogue)) return line;
    }
  }
  return std::nullopt;
}

/// multiply_f and add_f of an output for which float32 gives the definition's codes.
bool find_float(const Definition& define, double lag, Interval sums, bool has_fma, std::size_t i,
                Epilogue& epilogue) {
  const int exponent = -define.shift;
  const double largest = std::ldexp(define.largest_numerator(sums, epilogue.center), exponent);
  // Bounds with room for their own rounding.
  if (largest >= 0x1p30 || !is_int32(sums.lowest) || !is_int32(sums.highest)) return false;
  const std::vector<Point> points = points_of(define, sums);
  if (points.empty()) return false;
  const Line exact{static_cast<float>(std::ldexp(static_cast<double>(define.multiplier), exponent)),
                   static_cast<float>(std::ldexp(static_cast<double>(define.addend), exponent) -
                                      epilogue.center + lag)};
  const std::optional<Line> line = goes_through(exact, points, has_fma, epilogue)
                                       ? exact
                                       : find_line(exact, points, has_fma, epilogue);
  if (!line) return false;
  epilogue.multiply_f[i] = line->multiply;
  epilogue.add_f[i] = line->add;
  return true;
}

bool find_double(const Definition& define, double lag, Interval sums, std::size_t i,
                 Epilogue& epilogue) {
  const double largest = define.largest_numerator(sums, epilogue.center);
  if (largest >= 0x1p52 || std::ldexp(largest, -define.shift) >= 0x1p30) return false;
  epilogue.multiply_d[i] = std::ldexp(static_cast<double>(define.multiplier), -define.shift);
  epilogue.add_d[i] =
      std::ldexp(static_cast<double>(define.addend), -define.shift) - epilogue.center + lag;
  return true;
}

}  // namespace

std::optional<Epilogue> make_epilogue(const EpilogueRequest& request) {
  const program::Program& program = request.program;
  const auto& op = std::get<program::Requantize>(request.node.op);
  // Codes that y does not hold are never reached.
  Interval codes{op.lowest, op.highest};
  if (!request.node.outputs.empty()) {
    const Interval held = program.buffer(request.node.outputs[0]).width.range();
    codes = {std::max(codes.lowest, held.lowest), std::min(codes.highest, held.highest)};
  }
  const std::size_t size = request.sums.size();
  const auto multiplier = by_output(program.constant(op.multiplier), size, request.elements);
  const auto addend = by_output(program.constant(op.addend), size, request.elements);
  const auto shift = by_output(program.constant(op.shift), size, request.elements);
  if (!multiplier || !addend || !shift || !is_int32(codes.lowest) || !is_int32(codes.highest)) {
    return std::nullopt;
  }
  std::vector<Definition> definitions;
  std::vector<double> lags;
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t bias = request.bias.empty() ? 0 : request.bias[i];
    if (bias != 0 && (!is_int32(bias) || std::abs((*addend)[i]) >= std::int64_t{1} << 62)) {
      return std::nullopt;
    }
    definitions.push_back({(*multiplier)[i], (*addend)[i] + (*multiplier)[i] * bias,
                           static_cast<int>((*shift)[i]), op});
    const std::optional<double> lag = lag_of(definitions.back(), codes);
    if (!lag) return std::nullopt;
    lags.push_back(*lag);
  }
  Epilogue made{.arithmetic = Epilogue::Arithmetic::kFloat,
                .lowest = static_cast<std::int32_t>(codes.lowest),
                .highest = static_cast<std::int32_t>(codes.highest),
                .center = center_of(codes)};
  made.multiply_f.resize(request.padded_size);
  made.add_f.resize(request.padded_size);
  made.is_float.resize(request.padded_size, 1);
  // Elements of a channel have much in common.
  const auto is_as_before = [&](std::size_t i) {
    return i > 0 && definitions[i] == definitions[i - 1] && request.sums[i] == request.sums[i - 1];
  };
  for (std::size_t i = 0; i < size; ++i) {
    if (is_as_before(i)) {
      made.multiply_f[i] = made.multiply_f[i - 1];
      made.add_f[i] = made.add_f[i - 1];
      made.is_float[i] = made.is_float[i - 1];
    } else {
      made.is_float[i] =
          find_float(definitions[i], lags[i], request.sums[i], request.has_fma, i, made) ? 1 : 0;
    }
  }
  if (std::ranges::find(made.is_float, 0) == made.is_float.end()) return made;
  made.arithmetic = Epilogue::Arithmetic::kDouble;
  made.multiply_d.resize(request.padded_size);
  made.add_d.resize(request.padded_size);
  for (std::size_t i = 0; i < size; ++i) {
    if (!find_double(definitions[i], lags[i], request.sums[i], i, made)) return std::nullopt;
    if (made.is_float[i] == 0) made.multiply_f[i] = 1;
  }
  return made;
}

}  // namespace pare::engine
