#include "data/axes.h"

#include <array>

#include <gmock/gmock.h>

#include "base/error.h"

namespace pare::data {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// 0, 1, 2, … in row-major order.
Tensor counted(const Shape& shape) {
  Tensor tensor(DType::kI32, shape);
  std::int32_t next = 0;
  for (std::int32_t& element : tensor.as<std::int32_t>()) element = next++;
  return tensor;
}

TEST(Axes, PermutedMovesElementsWithTheirIndices) {
  const Tensor tensor = counted({2, 3, 4});
  const Tensor moved = permuted(tensor, std::array<std::size_t, 3>{2, 0, 1});
  ASSERT_EQ(moved.shape(), (Shape{4, 2, 3}));
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t j = 0; j < 3; ++j) {
      for (std::int64_t k = 0; k < 4; ++k) {
        EXPECT_EQ(moved.as<std::int32_t>()[static_cast<std::size_t>((k * 2 + i) * 3 + j)],
                  tensor.as<std::int32_t>()[static_cast<std::size_t>((i * 3 + j) * 4 + k)]);
      }
    }
  }
  EXPECT_EQ(permuted(counted({0, 2}), std::array<std::size_t, 2>{1, 0}).shape(), (Shape{2, 0}));
  EXPECT_EQ(permuted(counted({}), {}), counted({}));
}

TEST(Axes, ImagesBecomeSamplesOfChannelsRowsAndColumns) {
  // Element (h, w, c, n) of [2, 3, 1, 2] is ((h * 3 + w) * 1 + c) * 2 + n.
  EXPECT_EQ(samples_first(counted({2, 3, 1, 2}), "HWCN", "x"),
            Tensor::from<std::int32_t>({2, 1, 2, 3}, {0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}));
  EXPECT_EQ(samples_first(counted({1, 1, 2, 3}), "NHWC", "x"),
            Tensor::from<std::int32_t>({1, 3, 1, 2}, {0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(samples_first(counted({2, 3}), "FN", "x"),
            Tensor::from<std::int32_t>({3, 2}, {0, 3, 1, 4, 2, 5}));
}

TEST(Axes, GreyImagesGetAChannel) {
  EXPECT_EQ(samples_first(counted({5, 2, 3}), "NHW", "x"), counted({5, 1, 2, 3}));
  EXPECT_EQ(samples_first(counted({5, 4, 2, 3}), "NTHW", "x"), counted({5, 4, 1, 2, 3}));
  EXPECT_EQ(samples_first(counted({5, 2}), "NW", "x"), counted({5, 2}));
}

TEST(Axes, NothingSaidNothingMoved) {
  EXPECT_EQ(samples_first(counted({2, 3, 4}), "", "x"), counted({2, 3, 4}));
}

TEST(Axes, LettersThatSayNoOrderAreRefused) {
  EXPECT_NO_THROW(check_axes(""));
  EXPECT_NO_THROW(check_axes("HWCN"));
  EXPECT_THAT([] { check_axes("HWC"); }, ThrowsMessage<InputError>(HasSubstr("no N")));
  EXPECT_THAT([] { check_axes("NXY"); }, ThrowsMessage<InputError>(HasSubstr("'X' is no axis")));
  EXPECT_THAT([] { check_axes("NHH"); },
              ThrowsMessage<InputError>(HasSubstr("'H' is there twice")));
  EXPECT_THAT(
      [] {
        samples_first(counted({2, 3}), "NHW", "a.mat: array 'X'");
      },
      ThrowsMessage<InputError>(
          testing::AllOf(HasSubstr("a.mat: array 'X'"), HasSubstr("[2, 3] has 2 axes"))));
}

}  // namespace
}  // namespace pare::data
