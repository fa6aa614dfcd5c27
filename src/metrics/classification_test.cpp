#include "metrics/classification.h"

#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

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
  EXPECT_EQ(result.recall, (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(result.average_accuracy, 0.5);
  EXPECT_EQ(result.kappa, 0);
}

TEST(Classify, DecidesByTheOutputsAndRanksByTheProbabilities) {
  // The outputs differ by less than their softmax can show.
  const std::vector<float> outputs{0, 1e-9F, /**/ 1, 0};
  const std::vector<std::int64_t> labels{1, 0};
  const std::vector<float> probabilities{0.5F, 0.5F, /**/ 0.73F, 0.27F};
  const Classification result = classify({outputs, 2}, {probabilities, 2}, labels);
  EXPECT_EQ(result.accuracy, 1);
  EXPECT_EQ(result.confusion.at(1, 1), 1);
  EXPECT_EQ(result.auc_macro, 1);
}

}  // namespace
}  // namespace pare::metrics
