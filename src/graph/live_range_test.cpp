#include "graph/live_range.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace pare::graph {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::Pointwise;

std::vector<float> ranges(RangeRule rule, const std::vector<float>& values, int bits = 4,
                          std::size_t num_groups = 1) {
  const std::vector<CodeRange> codes = {uniform_codes(bits, true, true)};
  return live_ranges(rule, codes, values, num_groups);
}

TEST(LiveRange, IsAStatisticOfEachGroup) {
  const std::vector<float> values = {1, -3, 0.5F, 0.25F};
  EXPECT_THAT(ranges(RangeRule::kMaxAbs, values, 4, 2), ElementsAre(3, 0.5F));
  EXPECT_THAT(ranges(RangeRule::kMeanAbs, values, 4, 2), ElementsAre(2, 0.375F));
  EXPECT_THAT(ranges(RangeRule::kTwiceMeanAbs, values, 4, 2), ElementsAre(4, 0.75F));
}

TEST(LiveRange, DoesNotCountZerosInMeans) {
  EXPECT_THAT(ranges(RangeRule::kMeanAbs, {0, -3, 0, 1, 0}), ElementsAre(2));
  EXPECT_EQ(ranges(RangeRule::kSawb, {0, -3, 0, 3, 1, -1, 0}),
            ranges(RangeRule::kSawb, {-3, 3, 1, -1}));
}

// alpha = sd / z0 - z1 / z0 mean |w|; here mean |w| = 2 and sd = sqrt(20 / 3).
TEST(LiveRange, IsTheSawbLineOfFourAndEightBits) {
  const std::vector<float> values = {1, -1, 3, -3};
  const double sd = std::sqrt(20.0 / 3);
  EXPECT_FLOAT_EQ(ranges(RangeRule::kSawb, values, 4)[0],
                  static_cast<float>(sd / 0.077 - 1.013 / 0.077 * 2));
  EXPECT_FLOAT_EQ(ranges(RangeRule::kSawb, values, 8)[0],
                  static_cast<float>(sd / 0.027 - 1.114 / 0.027 * 2));
}

TEST(LiveRange, OfSawbStaysAboveTheMeanWhereTheLineFallsBelow) {
  EXPECT_THAT(ranges(RangeRule::kSawb, {2, 2, 2, 2}), ElementsAre(2));
  EXPECT_THAT(ranges(RangeRule::kSawb, {5}), ElementsAre(5));
  EXPECT_THROW(ranges(RangeRule::kSawb, {1, 2}, 6), InternalError);
}

// Delta = 0.05: the mean is of 1, 0.05, 0.05 and 0.5. The lower edge counts in it, but its code is
// 0.
TEST(TernaryThreshold, SplitsAtAFractionOfTheLargest) {
  const std::vector<float> values = {1, 0.05F, -0.05F, 0.04F, -0.5F};
  const float threshold = ternary_threshold(values);
  EXPECT_EQ(threshold, 0.05F);
  EXPECT_THAT(ranges(RangeRule::kThresholdMean, values), ElementsAre(FloatEq(0.4F)));
  std::vector<float> codes;
  for (const float x : values) codes.push_back(ternary_code(x, threshold));
  EXPECT_THAT(codes, ElementsAre(1, 1, 0, 0, -1));
}

TEST(TernaryThreshold, LeavesZerosAndNaNZero) {
  const std::vector<float> zeros(4, 0);
  EXPECT_GT(ternary_threshold(zeros), 0);
  EXPECT_EQ(ternary_code(0, ternary_threshold(zeros)), 0);
  EXPECT_EQ(ternary_code(std::nanf(""), 0.5F), 0);
  EXPECT_THAT(ranges(RangeRule::kThresholdMean, zeros), ElementsAre(0));
  EXPECT_THAT(ternary_thresholds(std::vector<float>{2, 1, -8, 4}, 2),
              Pointwise(FloatEq(), {0.1F, 0.4F}));
}

TEST(LiveRange, SumsAnyNumberOfValues) {
  for (const std::size_t size : {1U, 7U, 8U, 9U, 1001U}) {
    EXPECT_THAT(ranges(RangeRule::kMeanAbs, std::vector<float>(size, -0.5F)), ElementsAre(0.5F));
  }
}

TEST(LiveRange, IsNoneOfAnotherRule) {
  for (const RangeRule rule :
       {RangeRule::kLearned, RangeRule::kFixed, RangeRule::kStep, RangeRule::kAccumulator}) {
    EXPECT_FALSE(is_live(rule));
    EXPECT_THROW(ranges(rule, {1}), InternalError);
  }
}

}  // namespace
}  // namespace pare::graph
