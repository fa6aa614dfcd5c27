#include "engine/linear.h"

#include <vector>

#include <gtest/gtest.h>

namespace pare::engine {
namespace {

using Weights = std::vector<std::int64_t>;

Matrix matrix_of(const Weights& weights, std::size_t num_inputs, program::Interval x) {
  return {.weight = weights,
          .num_outputs = weights.size() / num_inputs,
          .num_inputs = num_inputs,
          .x = x};
}

TEST(PackPairs, LeavesOutPairsOfZeros) {
  const Weights weights = {1, -2, 0, 0, 0, 3,  //
                           0, 0,  0, 0, 0, 0,  //
                           0, 0,  0, 4, 0, -1};
  const auto packed = pack_pairs(matrix_of(weights, 6, {0, 63}));
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->first, (std::vector<std::uint32_t>{0, 2, 2, 4, 4}));  // lists of four outputs
  EXPECT_EQ(packed->inputs, (std::vector<std::uint16_t>{0, 2, 1, 2}));
  EXPECT_EQ(packed->pairs[0], static_cast<std::int32_t>(0xFE01FE01U));
  EXPECT_EQ(packed->pairs[1], 0x03000300);
}

TEST(PackSparse, HasAGroupForEachOfFourOutputs) {
  const Weights weights = {0, 0, 0, 0, 0, 5,  //
                           0, 0, 0, 0, 0, 0,  //
                           1, 0, 0, 0, 0, 6};
  const SparseWeights packed = pack_sparse(matrix_of(weights, 6, {0, 63}));
  EXPECT_EQ(packed.first, (std::vector<std::uint32_t>{0, 1, 2, 4, 5}));
  EXPECT_EQ(packed.inputs, (std::vector<std::uint16_t>{1, 0, 0, 1, 0}));
  EXPECT_EQ(std::vector<std::int32_t>(packed.groups.begin(), packed.groups.end()),
            (std::vector<std::int32_t>{0x0500, 0, 1, 0x0600, 0}));
}

TEST(PackPairs, WantsSumsThatFit16BitsInAnyOrder) {
  // 127 * 255 = 32385: with 382 more it is 32767, the largest number of 16 bits.
  const Weights weights = {127, 1};
  Matrix matrix = matrix_of(weights, 2, {0, 255});
  Weights bias = {32767 - 32385 - 255};
  matrix.bias = bias;
  EXPECT_TRUE(pack_pairs(matrix));
  bias[0] += 1;
  EXPECT_FALSE(pack_pairs(matrix));
  // The sum of all is 0, but not every partial one is small.
  const Weights opposite = {127, 127, -127, -127};
  EXPECT_FALSE(pack_pairs(matrix_of(opposite, 4, {0, 255})));
}

TEST(PackDense, CutsInputsIntoRunsWhoseSumsFit16Bits) {
  // A group adds 2 * 31 * 63 = 3906 to each sum: 8 of them make 31248, 9 are too many.
  const Weights eight(32, 31);
  EXPECT_EQ(pack_dense(matrix_of(eight, 32, {0, 63})).run, 8U);
  const Weights nine(36, 31);
  EXPECT_EQ(pack_dense(matrix_of(nine, 36, {0, 63})).run, 5U);  // as two
  const Weights alternating = {31, 31, -31, -31, 31, 31, -31, -31};
  EXPECT_EQ(pack_dense(matrix_of(alternating, 8, {0, 63})).run, 2U);
  // Signed inputs count as unsigned ones, 128 more: 2 * 31 * 255 = 15810 a group.
  const Weights three(12, 31);
  EXPECT_EQ(pack_dense(matrix_of(three, 12, {-32, 31})).run, 2U);
}

}  // namespace
}  // namespace pare::engine
