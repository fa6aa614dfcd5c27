#include "base/transpose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare {
namespace {

using testing::ElementsAre;

TEST(Transpose, NamesEachAxisOnce) {
  EXPECT_TRUE(is_order_of_axes(Shape{}, 0));
  EXPECT_TRUE(is_order_of_axes(Shape{2, 0, 1}, 3));
  EXPECT_FALSE(is_order_of_axes(Shape{0, 1}, 3));
  EXPECT_FALSE(is_order_of_axes(Shape{0, 0}, 2));
  EXPECT_FALSE(is_order_of_axes(Shape{0, 2}, 2));
  EXPECT_FALSE(is_order_of_axes(Shape{-1, 0}, 2));
}

TEST(Transpose, TakesColumnsAsRows) {
  EXPECT_THAT(transposed_shape(Shape{2, 3}, Shape{1, 0}), ElementsAre(3, 2));
  EXPECT_THAT(transposed_elements(Shape{2, 3}, Shape{1, 0}), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(transposed_elements(Shape{}, Shape{}), ElementsAre(0));
  EXPECT_TRUE(transposed_elements(Shape{2, 0}, Shape{1, 0}).empty());
  EXPECT_THROW(transposed_shape(Shape{2, 3}, Shape{0}), InternalError);
}

TEST(Transpose, FollowsAnyOrderOfThreeAxes) {
  // y[i, j, k] = x[j, k, i]: y's axes are x's axes 2, 0 and 1.
  const auto elements = transposed_elements(Shape{2, 3, 4}, Shape{2, 0, 1});
  EXPECT_THAT(transposed_shape(Shape{2, 3, 4}, Shape{2, 0, 1}), ElementsAre(4, 2, 3));
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 2; ++j) {
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_EQ(elements[(i * 2 + j) * 3 + k], (j * 3 + k) * 4 + i);
      }
    }
  }
}

}  // namespace
}  // namespace pare
