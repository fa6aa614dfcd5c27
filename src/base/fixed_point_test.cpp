#include "base/fixed_point.h"

#include <array>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

extern "C" {
int64_t c99_round_shift(int64_t num, int e, int rounding);
int64_t c99_requantize(int64_t acc, int64_t multiplier, int64_t addend, int e, int rounding,
                       int64_t lowest, int64_t highest);
}

namespace pare {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::array kRoundings = {
    PARE_HALF_EVEN, PARE_HALF_UP,     PARE_HALF_AWAY,        PARE_FLOOR,
    PARE_CEIL,      PARE_TOWARD_ZERO, PARE_HALF_TOWARD_ZERO, PARE_AWAY_FROM_ZERO};

/// Whether `result` is num / 2^e rounded, by the definition of each mode as an inequality between
/// exact rationals: with d = num - result * 2^e, |d| / 2^e is how far the result is away.
bool is_rounded(std::int64_t num, int e, pare_rounding rounding, std::int64_t result) {
  const Wide unit = Wide{1} << e;
  const Wide d = num - result * unit;
  const Wide distance = d < 0 ? -d : d;
  const bool is_tie = 2 * distance == unit;
  const bool is_nearest = 2 * distance <= unit;
  switch (rounding) {
    case PARE_HALF_EVEN:
      return is_nearest && (!is_tie || result % 2 == 0);
    case PARE_HALF_UP:
      return is_nearest && (!is_tie || d < 0);
    case PARE_HALF_AWAY:
      return is_nearest && (!is_tie || (d < 0) == (num > 0));
    case PARE_FLOOR:
      return d >= 0 && d < unit;
    case PARE_CEIL:
      return d <= 0 && -d < unit;
    case PARE_TOWARD_ZERO:
      return distance < unit && (num >= 0 ? d >= 0 : d <= 0);
    case PARE_HALF_TOWARD_ZERO:
      return is_nearest && (!is_tie || (d > 0) == (num > 0));
    case PARE_AWAY_FROM_ZERO:
      return distance < unit && (num >= 0 ? d <= 0 : d >= 0);
  }
  return false;
}

TEST(RoundShift, IsExactOnEverySmallNumber) {
  std::size_t cases = 0;
  for (const pare_rounding rounding : kRoundings) {
    for (int e = 0; e <= 7; ++e) {
      for (std::int64_t num = -1100; num <= 1100; ++num) {
        const std::int64_t result = pare_round_shift(num, e, rounding);
        ASSERT_TRUE(is_rounded(num, e, rounding, result))
            << num << " / 2^" << e << " mode " << rounding << " gave " << result;
        ++cases;
      }
    }
  }
  EXPECT_EQ(cases, kRoundings.size() * 8 * 2201);
}

TEST(RoundShift, SendsTiesWhereTheModeSays) {
  const auto round = [](std::int64_t halves, pare_rounding rounding) {
    return pare_round_shift(halves, 1, rounding);
  };
  EXPECT_EQ(round(-5, PARE_HALF_EVEN), -2);
  EXPECT_EQ(round(-3, PARE_HALF_EVEN), -2);
  EXPECT_EQ(round(5, PARE_HALF_EVEN), 2);
  EXPECT_EQ(round(-5, PARE_HALF_UP), -2);
  EXPECT_EQ(round(5, PARE_HALF_UP), 3);
  EXPECT_EQ(round(-5, PARE_HALF_AWAY), -3);
  EXPECT_EQ(round(5, PARE_HALF_AWAY), 3);
  EXPECT_EQ(round(-5, PARE_FLOOR), -3);
  EXPECT_EQ(round(-5, PARE_CEIL), -2);
  EXPECT_EQ(round(-5, PARE_TOWARD_ZERO), -2);
  EXPECT_EQ(round(5, PARE_TOWARD_ZERO), 2);
  EXPECT_EQ(round(-5, PARE_HALF_TOWARD_ZERO), -2);
  EXPECT_EQ(round(5, PARE_HALF_TOWARD_ZERO), 2);
  EXPECT_EQ(round(-5, PARE_AWAY_FROM_ZERO), -3);
  EXPECT_EQ(round(5, PARE_AWAY_FROM_ZERO), 3);
}

TEST(RoundShift, IsExactAtTheEndsOfItsRange) {
  std::size_t cases = 0;
  for (const pare_rounding rounding : kRoundings) {
    for (int e = 0; e <= 62; ++e) {
      const std::int64_t half = e == 0 ? 0 : std::int64_t{1} << (e - 1);
      for (const std::int64_t num : {kMin, kMin + 1, -half - 1, -half, -half + 1, half - 1, half,
                                     half + 1, kMax - 1, kMax}) {
        ASSERT_TRUE(is_rounded(num, e, rounding, pare_round_shift(num, e, rounding)))
            << num << " / 2^" << e << " mode " << rounding;
        ++cases;
      }
    }
  }
  EXPECT_EQ(cases, kRoundings.size() * 63 * 10);
}

RC_GTEST_PROP(RoundShift, IsExactEverywhere, ()) {
  const auto num = *rc::gen::arbitrary<std::int64_t>() >> *rc::gen::inRange(0, 63);
  const int e = *rc::gen::inRange(0, 63);
  const auto rounding = *rc::gen::elementOf(kRoundings);
  RC_ASSERT(is_rounded(num, e, rounding, pare_round_shift(num, e, rounding)));
}

TEST(Saturate, KeepsToTheRange) {
  EXPECT_EQ(pare_saturate(-9, -8, 7), -8);
  EXPECT_EQ(pare_saturate(-8, -8, 7), -8);
  EXPECT_EQ(pare_saturate(3, -8, 7), 3);
  EXPECT_EQ(pare_saturate(8, -8, 7), 7);
  EXPECT_EQ(pare_saturate(kMin, kMin, kMax), kMin);
  EXPECT_EQ(pare_saturate(kMax, 5, 5), 5);
}

TEST(Requantize, HoldsItsLargestProduct) {
  constexpr std::int64_t kMultiplier = (std::int64_t{1} << 24) - 1;
  constexpr std::int64_t kAcc = (std::int64_t{1} << 39) - 1;
  constexpr std::int64_t kAddend = std::int64_t{1} << 39;
  // (2^24 - 1)(2^39 - 1) + 2^39 = 2^63 - 2^24 + 1
  EXPECT_EQ(pare_requantize(kAcc, kMultiplier, kAddend, 0, PARE_FLOOR, kMin, kMax),
            kMax - (std::int64_t{1} << 24) + 2);
  EXPECT_EQ(pare_requantize(-kAcc, kMultiplier, -kAddend, 0, PARE_FLOOR, kMin, kMax),
            -kMax + (std::int64_t{1} << 24) - 2);
  EXPECT_EQ(pare_requantize(kAcc, -kMultiplier, -kAddend, 62, PARE_HALF_EVEN, -100, 100), -2);
}

TEST(Requantize, IsTheAffineMapRoundedAndSaturated) {
  // (3 * 5 + 1) / 4 = 4; (3 * 6 + 0) / 4 = 4.5
  EXPECT_EQ(pare_requantize(5, 3, 1, 2, PARE_HALF_EVEN, -31, 31), 4);
  EXPECT_EQ(pare_requantize(6, 3, 0, 2, PARE_HALF_EVEN, -31, 31), 4);
  EXPECT_EQ(pare_requantize(6, 3, 0, 2, PARE_HALF_UP, -31, 31), 5);
  EXPECT_EQ(pare_requantize(600, 3, 0, 2, PARE_HALF_UP, -31, 31), 31);
  EXPECT_EQ(pare_requantize(600, -3, 0, 2, PARE_HALF_UP, -31, 31), -31);
}

RC_GTEST_PROP(FixedPoint, IsTheSameInC99, ()) {
  const auto rounding = *rc::gen::elementOf(kRoundings);
  const int e = *rc::gen::inRange(0, 63);
  const auto num = *rc::gen::arbitrary<std::int64_t>();
  RC_ASSERT(c99_round_shift(num, e, rounding) == pare_round_shift(num, e, rounding));
  const auto acc = *rc::gen::inRange<std::int64_t>(-(1LL << 39) + 1, 1LL << 39);
  const auto multiplier = *rc::gen::inRange<std::int64_t>(-(1LL << 24) + 1, 1LL << 24);
  const auto addend = *rc::gen::inRange<std::int64_t>(-(1LL << 39), 1LL << 39);
  RC_ASSERT(c99_requantize(acc, multiplier, addend, e, rounding, -128, 127) ==
            pare_requantize(acc, multiplier, addend, e, rounding, -128, 127));
}

}  // namespace
}  // namespace pare
