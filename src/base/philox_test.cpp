#include "base/philox.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare {
namespace {

using ::testing::ElementsAre;

// Random123's known answers (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox4x32, KnownAnswers) {
  EXPECT_THAT(philox4x32({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_THAT(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
  EXPECT_THAT(
      philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      ElementsAre(0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
}

TEST(Philox, EveryPartOfTheKeyChangesTheNumbers) {
  const auto first = [](const Philox& random) { return random.bits(0); };
  const std::set<std::uint32_t> distinct = {
      first(Philox(1, RandomStream::kInit)),
      first(Philox(2, RandomStream::kInit)),
      first(Philox(1 + (std::uint64_t{1} << 32), RandomStream::kInit)),
      first(Philox(1, RandomStream::kShuffle)),
      first(Philox(1, RandomStream::kInit, 1)),
      first(Philox(1, RandomStream::kInit, 0, 1)),
      Philox(1, RandomStream::kInit).bits(1),
      Philox(1, RandomStream::kInit).bits(std::uint64_t{1} << 40)};
  EXPECT_EQ(distinct.size(), 8u);
}

TEST(Philox, TheSameKeyAndIndexGiveTheSameNumber) {
  const Philox a(7, RandomStream::kDropout, 3, 4);
  const Philox b(7, RandomStream::kDropout, 3, 4);
  for (const std::uint64_t index : {99u, 3u, 0u}) EXPECT_EQ(a.bits(index), b.bits(index));
}

TEST(Philox, UniformsFillTheUnitInterval) {
  const Philox random(1, RandomStream::kInit);
  constexpr int kCount = 100'000;
  double sum = 0;
  double least = 1;
  double most = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = random.uniform(static_cast<std::uint64_t>(i));
    sum += u;
    least = std::min(least, u);
    most = std::max(most, u);
  }
  EXPECT_GE(least, 0);
  EXPECT_LT(most, 1);
  EXPECT_LT(least, 1e-3);
  EXPECT_GT(most, 1 - 1e-3);
  // Five standard deviations of the mean of uniforms.
  EXPECT_NEAR(sum / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
}

TEST(Philox, NormalsHaveMeanZeroVarianceOneAndTheRightTails) {
  const Philox random(1, RandomStream::kSynthetic);
  constexpr int kCount = 100'000;
  double sum = 0;
  double squares = 0;
  int beyond_two = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal(static_cast<std::uint64_t>(i));
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    beyond_two += std::abs(x) > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(beyond_two / static_cast<double>(kCount), 0.0455, 0.004);
}

TEST(Philox, BelowReachesEveryValueEvenly) {
  const Philox random(3, RandomStream::kSplit);
  std::array<int, 5> counts{};
  for (std::uint64_t i = 0; i < 50'000; ++i) ++counts.at(random.below(i, 5));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 5 * std::sqrt(50'000 * 0.2 * 0.8));
  EXPECT_EQ(random.below(0, 1), 0u);
}

TEST(Philox, PermutationsHoldEveryNumberOnce) {
  const Philox random(1, RandomStream::kShuffle, 2);
  auto order = random.permutation(1000);
  EXPECT_EQ(order, Philox(1, RandomStream::kShuffle, 2).permutation(1000));
  EXPECT_NE(order, Philox(1, RandomStream::kShuffle, 3).permutation(1000));
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], static_cast<std::int64_t>(i));
  EXPECT_TRUE(random.permutation(0).empty());
}

// Each of the 6 orders of three comes up equally often.
TEST(Philox, PermutationsFavourNoOrder) {
  std::map<std::vector<std::int64_t>, int> counts;
  for (std::uint32_t epoch = 0; epoch < 6000; ++epoch) {
    ++counts[Philox(1, RandomStream::kShuffle, epoch).permutation(3)];
  }
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) {
    EXPECT_NEAR(count, 1000, 5 * std::sqrt(6000 / 6.0 * 5 / 6));
  }
}

}  // namespace
}  // namespace pare
