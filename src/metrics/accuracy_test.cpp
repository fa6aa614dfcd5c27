#include "metrics/accuracy.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace pare::metrics {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Accuracy, CountsRowsWhoseLargestScoreIsTheLabel) {
  const std::vector<float> values{0.1F, 0.9F, 0.0F, /**/ 5, 1, 2, /**/ -3, -2, -1, /**/ 0, 0, 1};
  const std::vector<std::int64_t> labels{1, 0, 0, 2};
  EXPECT_EQ(predictions({values, 3}), (std::vector<std::int64_t>{1, 0, 2, 2}));
  EXPECT_EQ(accuracy({values, 3}, labels), 0.75);
}

TEST(Accuracy, FirstIndexWinsTies) {
  const std::vector<float> values{1, 1, 0, /**/ 0, 2, 2, /**/ -kInfinity, -kInfinity, -kInfinity};
  EXPECT_EQ(predictions({values, 3}), (std::vector<std::int64_t>{0, 1, 0}));
}

TEST(Accuracy, NanLosesToEveryNumber) {
  const std::vector<float> values{kNaN, -7, -9, /**/ 1, kNaN, 2, /**/ kNaN, kNaN, kNaN};
  EXPECT_EQ(predictions({values, 3}), (std::vector<std::int64_t>{1, 2, 0}));
}

TEST(Accuracy, OfNothingIsNan) { EXPECT_TRUE(std::isnan(accuracy({{}, 3}, {}))); }

TEST(Accuracy, RefusesLabelsThatDoNotFit) {
  const std::vector<float> values{1, 2};
  const std::vector<std::int64_t> too_high{2};
  const std::vector<std::int64_t> negative{-1};
  const std::vector<std::int64_t> too_many{0, 0};
  EXPECT_THROW(accuracy({values, 2}, too_high), InternalError);
  EXPECT_THROW(accuracy({values, 2}, negative), InternalError);
  EXPECT_THROW(accuracy({values, 2}, too_many), InternalError);
}

TEST(ConfusionMatrix, HasTruthInRowsAndPredictionInColumns) {
  const std::vector<float> values{1, 0, /**/ 0, 1, /**/ 0, 1, /**/ 1, 0};
  const std::vector<std::int64_t> labels{0, 0, 1, 0};
  const ConfusionMatrix matrix = confusion_matrix({values, 2}, labels);
  EXPECT_EQ(matrix.at(0, 0), 2);
  EXPECT_EQ(matrix.at(0, 1), 1);
  EXPECT_EQ(matrix.at(1, 0), 0);
  EXPECT_EQ(matrix.at(1, 1), 1);
}

TEST(ConfusionMatrix, OfDecidedClassesIsThatOfTheirScores) {
  const std::vector<float> values{1, 0, /**/ 0, 1, /**/ 0, 1, /**/ 1, 0};
  const std::vector<std::int64_t> labels{0, 0, 1, 0};
  const Scores scores{values, 2};
  const ConfusionMatrix matrix = confusion_matrix(predictions(scores), labels, 2);
  EXPECT_EQ(matrix.counts, confusion_matrix(scores, labels).counts);
  EXPECT_EQ(accuracy(matrix), 0.75);
  EXPECT_EQ(accuracy(matrix), accuracy(scores, labels));
  EXPECT_TRUE(std::isnan(accuracy(confusion_matrix({}, {}, 2))));
  const std::vector<std::int64_t> unlabelled{-1};
  const std::vector<std::int64_t> first{0};
  EXPECT_THROW(confusion_matrix(first, unlabelled, 2), InternalError);
  EXPECT_THROW(confusion_matrix(unlabelled, first, 2), InternalError);
  EXPECT_THROW(confusion_matrix(first, labels, 2), InternalError);
}

}  // namespace
}  // namespace pare::metrics
