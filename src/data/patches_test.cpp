#include "data/patches.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace pare::data {
namespace {

using testing::ElementsAre;

/// Element (row, column, band) is 100 row + 10 column + band.
Tensor numbered_cube(std::int64_t rows, std::int64_t columns, std::int64_t bands) {
  Tensor cube(DType::kF32, {rows, columns, bands});
  const auto values = cube.as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i);
    values[i] = static_cast<float>(100 * (place / bands / columns) +
                                   10 * (place / bands % columns) + place % bands);
  }
  return cube;
}

TEST(Patches, InTheMiddleAreWhatIsAround) {
  const std::vector<std::int64_t> pixels{1 * 4 + 2};
  const Tensor patches = cut_patches(numbered_cube(3, 4, 2), 3, pixels);
  EXPECT_EQ(patches.shape(), (Shape{1, 2, 3, 3}));
  EXPECT_THAT(patches.to_doubles(), ElementsAre(10, 20, 30, 110, 120, 130, 210, 220, 230,  //
                                                11, 21, 31, 111, 121, 131, 211, 221, 231));
}

TEST(Patches, BordersAreMirroredWithoutRepeatingTheEdge) {
  // Around the corner (0, 0) rows and columns are 2 1 0 1 2, around (2, 3) they are 0 1 2 1 0 and
  // 1 2 3 2 1.
  const std::vector<std::int64_t> pixels{0, 2 * 4 + 3};
  const Tensor cube = numbered_cube(3, 4, 1);
  EXPECT_THAT(cut_patches(cube, 3, pixels).to_doubles(),
              ElementsAre(110, 100, 110, 10, 0, 10, 110, 100, 110,  //
                          120, 130, 120, 220, 230, 220, 120, 130, 120));
}

TEST(Patches, OfOnePixelAreThePixels) {
  const Tensor cube = numbered_cube(3, 4, 2);
  const std::vector<std::int64_t> pixels{11, 0};
  const Tensor patches = cut_patches(cube, 1, pixels);
  EXPECT_EQ(patches.shape(), (Shape{2, 2, 1, 1}));
  EXPECT_THAT(patches.to_doubles(), ElementsAre(230, 231, 0, 1));
}

RC_GTEST_PROP(Patches, ShowOnlyPixelsLessThanHalfAPatchAway, ()) {
  const std::int64_t size = 2 * *rc::gen::inRange<std::int64_t>(0, 4) + 1;
  const std::int64_t rows = *rc::gen::inRange<std::int64_t>(size, size + 4);
  const std::int64_t columns = *rc::gen::inRange<std::int64_t>(size, size + 4);
  Tensor cube(DType::kF32, {rows, columns, 1});
  for (std::size_t i = 0; i < cube.size(); ++i) cube.as<float>()[i] = static_cast<float>(i);
  const std::vector<std::int64_t> pixels{*rc::gen::inRange<std::int64_t>(0, rows * columns)};
  const Tensor patch = cut_patches(cube, size, pixels);
  const std::vector<double> values = patch.to_doubles();
  for (const double value : values) {
    const auto shown = static_cast<std::int64_t>(value);
    RC_ASSERT(std::abs(shown / columns - pixels[0] / columns) <= size / 2);
    RC_ASSERT(std::abs(shown % columns - pixels[0] % columns) <= size / 2);
  }
  RC_ASSERT(values[values.size() / 2] == static_cast<double>(pixels[0]));
}

}  // namespace
}  // namespace pare::data
