#include "rewrite/calibrate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/philox.h"

namespace pare::rewrite {
namespace {

using recipe::Calibration;
using testing::ElementsAre;

/// Numbers of a heavy-tailed distribution, the larger ones at the end.
std::vector<float> heavy_tailed(std::size_t size) {
  const Philox random(5, RandomStream::kSynthetic);
  std::vector<float> values;
  for (std::size_t i = 0; i < size; ++i) {
    values.push_back(static_cast<float>(std::pow(random.normal(i), 3)));
  }
  std::sort(values.begin(), values.end(),
            [](float a, float b) { return std::abs(a) < std::abs(b); });
  return values;
}

MagnitudeHistogram histogram_of(std::span<const float> values, std::size_t batch) {
  MagnitudeHistogram histogram;
  for (std::size_t i = 0; i < values.size(); i += batch) {
    histogram.add(values.subspan(i, std::min(batch, values.size() - i)));
  }
  return histogram;
}

double exact_error(std::span<const float> values, const graph::Scale& scale,
                   const graph::CodeRange& codes) {
  double sum = 0;
  for (const float x : values) {
    const float code = graph::to_code(x, scale, codes, graph::Rounding::kHalfEven, 0);
    const double error = double{x} - double{graph::from_code(code, scale, 0)};
    sum += error * error;
  }
  return sum;
}

const graph::CodeRange kFourBits = graph::uniform_codes(4, true, true);

TEST(MagnitudeHistogram, DoesNotDependOnOrderOrBatches) {
  std::vector<float> values = heavy_tailed(5000);
  const MagnitudeHistogram rising = histogram_of(values, 7);
  std::reverse(values.begin(), values.end());
  const MagnitudeHistogram falling = histogram_of(values, 1000);
  EXPECT_EQ(rising.count(), 5000);
  EXPECT_EQ(rising.largest(), std::abs(values.front()));
  const graph::Scale scale{7, 2};
  EXPECT_EQ(rising.squared_error(scale, kFourBits), falling.squared_error(scale, kFourBits));
  for (const double percent : {1.0, 50.0, 99.0, 99.99, 100.0}) {
    EXPECT_EQ(rising.percentile(percent), falling.percentile(percent)) << percent;
  }
}

TEST(MagnitudeHistogram, KnowsPercentilesToABin) {
  const std::vector<float> values = heavy_tailed(5000);
  const MagnitudeHistogram histogram = histogram_of(values, 512);
  const float bin = histogram.largest() * std::ldexp(1.0F, 1 - MagnitudeHistogram::kLog2Bins);
  for (const double percent : {10.0, 50.0, 90.0, 99.9}) {
    const auto rank = static_cast<std::size_t>(percent / 100 * 5000);
    EXPECT_NEAR(histogram.percentile(percent), std::abs(values[rank - 1]), bin) << percent;
    EXPECT_GE(histogram.percentile(percent), std::abs(values[rank - 1])) << percent;
  }
  EXPECT_EQ(histogram.percentile(100), histogram.largest());
}

TEST(MagnitudeHistogram, CountsZerosInPercentilesButNotAsErrors) {
  std::vector<float> values(90, 0);
  values.resize(100, 1);
  const MagnitudeHistogram histogram = histogram_of(values, 100);
  EXPECT_EQ(histogram.percentile(90), 0);
  EXPECT_EQ(histogram.percentile(91), 1);
  // A grid of step 2 rounds 1 to 0 (half to even): ten errors of 1, to a bin.
  EXPECT_NEAR(histogram.squared_error({1, 2}, kFourBits), 10, 0.02);
}

TEST(MagnitudeHistogram, IsEmptyAndAllZero) {
  const MagnitudeHistogram empty;
  EXPECT_EQ(empty.percentile(99), 0);
  EXPECT_EQ(empty.largest(), 0);
  const MagnitudeHistogram zeros = histogram_of(std::vector<float>(3, 0), 3);
  EXPECT_EQ(find_range(zeros, {.method = Calibration::kMse, .codes = kFourBits}), 0);
}

TEST(FindRange, FollowsItsMethod) {
  const std::vector<float> values = heavy_tailed(5000);
  const MagnitudeHistogram histogram = histogram_of(values, 512);
  const auto range = [&](Calibration method) {
    return find_range(histogram, {.method = method, .percentile = 99, .codes = kFourBits});
  };
  EXPECT_EQ(range(Calibration::kMinMax), histogram.largest());
  EXPECT_EQ(range(Calibration::kPercentile), histogram.percentile(99));
  // The best of the hundred by the exact error, which the histogram estimates.
  const float best = range(Calibration::kMse);
  const auto error = [&](float s) {
    return exact_error(values, graph::make_scale(s, 7, {}, {}), kFourBits);
  };
  double least = error(histogram.largest());
  for (int k = 1; k <= 100; ++k) {
    least = std::min(least, error(histogram.largest() * static_cast<float>(k) / 100));
  }
  EXPECT_LE(error(best), 1.001 * least);
  EXPECT_LT(least, 0.75 * error(histogram.largest()));
  EXPECT_THROW(range(Calibration::kNone), InternalError);
}

TEST(FindRange, MakesPowersOfTwoExact) {
  const MagnitudeHistogram histogram = histogram_of(std::vector<float>{0.3F, -2.5F}, 2);
  const RangeSearch search{.codes = kFourBits, .step = graph::StepRule::kPow2};
  // 2.5 / 7 = 0.357: the step is 0.5.
  EXPECT_EQ(find_range(histogram, search), 3.5F);
  EXPECT_EQ(graph::make_scale(3.5F, 7, graph::StepRule::kPow2, graph::Pow2Choice::kNearest),
            (graph::Scale{2, 1}));
}

TEST(FindRanges, AreOfEachGroupAndExact) {
  const std::vector<float> weights = {1, -2, 0.5F, 0, 0, 0, 4, -1};
  EXPECT_THAT(find_ranges(weights, 2, {.codes = kFourBits}), ElementsAre(2, 4));
  // Pruned weights do not count: two thirds of {1, 2, 0.5} and half of {4, 1} lie up to 1.
  EXPECT_THAT(
      find_ranges(weights, 2,
                  {.method = Calibration::kPercentile, .percentile = 50, .codes = kFourBits}),
      ElementsAre(1, 1));
}

TEST(FindRanges, OfTheLeastErrorClipsAnOutlier) {
  std::vector<float> weights = heavy_tailed(999);
  weights.push_back(100);
  const RangeSearch search{.method = Calibration::kMse, .codes = kFourBits};
  const float best = find_ranges(weights, 1, search).front();
  const auto error = [&](float s) {
    return exact_error(weights, graph::make_scale(s, 7, {}, {}), kFourBits);
  };
  for (int k = 1; k <= 100; ++k) EXPECT_LE(error(best), error(static_cast<float>(k))) << k;
  EXPECT_LT(best, 100);
  EXPECT_THAT(find_ranges(std::vector<float>(4, 0), 1, search), ElementsAre(0));
}

}  // namespace
}  // namespace pare::rewrite
