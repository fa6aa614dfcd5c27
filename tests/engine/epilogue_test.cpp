// The floating-point epilogue against the definition, sum by sum.

#include "engine/epilogue.h"

#include <algorithm>
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

std::optional<Epilogue> epilogue_of(const Case& of, bool has_fma) {
  program::Program program;
  const auto constant = [&](const std::string& name, std::int64_t value) {
    program::Constant made{.name = name, .width = {63, true}, .shape = {1}};
    made.values.push_back(value);
    return add_constant(program, std::move(made));
  };
  program::Requantize op = of.op;
  op.multiplier = constant("m", of.multiplier);
  op.addend = constant("b", of.addend);
  op.shift = constant("e", of.shift);
  const program::Node node{op, {}, {}};
  const Interval sums[] = {of.sums};
  const std::int64_t bias[] = {of.bias};
  return make_epilogue({.program = program,
                        .node = node,
                        .sums = sums,
                        .bias = bias,
                        .padded_size = 16,
                        .has_fma = has_fma});
}

std::int64_t expected(const Case& of, std::int64_t sum) {
  return pare_requantize(sum + of.bias, of.multiplier, of.addend, static_cast<int>(of.shift),
                         program::to_fixed_point(of.op.rounding), of.op.lowest, of.op.highest);
}

/// As kernels compute it.
std::int64_t code_of(const Epilogue& epilogue, std::int64_t sum, bool has_fma) {
  double result = 0;
  if (epilogue.arithmetic == Epilogue::Arithmetic::kFloat) {
    const float m = epilogue.multiply_f[0];
    const float b = epilogue.add_f[0];
    const auto x = static_cast<float>(sum);
    result = static_cast<double>(has_fma ? std::fma(m, x, b) : m * x + b);
  } else {
    result = epilogue.multiply_d[0] * static_cast<double>(sum) + epilogue.add_d[0];
  }
  result = std::nearbyint(result);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(result) + epilogue.center,
                                  epilogue.lowest, epilogue.highest);
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
