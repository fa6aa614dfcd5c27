#include "search/expected_improvement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "base/philox.h"

namespace pare::search {
namespace {

TEST(LogExpectedImprovement, EqualsValuesByHand) {
  // z = 0: σ φ(0) = σ / √(2π).
  EXPECT_NEAR(log_expected_improvement({1, 4}, 1), std::log(2 / std::sqrt(2 * std::numbers::pi)),
              1e-14);
  // z = 1: φ(1) + Φ(1) = 0.24197072451914337 + 0.8413447460685429; z = -1: φ(1) - Φ(-1) =
  // 0.24197072451914337 - 0.15865525393145707 (tables of the normal distribution).
  EXPECT_NEAR(std::exp(log_expected_improvement({0, 1}, 1)), 1.0833154705876863, 1e-13);
  EXPECT_NEAR(std::exp(log_expected_improvement({1, 1}, 0)), 0.0833154705876863, 1e-13);
}

TEST(LogExpectedImprovement, EqualsTheMeanOfManySamples) {
  const Philox random(1, RandomStream::kSynthetic);
  const Belief belief{0.7, 0.25};
  double sum = 0;
  constexpr int kSamples = 400'000;
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    sum += std::max(0.5 - (belief.mean + 0.5 * random.normal(i)), 0.0);
  }
  // Five standard deviations of the mean are about 0.0018.
  EXPECT_NEAR(std::exp(log_expected_improvement(belief, 0.5)), sum / kSamples, 0.0018);
}

TEST(LogExpectedImprovement, WithoutVarianceIsTheImprovementItself) {
  EXPECT_NEAR(log_expected_improvement({1, 0}, 3), std::log(2), 1e-14);
  EXPECT_EQ(log_expected_improvement({3, 0}, 3), -std::numeric_limits<double>::infinity());
}

TEST(LogExpectedImprovement, TellsPlacesWithoutHopeApart) {
  // Its slope is Φ(z) / (φ(z) + z Φ(z)), about -z: no jump, where the series takes over neither.
  double previous = log_expected_improvement({1000, 1}, 0);
  EXPECT_TRUE(std::isfinite(previous));
  for (double mean = 999.75; mean > -5; mean -= 0.25) {
    const double value = log_expected_improvement({mean, 1}, 0);
    EXPECT_GT(value, previous);
    EXPECT_LT(value - previous, 0.25 * (std::max(mean, 0.0) + 1.5));
    previous = value;
  }
  const double above = log_expected_improvement({25 - 1e-9, 1}, 0);
  const double below = log_expected_improvement({25 + 1e-9, 1}, 0);
  EXPECT_NEAR(above, below, 1e-7);
}

}  // namespace
}  // namespace pare::search
