#include "lower/affine.h"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/error.h"

namespace pare::lower {
namespace {

TEST(FixedPoint, OfPowersOfTwoIsAShift) {
  EXPECT_EQ(fixed_point(0x1p-9, 0, {-1000, 1000}, "fc1"), (FixedPoint{1, 0, 9}));
  EXPECT_EQ(fixed_point(4, 0, {-1000, 1000}, "fc1"), (FixedPoint{4, 0, 0}));
  EXPECT_EQ(fixed_point(-0x1p-3, 0.75, {-10, 10}, "fc1"), (FixedPoint{-1, 6, 3}));
  EXPECT_EQ(fixed_point(0, 2, {-10, 10}, "fc1"), (FixedPoint{0, 2, 0}));
}

TEST(FixedPoint, HoldsItsBoundsForAnyScale) {
  rc::check([] {
    const double scale = *rc::gen::inRange(-1000, 1001) * std::ldexp(1, *rc::gen::inRange(-60, 12));
    const double offset =
        *rc::gen::inRange(-1000, 1001) * std::ldexp(1, *rc::gen::inRange(-20, 10));
    const std::int64_t largest = std::int64_t{1} << *rc::gen::inRange(0, 36);
    const FixedPoint form = fixed_point(scale, offset, {-largest, largest}, "fc1");
    RC_ASSERT(std::abs(form.multiplier) < (1 << 24));
    RC_ASSERT(form.shift >= 0 && form.shift <= 62);
    const auto top = static_cast<double>(largest);
    RC_ASSERT(std::abs(static_cast<double>(form.multiplier)) * top +
                  std::abs(static_cast<double>(form.addend)) <
              0x1p62);
    for (const double acc : {-top, top, top / 3, 1.0, 0.0}) {
      const double exact = scale * std::floor(acc) + offset;
      const double found = std::ldexp(
          static_cast<double>(form.multiplier) * std::floor(acc) + static_cast<double>(form.addend),
          -form.shift);
      // Where the shift was cut short, the step of the addend is what is left.
      const double bound =
          std::ldexp(std::abs(scale) * top + 1, -23) + std::ldexp(top + 1, -form.shift);
      RC_ASSERT(std::abs(found - exact) <= bound);
    }
  });
}

// A channel that training has switched off: a scale of almost nothing beside an offset.
TEST(FixedPoint, KeepsAddendsShortWhereTheScaleIsTiny) {
  for (const double scale : {0.0, 1e-30, 1e-18, 1e-12}) {
    const FixedPoint form = fixed_point(scale, 60.3, {-(1 << 22), 1 << 22}, "fc1");
    EXPECT_LE(form.shift, 25 + 23);
    EXPECT_LT(std::abs(form.addend), std::int64_t{1} << 55);
    EXPECT_NEAR(std::ldexp(static_cast<double>(form.addend), -form.shift), 60.3, 1e-7);
  }
}

TEST(FixedPoint, RefusesWhatNoShiftHolds) {
  EXPECT_THROW(fixed_point(0x1p24, 0, {0, 1}, "fc1"), InputError);
  EXPECT_THROW(fixed_point(1, 0x1p62, {0, 1}, "fc1"), InputError);
}

TEST(Broadcasting, FindsTheSmallestShape) {
  using List = std::vector<std::int64_t>;
  EXPECT_EQ(broadcasting(List{5, 5, 5, 5}, {2, 2}).shape, (Shape{1}));
  EXPECT_EQ(broadcasting(List{5, 5, 6, 6}, {2, 2}).shape, (Shape{2, 1}));
  EXPECT_EQ(broadcasting(List{5, 5, 6, 6}, {2, 2}).values, (List{5, 6}));
  EXPECT_EQ(broadcasting(List{5, 6, 5, 6}, {2, 2}).shape, (Shape{1, 2}));
  EXPECT_EQ(broadcasting(List{5, 6, 5, 6}, {2, 2}).values, (List{5, 6}));
  EXPECT_EQ(broadcasting(List{5, 6, 7, 6}, {2, 2}).shape, (Shape{2, 2}));
  EXPECT_EQ(broadcasting(List{5, 6}, {2}).shape, (Shape{2}));
}

}  // namespace
}  // namespace pare::lower
