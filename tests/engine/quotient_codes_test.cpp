// Codes of quotients without a division, against those of a division.

#include "engine/quotient_codes.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "program/random_inputs.h"

namespace pare::engine {
namespace {

constexpr std::int32_t kLargest = 511;

float random_float(program::RandomNumbers& random) {
  const auto mantissa = static_cast<float>(random.in(1 << 23, (1 << 24) - 1));
  return std::ldexp(mantissa, static_cast<int>(random.in(-40, 4)));
}

float moved(float x, std::int32_t by) {
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(x) + by);
}

TEST(QuotientCodes, AreThoseOfADivisionWhereverCodesChange) {
  program::RandomNumbers random(1);
  int num_exact = 0;
  for (int i = 0; i < 300; ++i) {
    const Quotient quotient(random_float(random));
    if (!has_exact_codes(quotient, kLargest)) continue;
    ++num_exact;
    for (std::int32_t code = -kLargest; code < kLargest; ++code) {
      const auto x = static_cast<float>((code + 0.5) * static_cast<double>(quotient.divisor));
      for (std::int32_t by = -3; by <= 3; ++by) {
        const float near = moved(x, by);
        ASSERT_EQ(std::nearbyint(quotient(near)), std::nearbyint(near / quotient.divisor))
            << near << " / " << quotient.divisor;
      }
    }
  }
  EXPECT_GT(num_exact, 250);
}

TEST(QuotientCodes, AreThoseOfADivisionAnywhere) {
  program::RandomNumbers random(2);
  for (int i = 0; i < 300; ++i) {
    const Quotient quotient(random_float(random));
    if (!has_exact_codes(quotient, kLargest)) continue;
    for (int k = 0; k < 1000; ++k) {
      const float x =
          quotient.divisor * static_cast<float>(random.in(-1 << 20, 1 << 20)) * 0x1p-11F;
      ASSERT_EQ(std::nearbyint(quotient(x)), std::nearbyint(x / quotient.divisor))
          << x << " / " << quotient.divisor;
    }
  }
}

TEST(QuotientCodes, AreNotANumberWhereSomethingOverflows) {
  const Quotient quotient(0.1F);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(std::isnan(quotient(infinity)));
  EXPECT_TRUE(std::isnan(quotient(-infinity)));
  EXPECT_TRUE(std::isnan(quotient(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(quotient(std::numeric_limits<float>::max())));
}

TEST(QuotientCodes, AreRefusedForDivisorsThatLeadFarAway) {
  EXPECT_FALSE(has_exact_codes(Quotient(0x1p-41F), kLargest));
  EXPECT_FALSE(has_exact_codes(Quotient(0x1p41F), kLargest));
  EXPECT_FALSE(has_exact_codes(Quotient(0.0F), kLargest));
  EXPECT_FALSE(has_exact_codes(Quotient(3.0F), 1 << 22));
  EXPECT_TRUE(has_exact_codes(Quotient(3.0F), (1 << 22) - 1));
}

}  // namespace
}  // namespace pare::engine
