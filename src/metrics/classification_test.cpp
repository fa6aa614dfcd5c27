#include "metrics/classification.h"

#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "metrics/roc.h"

namespace pare::metrics {
namespace {

TEST(Classify, GathersAllMetrics) {
  const std::vector<float> values{0.8F, 0.2F, /**/ 0.4F, 0.6F, /**/ 0.3F, 0.7F, /**/ 0.6F, 0.4F};
  const std::vector<std::int64_t> labels{0, 0, 1, 1};
  const Classification result = classify({values, 2}, {values, 2}, labels);
  EXPECT_EQ(result.samples, 4);
  EXPECT_EQ(result.accuracy, 0.5);
  EXPECT_EQ(result.auc, (std::vector<double>{0.75, 0.75}));
  EXPECT_EQ(result.auc_macro, 0.75);
  EXPECT_EQ(result.background_efficiency, (std::vector<double>{0, 0}));
  EXPECT_EQ(result.confusion.at(0, 1), 1);
}

TEST(Classify, DecidesByTheOutputsAndRanksByTheProbabilities) {
  // The outputs differ by less than their softmax can show.
  const std::vector<float> outputs{0, 1e-9F, /**/ 1, 0};
  const std::vector<std::int64_t> labels{1, 0};
  const std::vector<float> probabilities = softmax({outputs, 2});
  ASSERT_EQ(probabilities[0], probabilities[1]);
  const Classification result = classify({outputs, 2}, {probabilities, 2}, labels);
  EXPECT_EQ(result.accuracy, 1);
  EXPECT_EQ(result.auc_macro, 1);
}

TEST(Softmax, ByHand) {
  const std::vector<float> logits{0, std::log(3.0F), /**/ 1000, 1000, /**/ -1000, 1000};
  const std::vector<float> found = softmax({logits, 2});
  EXPECT_FLOAT_EQ(found[0], 0.25F);
  EXPECT_FLOAT_EQ(found[1], 0.75F);
  EXPECT_EQ(found[2], 0.5F);
  EXPECT_EQ(found[4], 0);
  EXPECT_EQ(found[5], 1);
}

TEST(Softmax, PassesNanOn) {
  const std::vector<float> logits{0, std::numeric_limits<float>::quiet_NaN()};
  const std::vector<float> found = softmax({logits, 2});
  EXPECT_TRUE(std::isnan(found[0]));
  EXPECT_TRUE(std::isnan(found[1]));
}

RC_GTEST_PROP(Softmax, SumsToOneAndDoesNotFeelAnOffset, ()) {
  const auto units = *rc::gen::container<std::vector<int>>(6, rc::gen::inRange(-40, 40));
  const auto offset = *rc::gen::inRange(-100, 100);
  std::vector<float> logits(units.begin(), units.end());
  const std::vector<float> found = softmax({logits, 6});
  RC_ASSERT(std::abs(std::accumulate(found.begin(), found.end(), 0.0) - 1) < 1e-6);
  for (float& x : logits) x += static_cast<float>(offset);
  RC_ASSERT(softmax({logits, 6}) == found);
}

}  // namespace
}  // namespace pare::metrics
