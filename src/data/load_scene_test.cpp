#include "data/load_scene.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/find_file.h"
#include "data/load.h"
#include "data/npy.h"
#include "data/npz.h"
#include "data/scene_source.h"
#include "data/standardise.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

/// Files scene.npy, 12 x 10 pixels of three bands (its number, a constant, 100 times its class),
/// and gt.npy: left half class 3, right half class 7, the last row unlabelled.
class LoadScene : public FolderTest {
 protected:
  LoadScene() {
    Tensor cube(DType::kI32, {12, 10, 3});
    Tensor labels(DType::kU8, {12, 10});
    for (std::size_t pixel = 0; pixel < 120; ++pixel) {
      const int label = pixel / 10 == 11 ? 0 : pixel % 10 < 5 ? 3 : 7;
      labels.as<std::uint8_t>()[pixel] = static_cast<std::uint8_t>(label);
      cube.as<std::int32_t>()[3 * pixel] = static_cast<std::int32_t>(pixel);
      cube.as<std::int32_t>()[3 * pixel + 1] = 4;
      cube.as<std::int32_t>()[3 * pixel + 2] = 100 * label;
    }
    write_npy(path("scene.npy"), cube);
    write_npy(path("gt.npy"), labels);
  }

  Request request() const {
    return {
        .cube = "scene.npy", .label_map = "gt.npy", .patch = 3, .base_folder = folder_.string()};
  }
};

/// The numbers of the pixels in the middle of the patches [N, 3, 3, 3].
std::vector<std::int64_t> centres(const Samples& samples) {
  std::vector<std::int64_t> pixels;
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples.size()); ++i) {
    pixels.push_back(static_cast<std::int64_t>(samples.inputs.as<float>()[27 * i + 4]));
  }
  return pixels;
}

TEST_F(LoadScene, SamplesArePatchesOfLabelledPixels) {
  const Dataset set = load(request());
  EXPECT_EQ(set.name, "scene.npy");
  EXPECT_THAT(set.classes, ElementsAre("3", "7"));
  // 55 pixels a class: floor(0.4 * 55) = 22 for training, round(22 / 4) = 6 of them validate.
  EXPECT_EQ(set.train.inputs.shape(), (Shape{32, 3, 3, 3}));
  EXPECT_EQ(set.validation.size(), 12);
  EXPECT_EQ(set.test.size(), 66);
  std::vector<std::int64_t> all;
  for (const Samples* part : {&set.train, &set.validation, &set.test}) {
    const auto labels = part->labels.as<std::int64_t>();
    const auto pixels = centres(*part);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      EXPECT_EQ(labels[i], pixels[i] % 10 < 5 ? 0 : 1);
    }
    all.insert(all.end(), pixels.begin(), pixels.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 110U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<std::int64_t>(i));
  EXPECT_THAT(set.description, HasSubstr("32 training, 12 validation, 66 test pixels"));
  EXPECT_THAT(set.description, HasSubstr("overlap"));
}

TEST_F(LoadScene, BandsAreStandardisedByTheTrainingPixelsAlone) {
  const Dataset set = load(request());
  const std::vector<std::int64_t> pixels = centres(set.train);
  double mean = 0;
  for (const std::int64_t pixel : pixels) mean += static_cast<double>(pixel) / 32;
  double square = 0;
  for (const std::int64_t pixel : pixels) {
    square += (static_cast<double>(pixel) - mean) * (static_cast<double>(pixel) - mean) / 32;
  }
  ASSERT_EQ(set.standardisation.mean.size(), 3U);
  EXPECT_NEAR(set.standardisation.mean[0], mean, 1e-9);
  EXPECT_NEAR(set.standardisation.scale[0], std::sqrt(square), 1e-9);
  EXPECT_EQ(set.standardisation.mean[1], 4);
  EXPECT_EQ(set.standardisation.scale[1], 1);   // a constant
  EXPECT_EQ(set.standardisation.mean[2], 500);  // 16 pixels of class 3, 16 of class 7
  EXPECT_EQ(set.standardisation.scale[2], 200);
  Request none = request();
  none.standardise = Standardise::kNone;
  EXPECT_TRUE(load(none).standardisation.mean.empty());
}

TEST_F(LoadScene, SpatialPartsHaveNoPixelInCommon) {
  Request spatial = request();
  spatial.split = Split::kSpatial;
  spatial.block = 4;
  const Dataset set = load(spatial);
  EXPECT_GT(set.train.size(), 0);
  EXPECT_GT(set.test.size(), 0);
  for (const std::int64_t a : centres(set.train)) {
    for (const std::int64_t b : centres(set.test)) {
      EXPECT_TRUE(std::abs(a / 10 - b / 10) >= 3 || std::abs(a % 10 - b % 10) >= 3);
    }
  }
  EXPECT_THAT(set.description,
              AllOf(HasSubstr("spatial split in blocks of 4"), HasSubstr("left out between them"),
                    Not(HasSubstr("without"))));
}

TEST_F(LoadScene, AClassThatFallsOutIsNamed) {
  // One corner of class 9, all in one block.
  Tensor labels = read_npy(path("gt.npy"));
  for (const std::size_t pixel : {0U, 1U, 10U, 11U}) labels.as<std::uint8_t>()[pixel] = 9;
  write_npy(path("gt.npy"), labels);
  Request spatial = request();
  spatial.split = Split::kSpatial;
  spatial.block = 4;
  spatial.classes = {"corn", "wood", "oats"};
  EXPECT_THAT(load(spatial).description, testing::AnyOf(HasSubstr("without training pixels: oats"),
                                                        HasSubstr("without test pixels: oats")));
}

TEST_F(LoadScene, PartsAreThoseOfTheDividedScene) {
  for (const Split split : {Split::kStratified, Split::kSpatial}) {
    Request one = request();
    one.split = split;
    one.block = 4;
    one.max_train_samples = 10;
    const DividedScene divided = divide_scene(one);
    const Dataset set = load(one);
    EXPECT_EQ(divided.split.train, centres(set.train));
    EXPECT_EQ(divided.split.validation, centres(set.validation));
    EXPECT_EQ(divided.split.test, centres(set.test));
    EXPECT_EQ(divided.description, set.description);
    EXPECT_EQ(divided.scene.labels.shape(), (Shape{12, 10}));
  }
}

TEST_F(LoadScene, MaxTrainSamplesCutsTheTrainingPart) {
  Request few = request();
  few.max_train_samples = 10;
  const Dataset set = load(few);
  EXPECT_EQ(set.train.size(), 10);
  EXPECT_EQ(set.test.size(), 66);
}

TEST_F(LoadScene, AFileWithOneArrayNeedsNoName) {
  write_npz(path("cube.npz"), {{"indian_pines_corrected", read_npy(path("scene.npy"))}});
  write_npz(path("both.npz"),
            {{"X", read_npy(path("scene.npy"))}, {"y", read_npy(path("gt.npy"))}});
  Request other = request();
  other.cube = "cube.npz";
  EXPECT_EQ(load(other).train.inputs, load(request()).train.inputs);
  other.cube = "both.npz";
  other.label_map = "";
  EXPECT_EQ(load(other).train.inputs, load(request()).train.inputs);
  other.inputs = "cube";
  EXPECT_THAT([&] { load(other); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("both.npz"), HasSubstr("'cube'"))));
}

TEST_F(LoadScene, EnviCubesBringTheNamesOfTheirBands) {
  const Tensor cube = read_npy(path("scene.npy"));
  write_file_atomic(path("scene.img"), cube.bytes());
  write_file_atomic(path("scene.hdr"),
                    std::string_view("ENVI\nlines = 12\nsamples = 10\nbands = 3\ndata type = 3\n"
                                     "interleave = bip\nwavelength = {400, 500, 600}\n"));
  Request envi = request();
  envi.cube = "scene.hdr";
  const Dataset set = load(envi);
  EXPECT_EQ(set.train.inputs, load(request()).train.inputs);
  EXPECT_THAT(set.features, ElementsAre("400", "500", "600"));
}

TEST_F(LoadScene, AxesSayWhereTheBandsAre) {
  const Tensor cube = read_npy(path("scene.npy"));
  Tensor bands_first(DType::kI32, {3, 12, 10});
  for (std::size_t i = 0; i < 360; ++i) {
    bands_first.as<std::int32_t>()[i % 3 * 120 + i / 3] = cube.as<std::int32_t>()[i];
  }
  write_npy(path("chw.npy"), bands_first);
  Request other = request();
  other.cube = "chw.npy";
  other.axes = "CHW";
  EXPECT_EQ(load(other).train.inputs, load(request()).train.inputs);
  other.axes = "NHWC";
  EXPECT_THAT([&] { load(other); }, ThrowsMessage<InputError>(HasSubstr("\"CHW\"")));
}

TEST_F(LoadScene, SettingsThatDoNotFitAreNamed) {
  const auto refused = [&](auto change, const std::string& message) {
    Request bad = request();
    change(bad);
    EXPECT_THAT([&] { load(bad); }, ThrowsMessage<InputError>(HasSubstr(message)));
  };
  refused([](Request& r) { r.patch = 4; }, "data.patch: 4, expected an odd");
  refused([](Request& r) { r.patch = 11; }, "has 12 rows and 10 columns");
  refused([](Request& r) { r.block = 0; }, "data.block: 0");
  refused([](Request& r) { r.train_fraction = 1; }, "data.train_fraction: 1");
  refused([](Request& r) { r.split = Split::kKFold; }, "\"spatial\"");
  refused([](Request& r) { r.standardise = Standardise::kEachFile; }, "one file");
  refused([](Request& r) { r.label_noise = 0.5; }, "data.label_noise");
  refused([](Request& r) { r.first_label = 1; }, "data.first_label");
  refused([](Request& r) { r.label_map = ""; }, "data.label_map");
  refused([](Request& r) { r.test = "x.npz"; }, "data.train in the place");
  refused(
      [](Request& r) {
        r.cube = "";
        r.train = "x.npz";
      },
      "it needs data.cube");
  refused([](Request& r) { r.split = Split::kSpatial; }, "0 training");  // one block
  refused([](Request& r) { r.cube = "gt.npy"; }, "expected [rows, columns, bands]");
  EXPECT_THAT([&] { load({.set = "synthetic/mixture", .split = Split::kSpatial}); },
              ThrowsMessage<InputError>(HasSubstr("of scenes")));
}

TEST_F(LoadScene, TheComputedSceneIsLoadedByItsName) {
  const Dataset set = load({.set = "synthetic/scene"});
  EXPECT_THAT(set.description, HasSubstr("synthetic"));
  EXPECT_EQ(set.classes.size(), 6U);
  EXPECT_EQ(set.train.inputs.dim(1), 32);
  EXPECT_EQ(set.train.inputs.dim(3), 5);
  const Dataset renamed =
      load({.set = "synthetic/scene", .classes = {"u", "v", "w", "x", "y", "z"}});
  EXPECT_EQ(renamed.classes[0], "u");
}

/// What is known of a real scene: labelled pixels of each class, counted from its label map.
struct KnownScene {
  const char* set;
  std::vector<std::int64_t> counts;
};

class RealScenes : public testing::TestWithParam<KnownScene> {};

TEST_P(RealScenes, HaveTheirPixels) {
  const CatalogueSet set = find_set(GetParam().set);
  for (const CatalogueFile& file : set.files) {
    if (!find_data_file(file.path)) GTEST_SKIP() << "PARE_DATA has no " << file.path;
  }
  EXPECT_THAT(class_counts(read_set_scene(set)), testing::ElementsAreArray(GetParam().counts));
  for (const Split split : {Split::kStratified, Split::kSpatial}) {
    const Dataset data = load({.set = GetParam().set, .split = split, .block = 10});
    EXPECT_GT(data.train.size(), 0);
    EXPECT_GT(data.test.size(), 0);
    RecordProperty(split == Split::kSpatial ? "spatial" : "random", data.description);
  }
}

// 5348, 13908 and 1230 labelled pixels in all, as their providers say; of Houston after the
// majority.
INSTANTIATE_TEST_SUITE_P(
    All, RealScenes,
    testing::Values(KnownScene{"salinas-a", {391, 1343, 616, 1525, 674, 799}},
                    KnownScene{"salinas-scene", {2009, 2263, 2558, 2123, 1068, 1927, 916, 1044}},
                    KnownScene{"pavia-crop", {875, 256, 99}},
                    KnownScene{"houston",
                               {141, 568, 138, 3, 1434, 449, 554, 6, 326, 171, 280, 1635}}));

}  // namespace
}  // namespace pare::data
