#include "search/bounded_minimiser.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::search {
namespace {

/// (1 - x)^2 + 100 (y - x^2)^2: a bent valley with its minimum 0 at (1, 1).
Evaluation rosenbrock(const std::vector<double>& at) {
  const double x = at[0];
  const double y = at[1];
  const double off = y - x * x;
  return {(1 - x) * (1 - x) + 100 * off * off, {-2 * (1 - x) - 400 * x * off, 200 * off}};
}

TEST(MinimiseInBox, FindsTheEndOfRosenbrocksValley) {
  const Minimum minimum = minimise_in_box(rosenbrock, {-1.2, 1}, {{-5, -5}, {5, 5}});
  EXPECT_NEAR(minimum.at[0], 1, 1e-5);
  EXPECT_NEAR(minimum.at[1], 1, 1e-5);
  EXPECT_NEAR(minimum.value, 0, 1e-10);
  EXPECT_LT(minimum.iterations, 100);
}

TEST(MinimiseInBox, StopsAtBounds) {
  // With x <= 1/2 the best y is x^2, and the value (1 - x)^2 falls up to the bound.
  const Minimum minimum = minimise_in_box(rosenbrock, {-1.2, 1}, {{-5, -5}, {0.5, 5}});
  EXPECT_EQ(minimum.at[0], 0.5);
  EXPECT_NEAR(minimum.at[1], 0.25, 1e-6);
  EXPECT_NEAR(minimum.value, 0.25, 1e-10);
}

TEST(MinimiseInBox, LeavesABoundWhereTheGradientSaysSo) {
  const SmoothFunction bowl = [](const std::vector<double>& x) {
    return Evaluation{(x[0] - 3) * (x[0] - 3) + (x[1] + 9) * (x[1] + 9),
                      {2 * (x[0] - 3), 2 * (x[1] + 9)}};
  };
  const Minimum minimum = minimise_in_box(bowl, {0, 0}, {{0, 0}, {10, 10}});
  EXPECT_NEAR(minimum.at[0], 3, 1e-6);
  EXPECT_EQ(minimum.at[1], 0);
}

TEST(MinimiseInBox, StepsBackFromWhereThereIsNoValue) {
  // x - log x has its minimum at 1 and no value at 0 and below.
  const SmoothFunction function = [](const std::vector<double>& x) {
    const bool is_defined = x[0] > 0;
    return Evaluation{is_defined ? x[0] - std::log(x[0]) : std::numeric_limits<double>::quiet_NaN(),
                      {1 - 1 / x[0]}};
  };
  EXPECT_NEAR(minimise_in_box(function, {20}, {{-100}, {100}}).at[0], 1, 1e-5);
}

}  // namespace
}  // namespace pare::search
