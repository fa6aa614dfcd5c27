// The floating-point epilogue against the definition, sum by sum.

#include "engine/epilogue.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fixed_point.h"
#include "program/random_inputs.h"
#include "program/rounding.h"

namespace pare::engine {
namespace {

using program::Interval;

/// One requantize of one output, with what the sums still lack.
struct Case {
  std::int64_t multiplier = 0;
  std::int64_t addend = 0;
  std::int64_t shift = 0;
  std::int64_t bias = 0;
  Interval sums = {};
  program::Requantize op = {};
};

/// Of outputs that differ in their constants, bias and sums.
std::optional<Epilogue> epilogue_of(const std::vector<Case>& cases, bool has_fma) {
  program::Program program;
  const auto constant = [&](const std::string& name, std::int64_t Case::*value) {
    const auto size = static_cast<std::int64_t>(cases.size());
    program::Constant made{.name = name, .width = {63, true}, .shape = {size}};
    for (const Case& of : cases) made.values.push_back(of.*value);
    return add_constant(program, std::move(made));
  };
  program::Requantize op = cases.front().op;
  op.multiplier = constant("m", &Case::multiplier);
  op.addend = constant("b", &Case::addend);
  op.shift = constant("e", &Case::shift);
  const program::Node node{op, {}, {}};
  std::vector<Interval> sums;
  std::vector<std::int64_t> bias;
  for (const Case& of : cases) {
    sums.push_back(of.sums);
    bias.push_back(of.bias);
  }
  return make_epilogue({.program = program,
                        .node = node,
                        .sums = sums,
                        .bias = bias,
                        .padded_size = 16,
                        .has_fma = has_fma,
                        .is_for_batches = true});
}

std::optional<Epilogue> epilogue_of(const Case& of, bool has_fma) {
  return epilogue_of(std::vector<Case>{of}, has_fma);
}

std::int64_t expected(const Case& of, std::int64_t sum) {
  return pare_requantize(sum + of.bias, of.multiplier, of.addend, static_cast<int>(of.shift),
                         program::to_fixed_point(of.op.rounding), of.op.lowest, of.op.highest);
}

std::int64_t code_of(const Epilogue& epilogue, double result) {
  // What kernels can convert.
  EXPECT_LT(std::abs(result), 0x1p31);
  return std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::nearbyint(result)) + epilogue.center, epilogue.lowest,
      epilogue.highest);
}

std::int64_t float_code_of(const Epilogue& epilogue, std::size_t i, std::int64_t sum,
                           bool has_fma) {
  const float m = epilogue.multiply_f[i];
  const float b = epilogue.add_f[i];
  const auto x = static_cast<float>(sum);
  return code_of(epilogue, static_cast<double>(has_fma ? std::fma(m, x, b) : m * x + b));
}

std::int64_t double_code_of(const Epilogue& epilogue, std::size_t i, std::int64_t sum) {
  return code_of(epilogue, epilogue.multiply_d[i] * static_cast<double>(sum) + epilogue.add_d[i]);
}

/// As kernels compute it.
std::int64_t code_of(const Epilogue& epilogue, std::int64_t sum, bool has_fma) {
  return epilogue.arithmetic == Epilogue::Arithmetic::kFloat
             ? float_code_of(epilogue, 0, sum, has_fma)
             : double_code_of(epilogue, 0, sum);
}

/// As kernels compute it: the lower 16 bits of the result, saturated.
std::int64_t magic_code_of(const Epilogue& epilogue, std::size_t i, std::int64_t sum) {
  const MagicOutput& output = epilogue.magic[i];
  const auto x = std::bit_cast<float>(static_cast<std::int32_t>(output.bias + sum));
  const float y = std::fma(x, output.multiply, output.add);
  const auto lower = static_cast<std::int16_t>(std::bit_cast<std::uint32_t>(y) & 0xFFFF);
  return std::clamp<std::int64_t>(lower, 0, epilogue.highest);
}

Case random_case(std::uint64_t seed) {
  program::RandomNumbers random(seed);
  Case made;
  made.shift = random.in(0, 30);
  made.bias = random.one_in(2) ? random.of_bits(14) : 0;
  made.multiplier = random.of_bits(static_cast<int>(std::min<std::int64_t>(24, made.shift + 2)));
  const int codes_bits = static_cast<int>(random.in(1, 8));
  made.op.lowest = random.one_in(2) ? 0 : -(std::int64_t{1} << (codes_bits - 1));
  made.op.highest = made.op.lowest + (std::int64_t{1} << codes_bits) - 1;
  made.op.rounding = random.one_in(2) ? program::Rounding::kHalfEven
                                      : static_cast<program::Rounding>(random.in(0, 7));
  made.addend = random.of_bits(static_cast<int>(made.shift) + codes_bits);
  const std::int64_t first = random.of_bits(14);
  made.sums = {first, first + random.in(0, 20000)};
  return made;
}

TEST(Epilogue, EqualsTheDefinitionForEverySum) {
  int num_float = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const Case of = random_case(seed);
    const bool has_fma = seed % 2 == 0;
    const auto epilogue = epilogue_of(of, has_fma);
    if (!epilogue) continue;
    num_float += epilogue->arithmetic == Epilogue::Arithmetic::kFloat ? 1 : 0;
    for (std::int64_t sum = of.sums.lowest; sum <= of.sums.highest; ++sum) {
      ASSERT_EQ(code_of(*epilogue, sum, has_fma), expected(of, sum)) << "seed " << seed;
    }
  }
  EXPECT_GT(num_float, 400);
}

TEST(Epilogue, EqualsTheDefinitionForWideSums) {
  int num_double = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    program::RandomNumbers random(seed);
    Case of = random_case(seed);
    of.shift = 45;
    of.multiplier = random.in(1 << 22, 1 << 23);
    of.addend = random.of_bits(48);
    of.sums = {-(1 << 27), 1 << 27};
    const auto epilogue = epilogue_of(of, true);
    if (!epilogue) continue;
    num_double += epilogue->arithmetic == Epilogue::Arithmetic::kDouble ? 1 : 0;
    for (int i = 0; i < 2000; ++i) {
      const std::int64_t sum = random.in(of.sums.lowest, of.sums.highest);
      ASSERT_EQ(code_of(*epilogue, sum, true), expected(of, sum)) << "seed " << seed;
    }
  }
  EXPECT_GT(num_double, 100);
}

TEST(Epilogue, TakesDoubleWhereFloatIsTooCoarse) {
  // A sum is 1 / 2^22 of a code: sums of 28 bits, of which float32 sees 24.
  Case of{.multiplier = (1 << 23) + 1, .addend = 0, .shift = 45, .bias = 0, .sums = {}, .op = {}};
  of.sums = {0, (1 << 28) - 1};
  of.op.highest = 63;
  const auto epilogue = epilogue_of(of, true);
  ASSERT_TRUE(epilogue);
  EXPECT_EQ(epilogue->arithmetic, Epilogue::Arithmetic::kDouble);
  EXPECT_EQ(epilogue->center, 32);
}

/// Of a network of jets: some sum's numerator is a 2^-21 of a code away from the middle between
/// two, where float32 sees 2^-20.
Case too_near_for_float() {
  Case of{.multiplier = 12881723,
          .addend = -528154481618,
          .shift = 36,
          .bias = 0,
          .sums = {-4360318, 4486907},
          .op = {}};
  of.op.highest = 63;
  return of;
}

TEST(Epilogue, MovesTheLineWhereTheExactOneIsTooNear) {
  const Case of = too_near_for_float();
  const auto epilogue = epilogue_of(of, true);
  ASSERT_TRUE(epilogue);
  ASSERT_EQ(epilogue->arithmetic, Epilogue::Arithmetic::kFloat);
  EXPECT_NE(epilogue->multiply_f[0], std::ldexp(12881723.0F, -36));
  for (std::int64_t sum = of.sums.lowest; sum <= of.sums.highest; ++sum) {
    ASSERT_EQ(code_of(*epilogue, sum, true), expected(of, sum)) << sum;
  }
}

TEST(Epilogue, KnowsForWhichOutputsFloatIsEnough) {
  Case coarse = too_near_for_float();
  coarse.multiplier = (1 << 23) + 1;
  coarse.addend = 0;
  coarse.shift = 45;
  coarse.sums = {0, (1 << 28) - 1};
  const std::vector<Case> cases = {too_near_for_float(), coarse, too_near_for_float()};
  const auto epilogue = epilogue_of(cases, true);
  ASSERT_TRUE(epilogue);
  ASSERT_EQ(epilogue->arithmetic, Epilogue::Arithmetic::kDouble);
  ASSERT_EQ(epilogue->is_float.size(), 16);
  EXPECT_TRUE(epilogue->is_float[0]);
  EXPECT_FALSE(epilogue->is_float[1]);
  EXPECT_TRUE(epilogue->is_float[2]);
  EXPECT_TRUE(epilogue->is_float[3]) << "padding need not take long";
  EXPECT_EQ(epilogue->multiply_f[1], 1) << "what double made is left as it is";
  EXPECT_EQ(epilogue->add_f[1], 0);
  program::RandomNumbers random(1);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (int k = 0; k < 20000; ++k) {
      const std::int64_t sum = random.in(cases[i].sums.lowest, cases[i].sums.highest);
      ASSERT_EQ(double_code_of(*epilogue, i, sum), expected(cases[i], sum)) << i << ' ' << sum;
      if (!epilogue->is_float[i]) continue;
      ASSERT_EQ(float_code_of(*epilogue, i, sum, true), expected(cases[i], sum)) << i << ' ' << sum;
    }
  }
}

TEST(Epilogue, HasMagicLinesThatEqualTheDefinitionForEverySum) {
  int num_magic = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const Case of = random_case(seed);
    const auto epilogue = epilogue_of(of, true);
    if (!epilogue || epilogue->magic.empty()) continue;
    ASSERT_EQ(of.op.lowest, 0) << "seed " << seed;
    ASSERT_TRUE(epilogue->magic[0].is_found) << "seed " << seed;
    ++num_magic;
    for (std::int64_t sum = of.sums.lowest; sum <= of.sums.highest; ++sum) {
      ASSERT_EQ(magic_code_of(*epilogue, 0, sum), expected(of, sum)) << "seed " << seed;
    }
  }
  EXPECT_GT(num_magic, 150);
}

TEST(Epilogue, HasAMagicLineWhereFloatHasToMoveItsOwn) {
  Case of = too_near_for_float();
  of.sums = {-2000000, 2100000};
  const auto epilogue = epilogue_of(of, true);
  ASSERT_TRUE(epilogue);
  ASSERT_FALSE(epilogue->magic.empty());
  for (std::int64_t sum = of.sums.lowest; sum <= of.sums.highest; ++sum) {
    ASSERT_EQ(magic_code_of(*epilogue, 0, sum), expected(of, sum)) << sum;
  }
  EXPECT_TRUE(epilogue_of(of, false)->magic.empty());
  of.sums = too_near_for_float().sums;  // 2^23 apart and more
  EXPECT_TRUE(epilogue_of(of, true)->magic.empty());
}

TEST(Epilogue, LeavesSettledSumsOfFewOutputsAsTheyAre) {
  Case small = too_near_for_float();
  small.sums = {-1000, 1000};
  std::vector<Case> cases(9, small);
  cases[4] = too_near_for_float();
  const auto epilogue = epilogue_of(cases, true);
  ASSERT_TRUE(epilogue);
  ASSERT_EQ(epilogue->magic.size(), 16);
  EXPECT_TRUE(epilogue->magic[3].is_found);
  EXPECT_FALSE(epilogue->magic[4].is_found);
  EXPECT_EQ(epilogue->magic[4].bias, 0);
  for (std::int64_t code = 0; code < 64; ++code) {
    EXPECT_EQ(magic_code_of(*epilogue, 4, kMagicBits + code), code);
  }
  cases[5] = cases[4];
  EXPECT_TRUE(epilogue_of(cases, true)->magic.empty()) << "2 of 9";
}

TEST(Epilogue, HasNoMagicLineWithACodeBeyond16Bits) {
  // Before it is clamped, the largest sum's is 2^15.
  Case of{.multiplier = 1, .addend = 0, .shift = 0, .bias = 0, .sums = {0, 1 << 15}, .op = {}};
  of.op.highest = 63;
  EXPECT_TRUE(epilogue_of(of, true)->magic.empty());
  --of.sums.highest;
  EXPECT_FALSE(epilogue_of(of, true)->magic.empty());
}

TEST(FirstMultiple, IsTheSmallestThatThereIs) {
  program::RandomNumbers random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto number = [&](std::uint64_t end) {
      return static_cast<std::uint64_t>(random.in(0, static_cast<std::int64_t>(end) - 1));
    };
    const std::uint64_t modulus = 1 + number(120);
    const std::uint64_t step = number(modulus);
    const std::uint64_t low = number(modulus);
    const std::uint64_t high = low + number(modulus - low);
    std::optional<std::uint64_t> smallest;
    for (std::uint64_t k = 0; k < modulus && !smallest; ++k) {
      const std::uint64_t at = step * k % modulus;
      if (at >= low && at <= high) smallest = k;
    }
    ASSERT_EQ(first_multiple(step, modulus, low, high), smallest)
        << step << " mod " << modulus << ": " << low << " ... " << high;
  }
}

TEST(Epilogue, IsRefusedWhereDoubleIsNotExact) {
  Case of{.multiplier = (1 << 24) - 1,
          .addend = std::int64_t{1} << 60,
          .shift = 0,
          .bias = 0,
          .sums = {-(1 << 20), 1 << 20},
          .op = {}};
  of.op.lowest = -9;
  of.op.highest = 9;
  EXPECT_FALSE(epilogue_of(of, true));
}

TEST(Epilogue, KnowsWhereTheSignDecidesNothing) {
  Case of{.multiplier = 3, .addend = 0, .shift = 4, .bias = 0, .sums = {-500, 500}, .op = {}};
  of.op.rounding = program::Rounding::kTowardZero;
  of.op.highest = 63;
  EXPECT_TRUE(epilogue_of(of, true));
  of.op.lowest = -64;
  EXPECT_FALSE(epilogue_of(of, true));
}

}  // namespace
}  // namespace pare::engine
