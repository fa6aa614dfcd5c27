#include "base/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare {
namespace {

using ::testing::ElementsAre;

TEST(NumElements, IsTheProductOfTheAxes) {
  EXPECT_EQ(num_elements(Shape{}), 1);
  EXPECT_EQ(num_elements(Shape{3, 4}), 12);
  EXPECT_EQ(num_elements(Shape{3, 0}), 0);
}

TEST(NumElements, RefusesNegativeAxesAndOverflow) {
  EXPECT_THROW(num_elements(Shape{3, -1}), InputError);
  EXPECT_THROW(num_elements(Shape{std::int64_t{1} << 32, std::int64_t{1} << 31}), InputError);
  EXPECT_EQ(num_elements(Shape{std::int64_t{1} << 32, std::int64_t{1} << 30}),
            std::int64_t{1} << 62);
}

TEST(DType, WidthsAndNames) {
  EXPECT_EQ(size_of(DType::kBool), 1u);
  EXPECT_EQ(size_of(DType::kI16), 2u);
  EXPECT_EQ(size_of(DType::kU32), 4u);
  EXPECT_EQ(size_of(DType::kF64), 8u);
  EXPECT_EQ(name_of(DType::kU32), "u32");
  EXPECT_EQ(name_of(DType::kF32), "f32");
  EXPECT_EQ(dtype_of<double>(), DType::kF64);
}

TEST(Tensor, StartsAsZeros) {
  const Tensor tensor(DType::kI32, {2, 3});
  EXPECT_EQ(tensor.size(), 6u);
  EXPECT_EQ(tensor.rank(), 2u);
  EXPECT_EQ(tensor.dim(1), 3);
  EXPECT_THAT(tensor.as<std::int32_t>(), ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_EQ(Tensor().size(), 0u);
  EXPECT_EQ(Tensor().shape(), Shape{0});
}

TEST(Tensor, HoldsValuesInRowMajorOrder) {
  Tensor tensor = Tensor::from<float>({2, 2}, {1, 2, 3, 4});
  tensor.as<float>()[2] = 9;
  EXPECT_THAT(tensor.to_doubles(), ElementsAre(1, 2, 9, 4));
  EXPECT_EQ(tensor.bytes().size(), 16u);
  EXPECT_EQ(Tensor::scalar(2.5).shape(), Shape{});
  EXPECT_EQ(Tensor::scalar(2.5).as<double>()[0], 2.5);
}

TEST(Tensor, CopiesAreValues) {
  const Tensor a = Tensor::from<float>({1}, {1});
  Tensor b = a;
  b.as<float>()[0] = 2;
  EXPECT_EQ(a.as<float>()[0], 1);
  EXPECT_NE(a, b);
}

TEST(Tensor, EqualityIsOfTypeShapeAndBits) {
  const Tensor a = Tensor::from<float>({2}, {0, 1});
  EXPECT_EQ(a, Tensor::from<float>({2}, {0, 1}));
  EXPECT_NE(a, Tensor::from<float>({2}, {-0.0F, 1}));
  EXPECT_NE(a, a.reshaped({1, 2}));
  EXPECT_NE(Tensor(DType::kI32, {2}), Tensor(DType::kU32, {2}));
}

TEST(Tensor, ConvertsElementByElement) {
  const Tensor floats = Tensor::from<float>({4}, {-1.9F, 0, 1.9F, 100});
  EXPECT_THAT(floats.to(DType::kI8).as<std::int8_t>(), ElementsAre(-1, 0, 1, 100));
  EXPECT_THAT(floats.to(DType::kBool).to_doubles(), ElementsAre(1, 0, 1, 1));
  EXPECT_EQ(floats.to(DType::kF64).to(DType::kF32), floats);
  EXPECT_EQ(floats.to(DType::kI8).shape(), Shape{4});
}

TEST(Tensor, MisuseIsABugOfOurs) {
  Tensor tensor(DType::kF32, {2, 3});
  EXPECT_THROW(tensor.as<double>(), InternalError);
  EXPECT_THROW(tensor.reshaped({5}), InternalError);
  EXPECT_THROW(Tensor::from<float>({3}, {1, 2}), InternalError);
}

}  // namespace
}  // namespace pare
