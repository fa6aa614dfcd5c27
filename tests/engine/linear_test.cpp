#include "engine/linear.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "program/random_inputs.h"

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
  EXPECT_EQ(packed.inputs, (std::vector<std::uint16_t>{1, 0, 0, 1, 0, 0}));
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

/// Any of the values, every one of them at least once if there is room.
Weights any_of(program::RandomNumbers& random, std::size_t count, const Weights& values) {
  Weights weights(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto any = static_cast<std::size_t>(random.in(0, std::ssize(values) - 1));
    weights[i] = i < values.size() ? values[i] : values[any];
  }
  return weights;
}

std::int64_t weight_at(const DenseWeights& packed, std::size_t output, std::size_t input) {
  const Codebook& codebook = *packed.codebook;
  const auto bits = static_cast<std::size_t>(codebook.bits);
  const std::size_t num_sets = codebook.words.size() / packed.bias.size();
  const std::size_t group = input / 4;
  const std::size_t set = group / (8 / bits);
  const auto word = static_cast<std::uint32_t>(
      codebook.words[(output / kBlock * num_sets + set) * kBlock + output % kBlock]);
  const std::size_t place = 8 * (input % 4) + bits * (group % (8 / bits));
  return codebook.values[(word >> place) & ((1U << bits) - 1)];
}

TEST(PackCodebook, HoldsEveryWeightInAsFewBitsAsValuesNeed) {
  struct Case {
    Weights values;
    int bits;
  };
  const Case cases[] = {{{-1, 1}, 1},
                        {{7}, 1},
                        {{-128, 127}, 1},
                        {{-1, 0, 1}, 2},
                        {{-3, -1, 1, 3}, 2},
                        {{-2, -1, 0, 1, 2}, 4},
                        {{-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7}, 4}};
  program::RandomNumbers random(1);
  for (const auto& [values, bits] : cases) {
    for (const std::size_t num_inputs : {4U, 8U, 20U, 36U, 100U}) {
      const Weights weights = any_of(random, 19 * num_inputs, values);
      const auto packed = pack_codebook(matrix_of(weights, num_inputs, {0, 63}));
      ASSERT_TRUE(packed);
      EXPECT_EQ(packed->codebook->bits, bits);
      EXPECT_TRUE(packed->groups.empty());
      for (std::size_t k = 0; k < weights.size(); ++k) {
        ASSERT_EQ(weight_at(*packed, k / num_inputs, k % num_inputs), weights[k])
            << values.size() << " values, weight " << k << " of rows of " << num_inputs;
      }
    }
  }
}

TEST(PackCodebook, CountsTheZerosOfInputsThatTheLastGroupLacks) {
  const Weights weights = {-1, 1, 1, 1, 1, -1};
  const auto packed = pack_codebook(matrix_of(weights, 6, {0, 63}));
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->codebook->bits, 2);
  EXPECT_EQ(weight_at(*packed, 0, 5), -1);
  EXPECT_EQ(weight_at(*packed, 0, 6), 0);
  EXPECT_EQ(weight_at(*packed, 0, 7), 0);
}

TEST(PackCodebook, WantsAtMostSixteenValuesAndNotTooManyInputs) {
  Weights weights(20);
  for (std::int64_t i = 0; i < 20; ++i) {
    weights[static_cast<std::size_t>(i)] = std::min<std::int64_t>(i, 15) - 8;
  }
  EXPECT_TRUE(pack_codebook(matrix_of(weights, 20, {0, 63})));
  weights[19] = 8;
  EXPECT_FALSE(pack_codebook(matrix_of(weights, 20, {0, 63})));
  const Weights many(kMostCodebookInputs + 4, 1);
  EXPECT_FALSE(pack_codebook(matrix_of(many, many.size(), {0, 63})));
  Matrix shorts = matrix_of(weights, 20, {0, 63});
  shorts.interleave = 2;
  EXPECT_FALSE(pack_codebook(shorts));
}

TEST(PackCodebook, TakesTheShareOfMemoryThatItsBitsAre) {
  const Weights weights(64 * 4096, 1);
  const std::size_t dense = bytes_of(pack_dense(matrix_of(weights, 4096, {0, 63})));
  const std::size_t one_bit = bytes_of(*pack_codebook(matrix_of(weights, 4096, {0, 63})));
  EXPECT_EQ(dense - one_bit, 64 * 4096 * 7 / 8 - 16);  // the values have 16 bytes
}

}  // namespace
}  // namespace pare::engine
