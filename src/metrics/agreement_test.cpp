#include "metrics/agreement.h"

#include <cmath>

#include <gmock/gmock.h>

namespace pare::metrics {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

/// 20 samples, 14 right; 6, 10, 4 of the classes, 7, 8, 5 taken for them.
const ConfusionMatrix kHand{.classes = 3,
                            .counts = {5, 1, 0,  //
                                       2, 6, 2,  //
                                       0, 1, 3}};

TEST(Agreement, OfAMatrixByHand) {
  EXPECT_THAT(recalls(kHand),
              ElementsAre(DoubleNear(5.0 / 6, 1e-15), DoubleNear(0.6, 1e-15), DoubleNear(0.75, 0)));
  // (5/6 + 3/5 + 3/4) / 3 = (50 + 36 + 45) / 180
  EXPECT_NEAR(average_accuracy(kHand), 131.0 / 180, 1e-15);
  // 6 * 7 + 10 * 8 + 4 * 5 = 142; (20 * 14 - 142) / (400 - 142)
  EXPECT_NEAR(cohens_kappa(kHand), 138.0 / 258, 1e-15);
}

TEST(Agreement, OfPerfectAndOfChance) {
  const ConfusionMatrix perfect{.classes = 2, .counts = {3, 0, 0, 7}};
  EXPECT_EQ(average_accuracy(perfect), 1);
  EXPECT_EQ(cohens_kappa(perfect), 1);
  // Predictions that do not depend on the class.
  const ConfusionMatrix chance{.classes = 2, .counts = {2, 4, 3, 6}};
  EXPECT_EQ(cohens_kappa(chance), 0);
  const ConfusionMatrix opposite{.classes = 2, .counts = {0, 5, 5, 0}};
  EXPECT_EQ(cohens_kappa(opposite), -1);
}

TEST(Agreement, ClassesWithoutSamplesAreLeftOut) {
  const ConfusionMatrix matrix{.classes = 3, .counts = {1, 1, 0, 0, 2, 0, 0, 0, 0}};
  EXPECT_TRUE(std::isnan(recalls(matrix)[2]));
  EXPECT_EQ(average_accuracy(matrix), 0.75);
}

TEST(Agreement, OfNothingIsUndefined) {
  const ConfusionMatrix none{.classes = 2, .counts = {0, 0, 0, 0}};
  EXPECT_TRUE(std::isnan(average_accuracy(none)));
  EXPECT_TRUE(std::isnan(cohens_kappa(none)));
  const ConfusionMatrix one_class{.classes = 2, .counts = {9, 0, 0, 0}};
  EXPECT_TRUE(std::isnan(cohens_kappa(one_class)));
}

}  // namespace
}  // namespace pare::metrics
