#include "lower/interface.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace pare::lower {
namespace {

Interface two_channels() {
  Interface interface;
  interface.input_shape = {2, 2};
  interface.input = {
      .mean = {1, 10}, .scale = {2, 4}, .codec = {{4, 1}, {8, 1}}, .codes = {-7, 7, 7}};
  interface.output_shape = {2};
  return interface;
}

TEST(MapInput, StandardisesRoundsAndSaturatesByChannel) {
  const Interface interface = two_channels();
  const std::vector<float> raw = {1, 2, 10, 11, 100, 1.25F, -100, 10.25F};
  std::vector<std::int64_t> codes(raw.size());
  map_input(interface, std::span<const float>(raw), codes);
  // 1.25: 0.125 x 4 = 0.5, a tie, to the even 0. 10.25: 0.0625 x 8 = 0.5, too.
  EXPECT_EQ(codes, (std::vector<std::int64_t>{0, 2, 0, 2, 7, 0, -7, 0}));
}

TEST(MapInput, TakesNanForTheCodeOfZero) {
  const std::vector<double> raw = {std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<double>::infinity(),
                                   -std::numeric_limits<double>::infinity(), 10};
  std::vector<std::int64_t> codes(raw.size());
  map_input(two_channels(), std::span<const double>(raw), codes);
  EXPECT_EQ(codes, (std::vector<std::int64_t>{0, 7, -7, 0}));
}

TEST(MapOutput, ScalesOffsetsAndAppliesTheSoftmaxBySample) {
  Interface interface = two_channels();
  interface.output = {.scale = {0.5, 2}, .offset = {1}};
  const std::vector<std::int64_t> codes = {2, 3, 4, 0};
  std::vector<double> values(4);
  map_output(interface, codes, values);
  EXPECT_EQ(values, (std::vector<double>{2, 7, 3, 1}));
  EXPECT_FALSE(is_argmax_of_codes(interface.output));
  interface.output.is_softmax = true;
  map_output(interface, codes, values);
  EXPECT_NEAR(values[0], 1 / (1 + std::exp(5.0)), 1e-15);
  EXPECT_NEAR(values[2] + values[3], 1, 1e-15);
  EXPECT_TRUE(is_argmax_of_codes({.scale = {0.25}, .offset = {0}}));
}

}  // namespace
}  // namespace pare::lower
