#include "metrics/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/philox.h"

namespace pare::metrics {
namespace {

using Flags = std::vector<std::uint8_t>;

/// By definition: over all pairs.
double naive_auc(const std::vector<float>& scores, const Flags& is_signal) {
  double wins = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (is_signal[i] == 0 || is_signal[j] != 0) continue;
      pairs += 1;
      wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

struct Sample {
  std::vector<float> scores;
  Flags is_signal;
};

/// Both kinds present, few distinct scores: many ties.
Sample any_sample() {
  const auto size = static_cast<std::size_t>(*rc::gen::inRange(2, 40));
  const auto values = *rc::gen::container<std::vector<int>>(size, rc::gen::inRange(-6, 7));
  Sample sample;
  for (const int value : values) sample.scores.push_back(static_cast<float>(value) / 4);
  sample.is_signal = *rc::gen::container<Flags>(
      size, rc::gen::element<std::uint8_t>(std::uint8_t{0}, std::uint8_t{1}));
  sample.is_signal[0] = 1;
  sample.is_signal[1] = 0;
  return sample;
}

// T5 of Ps and Qs, section 11.

TEST(Roc, PerfectScoresGiveAreaOneAndNoBackground) {
  const std::vector<float> scores{0.1F, 0.2F, 0.8F, 0.9F};
  const Flags is_signal{0, 0, 1, 1};
  EXPECT_EQ(roc_auc(scores, is_signal), 1);
  EXPECT_EQ(background_efficiency(scores, is_signal, 0.5), 0);
  EXPECT_EQ(background_efficiency(scores, is_signal, 1), 0);
}

TEST(Roc, ReversedScoresGiveAreaZeroAndAllBackground) {
  const std::vector<float> scores{0.9F, 0.8F, 0.2F, 0.1F};
  const Flags is_signal{0, 0, 1, 1};
  EXPECT_EQ(roc_auc(scores, is_signal), 0);
  EXPECT_EQ(background_efficiency(scores, is_signal, 0.5), 1);
}

TEST(Roc, OneScoreForAllIsTheDiagonal) {
  const std::vector<float> scores(7, 0.3F);
  const Flags is_signal{1, 0, 0, 1, 0, 1, 0};
  EXPECT_EQ(roc_auc(scores, is_signal), 0.5);
  EXPECT_EQ(background_efficiency(scores, is_signal, 0.5), 0.5);
  EXPECT_EQ(background_efficiency(scores, is_signal, 0), 0);
}

TEST(Roc, RandomScoresGiveHalf) {
  const Philox random(7, RandomStream::kSynthetic);
  std::vector<float> scores(20000);
  Flags is_signal(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = static_cast<float>(random.uniform(2 * i));
    is_signal[i] = random.uniform(2 * i + 1) < 0.3 ? 1 : 0;
  }
  EXPECT_NEAR(roc_auc(scores, is_signal), 0.5, 0.02);
  EXPECT_NEAR(background_efficiency(scores, is_signal, 0.5), 0.5, 0.02);
}

TEST(Roc, ByHand) {
  // From above: signal | signal and background | background | signal | background.
  const std::vector<float> scores{5, 4, 4, 3, 2, 1};
  const Flags is_signal{1, 1, 0, 0, 1, 0};
  // Pairs won: the first signal 3, the second 2 and a half, the third 1, of 9.
  EXPECT_DOUBLE_EQ(roc_auc(scores, is_signal), 6.5 / 9);
  // The tie runs from (0, 1/3) to (1/3, 2/3): half way at true-positive rate 1/2.
  EXPECT_DOUBLE_EQ(background_efficiency(scores, is_signal, 0.5), 1.0 / 6);
}

TEST(Roc, TakesTheFirstPointThatReachesTheSignal) {
  // A level piece of the curve at exactly one half: (0, 1/2) to (1, 1/2).
  const std::vector<float> scores{4, 3, 2, 1};
  const Flags is_signal{1, 0, 0, 1};
  EXPECT_EQ(background_efficiency(scores, is_signal, 0.5), 0);
}

TEST(Roc, IsUndefinedWithoutOneOfTheKinds) {
  const std::vector<float> scores{1, 2};
  EXPECT_TRUE(std::isnan(roc_auc(scores, Flags{1, 1})));
  EXPECT_TRUE(std::isnan(roc_auc(scores, Flags{0, 0})));
  EXPECT_TRUE(std::isnan(roc_auc({}, {})));
  EXPECT_TRUE(std::isnan(background_efficiency(scores, Flags{0, 0}, 0.5)));
}

TEST(Roc, NanIsTheLowestScore) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(roc_auc(std::vector<float>{nan, -5, nan}, Flags{0, 1, 0}), 1);
  EXPECT_EQ(roc_auc(std::vector<float>{nan, nan}, Flags{0, 1}), 0.5);
}

TEST(Roc, RefusesFlagsThatDoNotFit) {
  EXPECT_THROW(roc_auc(std::vector<float>{1, 2}, Flags{1}), InternalError);
}

RC_GTEST_PROP(Roc, EqualsTheDefinitionOverAllPairs, ()) {
  const Sample sample = any_sample();
  const double expected = naive_auc(sample.scores, sample.is_signal);
  RC_ASSERT(std::abs(roc_auc(sample.scores, sample.is_signal) - expected) < 1e-12);
}

RC_GTEST_PROP(Roc, DependsOnTheOrderOfScoresAlone, ()) {
  const Sample sample = any_sample();
  std::vector<float> mapped = sample.scores;
  // Exact in float32 on these scores, and strictly increasing.
  for (float& score : mapped) score = score * score * score + 8 * score - 3;
  RC_ASSERT(roc_auc(mapped, sample.is_signal) == roc_auc(sample.scores, sample.is_signal));
  RC_ASSERT(background_efficiency(mapped, sample.is_signal, 0.5) ==
            background_efficiency(sample.scores, sample.is_signal, 0.5));
}

RC_GTEST_PROP(Roc, SwapsUnderNegation, ()) {
  const Sample sample = any_sample();
  std::vector<float> negated = sample.scores;
  for (float& score : negated) score = -score;
  const double sum = roc_auc(negated, sample.is_signal) + roc_auc(sample.scores, sample.is_signal);
  RC_ASSERT(std::abs(sum - 1) < 1e-12);
}

RC_GTEST_PROP(Roc, DoesNotDependOnTheOrderOfSamples, ()) {
  const Sample sample = any_sample();
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto order = Philox(seed, RandomStream::kShuffle)
                         .permutation(static_cast<std::int64_t>(sample.scores.size()));
  Sample shuffled;
  for (const std::int64_t i : order) {
    shuffled.scores.push_back(sample.scores[static_cast<std::size_t>(i)]);
    shuffled.is_signal.push_back(sample.is_signal[static_cast<std::size_t>(i)]);
  }
  RC_ASSERT(roc_auc(shuffled.scores, shuffled.is_signal) ==
            roc_auc(sample.scores, sample.is_signal));
  RC_ASSERT(background_efficiency(shuffled.scores, shuffled.is_signal, 0.5) ==
            background_efficiency(sample.scores, sample.is_signal, 0.5));
}

RC_GTEST_PROP(Roc, BackgroundGrowsWithSignal, ()) {
  const Sample sample = any_sample();
  double last = 0;
  for (const double signal : {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0}) {
    const double background = background_efficiency(sample.scores, sample.is_signal, signal);
    RC_ASSERT(background >= last);
    last = background;
  }
  RC_ASSERT(last <= 1);
}

TEST(OneVsRest, UsesTheColumnOfEachClass) {
  const std::vector<float> values{0.9F,      0.1F,      0.5F, /**/ 0.2F, 0.7F,
                                  0.4F,      /**/ 0.1F, 0.3F, 0.6F,
                                  /**/ 0.3F, 0.4F,      0.5F};
  const std::vector<std::int64_t> labels{0, 1, 2, 0};
  const auto areas = one_vs_rest_auc({values, 3}, labels);
  EXPECT_EQ(areas[0], 1);
  EXPECT_EQ(areas[1], 1);
  EXPECT_EQ(areas[2], 1);
  const std::vector<std::int64_t> others{1, 0, 2, 0};
  // Class 0 now holds samples 1 and 3 (scores 0.2 and 0.3), against 0.9 and 0.1.
  EXPECT_EQ(one_vs_rest_auc({values, 3}, others)[0], 0.5);
  const auto background = one_vs_rest_background_efficiency({values, 3}, others);
  EXPECT_EQ(background[0], 0.5);
  EXPECT_EQ(background[2], 0);
}

TEST(OneVsRest, LeavesMissingClassesOutOfTheMean) {
  const std::vector<float> values{0.9F, 0.1F, 0, /**/ 0.2F, 0.7F, 0};
  const auto areas = one_vs_rest_auc({values, 3}, std::vector<std::int64_t>{0, 1});
  EXPECT_TRUE(std::isnan(areas[2]));
  EXPECT_EQ(macro_mean(areas), 1);
  EXPECT_TRUE(std::isnan(macro_mean({})));
}

}  // namespace
}  // namespace pare::metrics
