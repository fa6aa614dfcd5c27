#include "search/sobol.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::search {
namespace {

using testing::ElementsAre;

constexpr std::uint32_t kHalf = 0x8000'0000;
constexpr std::uint32_t kQuarter = 0x4000'0000;

TEST(Sobol, StartsAsByHand) {
  // Dimension 2 has the polynomial x + 1 and m = 1, so m2 = 2 m1 ^ m1 = 3: directions 1/2, 3/4.
  // Dimension 3 has m = 1, 3: directions 1/2, 3/4 as well; its third is 4 m1 ^ 2 m2 ^ m1 = 3: 3/8.
  const Sobol sobol(3);
  EXPECT_THAT(sobol.point(0), ElementsAre(0, 0, 0));
  EXPECT_THAT(sobol.point(1), ElementsAre(kHalf, kHalf, kHalf));
  EXPECT_THAT(sobol.point(2), ElementsAre(kQuarter, kHalf + kQuarter, kHalf + kQuarter));
  EXPECT_THAT(sobol.point(3), ElementsAre(kHalf + kQuarter, kQuarter, kQuarter));
  EXPECT_EQ(sobol.point(4)[2], kQuarter + kQuarter / 2);
}

TEST(Sobol, EveryCoordinateTakesEveryMultipleOnce) {
  const Sobol sobol(Sobol::kMaxDimensions);
  for (std::size_t d = 0; d < Sobol::kMaxDimensions; ++d) {
    std::set<std::uint32_t> intervals;
    for (std::uint32_t i = 0; i < 1024; ++i) intervals.insert(sobol.point(i)[d] >> 22);
    EXPECT_EQ(intervals.size(), 1024U) << "dimension " << d;
  }
}

// Joe and Kuo's numbers have property A: of the first 2^d points of the first d coordinates each
// orthant of the cube holds one. That is so if the first digits of the points number 1, 2, 4, … are
// linearly independent over two elements. A wrong number in the table is likely to break it.
TEST(Sobol, EveryOrthantHoldsOnePoint) {
  for (int dimensions = 1; dimensions <= Sobol::kMaxDimensions; ++dimensions) {
    const Sobol sobol(dimensions);
    std::vector<std::uint32_t> rows;
    for (int k = 0; k < dimensions; ++k) {
      std::uint32_t row = 0;
      for (const std::uint32_t digits : sobol.point(1U << k)) row = (row << 1) | (digits >> 31);
      // Elimination: rows that were taken before, by falling highest digit.
      for (const std::uint32_t other : rows) row = std::min(row, row ^ other);
      EXPECT_NE(row, 0U) << dimensions << " dimensions, digit " << k;
      rows.push_back(row);
      std::sort(rows.rbegin(), rows.rend());
    }
  }
}

TEST(ScrambledSobol, StaysAsEvenAsBefore) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const ScrambledSobol sobol(2, seed);
    // A (0, m, 2)-net: each of the 16 boxes of volume 1/16, of every shape, holds one point.
    for (const int columns : {1, 2, 4, 8, 16}) {
      std::set<std::pair<int, int>> boxes;
      for (std::uint32_t i = 0; i < 16; ++i) {
        const std::vector<double> point = sobol.point(i);
        boxes.emplace(static_cast<int>(point[0] * columns),
                      static_cast<int>(point[1] * (16 / columns)));
      }
      EXPECT_EQ(boxes.size(), 16U) << columns << " columns, seed " << seed;
    }
  }
}

TEST(ScrambledSobol, DependsOnTheSeedAloneAndIsUniform) {
  EXPECT_EQ(ScrambledSobol(3, 7).point(5), ScrambledSobol(3, 7).point(5));
  EXPECT_NE(ScrambledSobol(3, 7).point(0), ScrambledSobol(3, 8).point(0));
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) sum += ScrambledSobol(1, seed).point(0)[0];
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);  // five standard deviations of the mean
}

}  // namespace
}  // namespace pare::search
