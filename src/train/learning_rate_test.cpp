#include "train/learning_rate.h"

#include <gtest/gtest.h>

namespace pare::train {
namespace {

TEST(LearningRate, ConstantStays) {
  recipe::Train train{.learning_rate = 0.1};
  EXPECT_EQ(learning_rate(train, 0), 0.1);
  EXPECT_EQ(learning_rate(train, 99), 0.1);
}

TEST(LearningRate, StepFallsAfterEachPeriod) {
  recipe::Train train{.learning_rate = 1, .schedule = recipe::Schedule::kStep, .step_epochs = 10};
  EXPECT_EQ(learning_rate(train, 9), 1);
  EXPECT_NEAR(learning_rate(train, 10), 0.1, 1e-15);
  EXPECT_NEAR(learning_rate(train, 29), 0.01, 1e-15);
}

TEST(LearningRate, CosineStartsAtTheRateAndEndsAtItsFraction) {
  recipe::Train train{.epochs = 11,
                      .learning_rate = 2,
                      .schedule = recipe::Schedule::kCosine,
                      .final_rate_factor = 0.1};
  EXPECT_NEAR(learning_rate(train, 0), 2, 1e-15);
  EXPECT_NEAR(learning_rate(train, 5), 0.2 + 1.8 / 2, 1e-12);
  EXPECT_NEAR(learning_rate(train, 10), 0.2, 1e-12);
}

}  // namespace
}  // namespace pare::train
