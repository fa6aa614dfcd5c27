#include "search/expected_improvement.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace pare::search {
namespace {

/// log(φ(z) + z Φ(z)).
double log_improvement(double z) {
  const double log_density = -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi);
  // Below this the two terms cancel and soon underflow. The series' next term is 945 / z^8.
  constexpr double kFarBelow = -25;
  if (z < kFarBelow) {
    const double square = z * z;
    const double series =
        1 - 3 / square + 15 / (square * square) - 105 / (square * square * square);
    return log_density - std::log(square) + std::log(series);
  }
  const double probability = 0.5 * std::erfc(-z / std::numbers::sqrt2);
  return std::log(std::exp(log_density) + z * probability);
}

}  // namespace

double log_expected_improvement(const Belief& belief, double best) {
  const double improvement = best - belief.mean;
  if (belief.variance <= 0) {
    return improvement > 0 ? std::log(improvement) : -std::numeric_limits<double>::infinity();
  }
  const double deviation = std::sqrt(belief.variance);
  return std::log(deviation) + log_improvement(improvement / deviation);
}

}  // namespace pare::search
