#include "data/scene.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "base/error.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A cube of 2 x 3 pixels and 2 bands with labels 1, 2 and 5.
RawScene small_scene() {
  return {.cube = Tensor::from<std::int16_t>({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11}),
          .labels = Tensor::from<std::uint8_t>({2, 3}, {0, 1, 2, 5, 5, 0}),
          .cube_origin = "a.mat: array 'X'",
          .labels_origin = "gt.mat"};
}

void expect_scene_refused(RawScene raw, const std::string& origin, const std::string& part) {
  EXPECT_THAT([&] { make_scene(raw, "s", "d"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(origin), HasSubstr(part))));
}

TEST(Scene, LabelsBecomeClassesInTheOrderOfTheirNumbers) {
  const Scene scene = make_scene(small_scene(), "s", "d");
  EXPECT_EQ(scene.cube.dtype(), DType::kF32);
  EXPECT_THAT(scene.cube.to_doubles(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11));
  EXPECT_EQ(scene.labels, Tensor::from<std::int64_t>({2, 3}, {-1, 0, 1, 2, 2, -1}));
  EXPECT_THAT(scene.classes, ElementsAre("1", "2", "5"));
  EXPECT_THAT(class_counts(scene), ElementsAre(1, 1, 2));
  EXPECT_EQ(scene.description, "d");
}

TEST(Scene, MatlabsDoublesAndEnvisSingleBandAreLabelsToo) {
  RawScene raw = small_scene();
  raw.labels = Tensor::from<double>({2, 3, 1}, {0, 1, 2, 5, 5, 0});
  raw.classes = {"x", "y", "z"};
  const Scene scene = make_scene(raw, "s", "d");
  EXPECT_EQ(scene.labels, Tensor::from<std::int64_t>({2, 3}, {-1, 0, 1, 2, 2, -1}));
  EXPECT_THAT(scene.classes, ElementsAre("x", "y", "z"));
}

TEST(Scene, BadCubesAreRefused) {
  RawScene raw = small_scene();
  raw.cube = raw.cube.reshaped({6, 2});
  expect_scene_refused(raw, "a.mat: array 'X'", "expected [rows, columns, bands]");
  raw.cube = Tensor(DType::kF32, {2, 3, 0});
  expect_scene_refused(raw, "a.mat", "[2, 3, 0]");
  raw = small_scene();
  raw.bands = {"400 nm"};
  expect_scene_refused(raw, "a.mat", "1 names of bands, but 2 bands");
  raw = small_scene();
  raw.cube = raw.cube.to(DType::kF64);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 1e300}) {
    raw.cube.as<double>()[2 * 4 + 1] = bad;  // row 1, column 1
    raw.bands = {};
    expect_scene_refused(raw, "a.mat", "row 1, column 1, band 1:");
    raw.bands = {"red", "blue"};
    expect_scene_refused(raw, "a.mat", "band 1 (blue)");
  }
}

TEST(Scene, BadLabelMapsAreRefused) {
  RawScene raw = small_scene();
  raw.labels = Tensor(DType::kU8, {3, 2});
  expect_scene_refused(raw, "gt.mat", "labels are [3, 2], but the cube has 2 rows and 3 columns");
  raw.labels = Tensor(DType::kU8, {4, 3});  // twice as fine along one side alone
  expect_scene_refused(raw, "gt.mat", "labels are [4, 3]");
  raw.labels = Tensor(DType::kU8, {6});
  expect_scene_refused(raw, "gt.mat", "shape [6], expected [rows, columns]");
  raw.labels = Tensor(DType::kU8, {2, 3});
  expect_scene_refused(raw, "gt.mat", "0 class(es)");
  for (const double bad : {1.5, -1.0, 65536.0, std::nan("")}) {
    raw.labels = Tensor::from<double>({2, 3}, {0, 1, 2, 5, bad, 0});
    expect_scene_refused(raw, "gt.mat", "row 1, column 1: label");
  }
}

TEST(Scene, ClassesWithoutPixelsAndLabelsWithoutAClassAreNamed) {
  RawScene raw = small_scene();
  raw.label_numbers = {1, 2, 4, 5};
  raw.classes = {"corn", "oats", "soil", "wood"};
  expect_scene_refused(raw, "gt.mat", "class 'soil' has no labelled pixels");
  raw.label_numbers = {1, 2};
  raw.classes = {"corn", "oats"};
  expect_scene_refused(raw, "gt.mat", "row 1, column 0: label 5, expected 0 (unlabelled)");
  raw.label_numbers = {};
  expect_scene_refused(raw, "gt.mat", "2 names, but the label map has 3 classes, numbered 1, 2, 5");
}

TEST(Scene, MoreClassesThanItMayHaveAreRefused) {
  RawScene raw = small_scene();
  raw.cube = Tensor(DType::kU8, {1, 1025, 1});
  raw.labels = Tensor(DType::kI32, {1, 1025});
  for (std::size_t i = 0; i < 1025; ++i) {
    raw.labels.as<std::int32_t>()[i] = static_cast<std::int32_t>(i + 1);
  }
  expect_scene_refused(raw, "gt.mat", "1025 class(es)");
}

TEST(CoarseLabels, AreTheMajorityOfAPixelsCells) {
  // 2 x 2 pixels of 2 x 2 cells: three of 4; a tie of 4 and 6; mostly unlabelled; wholly
  // unlabelled.
  const auto fine = Tensor::from<std::int64_t>({4, 4}, {4, 4, 4, 6,  //
                                                        4, 6, 6, 4,  //
                                                        0, 0, 0, 0,  //
                                                        0, 6, 0, 0});
  const CoarseLabels coarse = coarse_labels(fine, 2, 2, "gt");
  EXPECT_EQ(coarse.labels, Tensor::from<std::int64_t>({2, 2}, {4, 0, 0, 0}));
  EXPECT_EQ(coarse.cells, 2);
  EXPECT_EQ(coarse.ties, 1);
  EXPECT_EQ(coarse.unlabelled, 1);
}

TEST(CoarseLabels, ATieWithTheUnlabelledIsATie) {
  const auto fine = Tensor::from<std::int64_t>({2, 2}, {0, 0, 3, 3});
  EXPECT_EQ(coarse_labels(fine, 1, 1, "gt").ties, 1);
  // A plurality will do: two of 3 against one and one.
  const auto mixed = Tensor::from<std::int64_t>({2, 2}, {0, 1, 3, 3});
  EXPECT_EQ(coarse_labels(mixed, 1, 1, "gt").labels.to_doubles().front(), 3);
}

TEST(CoarseLabels, OfTheCubesSizeAreUnchanged) {
  const auto labels = Tensor::from<std::int64_t>({1, 2}, {0, 3});
  const CoarseLabels coarse = coarse_labels(labels, 1, 2, "gt");
  EXPECT_EQ(coarse.labels, labels);
  EXPECT_EQ(coarse.cells, 1);
}

TEST(Scene, SaysWhatTheFinerMapLost) {
  RawScene raw = small_scene();
  raw.cube = Tensor(DType::kU8, {2, 2, 1});
  raw.labels = Tensor::from<std::uint8_t>({4, 4}, {4, 4, 4, 6,  //
                                                   4, 6, 6, 4,  //
                                                   7, 7, 0, 0,  //
                                                   0, 7, 0, 1});
  const Scene scene = make_scene(raw, "s", "d");
  EXPECT_THAT(scene.classes, ElementsAre("4", "7"));
  EXPECT_THAT(scene.description,
              HasSubstr("majority of 2 x 2 cells, 1 ties and 1 pixels that are mostly unlabelled"));
}

}  // namespace
}  // namespace pare::data
