#include "metrics/softmax.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace pare::metrics {
namespace {

TEST(Softmax, OfKnownValues) {
  std::vector<double> values = {0, std::log(3.0), 0};
  softmax(values);
  EXPECT_NEAR(values[0], 0.2, 1e-15);
  EXPECT_NEAR(values[1], 0.6, 1e-15);
}

TEST(Softmax, StaysFiniteForLargeValues) {
  std::vector<double> values = {1e308, -1e308, 1e308};
  softmax(values);
  EXPECT_EQ(values, (std::vector<double>{0.5, 0, 0.5}));
}

TEST(ToProbabilities, TakesASingleOutputForLogOdds) {
  std::vector<double> one = {std::log(4.0)};
  to_probabilities(one);
  EXPECT_NEAR(one[0], 0.8, 1e-15);
  std::vector<double> two = {0, 0};
  to_probabilities(two);
  EXPECT_EQ(two, (std::vector<double>{0.5, 0.5}));
}

}  // namespace
}  // namespace pare::metrics
