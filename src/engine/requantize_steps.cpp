#include "engine/requantize_steps.h"

namespace pare::engine {
namespace {

using program::Interval;

/// More steps of an output than that are not tried one by one.
constexpr std::size_t kMostSteps = 1024;

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

}  // namespace

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

}  // namespace pare::engine
