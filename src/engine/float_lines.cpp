#include "engine/float_lines.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace pare::engine {
namespace {

/// Multipliers that are tried, those first that leave most room to the addend.
constexpr std::size_t kMostSlopes = 6;

/// So that kMagicBits and a bias fit 32 bits.
constexpr std::int64_t kFarthestSum = 1 << 29;

/// The code of a result.
std::int64_t code_of(float result, CodeRange codes) {
  const auto from_center = [&](std::int32_t bound) {
    return static_cast<double>(bound) - static_cast<double>(codes.center);
  };
  return static_cast<std::int64_t>(std::clamp(std::nearbyint(static_cast<double>(result)),
                                              from_center(codes.lowest),
                                              from_center(codes.highest))) +
         codes.center;
}

/// Whether float32 gives all points their codes.
bool goes_through(Line line, std::span<const Point> points, bool has_fma, CodeRange codes) {
  return std::ranges::all_of(points, [&](const Point& point) {
    const auto x = static_cast<float>(point.sum);
    const float y = has_fma ? std::fma(line.multiply, x, line.add) : line.multiply * x + line.add;
    return code_of(y, codes) == point.code;
  });
}

bool goes_through(const MagicLine& magic, std::span<const Point> points, CodeRange codes) {
  return std::ranges::all_of(points, [&](const Point& point) {
    const auto x = static_cast<float>(kMagic + magic.bias + point.sum);
    const float y = std::fma(magic.line.multiply, x, magic.line.add) - kMagicResult;
    return y >= -0x1p15F && y < 0x1p15F && code_of(y, codes) == point.code;
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
Slope slope_of(Line exact, float multiply, std::span<const Point> points, CodeRange codes) {
  Slope slope{multiply, exact.add - 1.0, exact.add + 1.0};
  for (const Point& point : points) {
    const double middle = static_cast<double>(point.code - codes.center) -
                          static_cast<double>(multiply) * static_cast<double>(point.sum);
    if (point.code > codes.lowest) slope.lowest = std::max(slope.lowest, middle - 0.5);
    if (point.code < codes.highest) slope.highest = std::min(slope.highest, middle + 0.5);
  }
  return slope;
}

/// The float so many floats above x.
float moved(float x, int by) {
  const float end = std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(by));
  for (int k = 0; k < std::abs(by); ++k) x = std::nextafter(x, end);
  return x;
}

/// Multipliers around the exact one.
std::vector<Slope> slopes_around(Line exact, std::span<const Point> points, CodeRange codes) {
  constexpr int kFarthest = 16;
  std::vector<Slope> slopes;
  for (int k = -kFarthest; k <= kFarthest; ++k) {
    slopes.push_back(slope_of(exact, moved(exact.multiply, k), points, codes));
  }
  std::ranges::stable_sort(slopes, std::greater(), &Slope::width);
  slopes.resize(kMostSlopes);
  return slopes;
}

/// A magic line of a slope. Its addend has to be an integer, near kMagicResult as it is; what is
/// left of the slope's addend comes from the multiplier times the bias. With q the unit of the
/// multiplier's last bit, all products are multiples of it: which one has the right fraction is
/// asked modulo 1 / q.
std::optional<MagicLine> magic_line_along(const Slope& slope, std::span<const Point> points) {
  constexpr int kMostBits = 40;
  const auto multiply = static_cast<double>(slope.multiply);
  if (!std::isnormal(slope.multiply)) return std::nullopt;
  const int bits = 23 - std::ilogb(multiply);
  if (bits < 0 || bits > kMostBits || std::abs(slope.lowest) >= 0x1p20) return std::nullopt;
  const std::uint64_t modulus = std::uint64_t{1} << bits;
  const auto in_units = [&](double x) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::ldexp(x, bits))) &
           (modulus - 1);
  };
  // A little less than all that it may be: ties are on the edges.
  const double edge = slope.width() / 16;
  const double num_fitting = std::floor(std::ldexp(slope.width() - 2 * edge, bits)) - 1;
  if (num_fitting < 0) return std::nullopt;
  const std::int64_t smallest = -points.front().sum;
  const double product = multiply * static_cast<double>(kMagic + smallest);
  const std::uint64_t low = (in_units(slope.lowest + edge) + 1 - in_units(product)) & (modulus - 1);
  const auto high = static_cast<double>(low) + num_fitting;
  std::optional<std::uint64_t> steps = 0;  // what reaches around the end has a 0 in it
  if (high < static_cast<double>(modulus)) {
    steps = first_multiple(in_units(multiply), modulus, low, static_cast<std::uint64_t>(high));
  }
  const auto num_biases = static_cast<std::uint64_t>(kMagic - points.back().sum - smallest);
  if (!steps || *steps >= num_biases) return std::nullopt;
  const std::int64_t bias = smallest + static_cast<std::int64_t>(*steps);
  const double integer =
      std::ceil(slope.lowest - multiply * static_cast<double>(kMagic + bias)) + kMagicResult;
  if (std::abs(integer) > 0x1p24) return std::nullopt;
  return MagicLine{static_cast<std::int32_t>(bias), {slope.multiply, static_cast<float>(integer)}};
}

}  // namespace

std::optional<Line> find_line(Line exact, std::span<const Point> points, bool has_fma,
                              CodeRange codes) {
  if (goes_through(exact, points, has_fma, codes)) return exact;
  constexpr int kAddends[] = {0, 1, -1, 2, -2};
  for (const Slope& slope : slopes_around(exact, points, codes)) {
    if (!(slope.width() > 0)) break;
    const auto middle = static_cast<float>(slope.lowest + slope.width() / 2);
    for (const int by : kAddends) {
      const Line line{slope.multiply, moved(middle, by)};
      if (goes_through(line, points, has_fma, codes)) return line;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> first_multiple(std::uint64_t step, std::uint64_t modulus,
                                            std::uint64_t low, std::uint64_t high) {
  if (low == 0) return 0;
  if (step == 0) return std::nullopt;
  const std::uint64_t first = (low + step - 1) / step;
  if (first * step <= high) return first;
  // No multiple of the step lies between: after how many turns does one? That is the same question,
  // of what turns are modulo the step.
  const auto less = [&](std::uint64_t x) { return (step - x % step) % step; };
  const auto turns = first_multiple(modulus % step, step, less(high), less(low));
  if (!turns) return std::nullopt;
  return (low + modulus * *turns + step - 1) / step;
}

std::optional<MagicLine> find_magic_line(Line exact, std::span<const Point> points,
                                         CodeRange codes) {
  const auto try_slope = [&](const Slope& slope) -> std::optional<MagicLine> {
    if (!(slope.width() > 0)) return std::nullopt;
    const std::optional<MagicLine> line = magic_line_along(slope, points);
    return line && goes_through(*line, points, codes) ? line : std::nullopt;
  };
  if (points.back().sum - points.front().sum >= kMagic) return std::nullopt;
  if (std::abs(points.front().sum) > kFarthestSum) return std::nullopt;
  if (const auto line = try_slope(slope_of(exact, exact.multiply, points, codes))) return line;
  for (const Slope& slope : slopes_around(exact, points, codes)) {
    if (const auto line = try_slope(slope)) return line;
  }
  return std::nullopt;
}

}  // namespace pare::engine
