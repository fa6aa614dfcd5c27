#include "cli/map_images.h"

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>

#include "data/scene.h"

namespace pare::cli {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kNone = data::kUnlabelled;

std::vector<int> bytes_of(const Tensor& image) {
  const auto bytes = image.as<std::uint8_t>();
  return {bytes.begin(), bytes.end()};
}

/// The largest difference of a channel.
int distance(const Colour& a, const Colour& b) {
  int largest = 0;
  for (std::size_t i = 0; i < 3; ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST(ColourOfClass, GoesRoundTheWheelByTheGoldenAngle) {
  // Class 0: hue 0, saturation 0.9, value 0.65: red 0.65 * 255 = 165.75, the others a tenth of it.
  EXPECT_THAT(colour_of_class(0), ElementsAre(166, 17, 17));
  // Class 1: hue 6 * 0.618034 = 3.708204, saturation 0.6, value 1. Blue is 255; green is 1.708204
  // from its place, so 255 (1 - 0.6 (1 - 0.291796)) = 146.6; red is 2.29 away: 255 * 0.4 = 102.
  EXPECT_THAT(colour_of_class(1), ElementsAre(102, 147, 255));
  // Class 2: hue 6 * 0.236068 = 1.416408, saturation and value 1. Red: 255 (2 - 1.416408) = 148.8.
  EXPECT_THAT(colour_of_class(2), ElementsAre(149, 255, 0));
  EXPECT_EQ(hex(colour_of_class(0)), "#a61111");
}

TEST(ColourOfClass, IsNeitherGreyNorThatOfAnotherOfTheFirst) {
  for (std::size_t i = 0; i < data::kMaxSceneClasses; ++i) {
    const auto [low, high] = std::ranges::minmax(colour_of_class(i));
    EXPECT_GE(high - low, 100) << i;
  }
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      EXPECT_GE(distance(colour_of_class(i), colour_of_class(k)), 64) << i << " " << k;
    }
  }
}

TEST(ClassImage, HasAColourForEachClassAndBlackForNone) {
  const Tensor image = class_image(Tensor::from<std::int64_t>({2, 2}, {0, kNone, 2, 0}));
  EXPECT_EQ(image.shape(), (Shape{3, 2, 2}));
  EXPECT_THAT(bytes_of(image),
              ElementsAre(166, 0, 149, 166, /**/ 17, 0, 255, 17, /**/ 17, 0, 0, 17));
}

TEST(DifferenceImage, IsWhiteWhereRightAndRedWhereWrongOfTestedPixels) {
  const Tensor classes = Tensor::from<std::int64_t>({1, 5}, {1, 1, 1, 0, 0});
  const Tensor labels = Tensor::from<std::int64_t>({1, 5}, {1, 0, 0, kNone, 0});
  const std::vector<std::int64_t> tested{0, 1};
  EXPECT_THAT(bytes_of(difference_image(classes, labels, tested)),
              ElementsAre(255, 220, 90, 0, 90, /**/ 255, 30, 90, 0, 90, /**/ 255, 30, 90, 0, 90));
}

TEST(DefaultBands, AreAtFiveSixthsAHalfAndASixth) {
  EXPECT_THAT(default_bands(204), ElementsAre(170, 102, 34));
  EXPECT_THAT(default_bands(1), ElementsAre(0, 0, 0));
}

TEST(FalseColourImage, IsStretchedFromThe2ndToThe98thPercentile) {
  // 101 pixels in a mixed order: band 0 is 5, band 1 is 0 … 100, band 2 its negative.
  Tensor cube(DType::kF32, {1, 101, 3});
  for (std::int64_t i = 0; i < 101; ++i) {
    const auto value = static_cast<float>(37 * i % 101);
    const auto first = static_cast<std::size_t>(3 * i);
    cube.as<float>()[first] = 5;
    cube.as<float>()[first + 1] = value;
    cube.as<float>()[first + 2] = -value;
  }
  const std::vector<int> bytes = bytes_of(false_colour_image(cube, {1, 0, 2}));
  ASSERT_EQ(bytes.size(), 303U);
  for (std::size_t i = 0; i < 101; ++i) {
    // Percentiles are 2 and 98: 96 steps of 255 / 96, no value half-way between two bytes but 50,
    // 127.5, which goes away from 0.
    const int value = static_cast<int>(37 * i % 101);
    EXPECT_EQ(bytes[i], std::clamp((255 * 2 * (value - 2) + 96) / 192, 0, 255)) << value;
    EXPECT_EQ(bytes[101 + i], 0);
    EXPECT_EQ(bytes[202 + i], std::clamp((255 * 2 * (98 - value) + 96) / 192, 0, 255)) << value;
  }
}

}  // namespace
}  // namespace pare::cli
