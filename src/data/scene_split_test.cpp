#include "data/scene_split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "data/patches.h"
#include "data/scene.h"

namespace pare::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Tensor labels_of(Shape shape, const std::vector<std::int64_t>& values) {
  return Tensor::from<std::int64_t>(std::move(shape), values);
}

/// Labels of rectangles laid over each other, some of them unlabelled.
Tensor random_label_map(std::int64_t max_size) {
  const std::int64_t rows = *rc::gen::inRange<std::int64_t>(1, max_size);
  const std::int64_t columns = *rc::gen::inRange<std::int64_t>(1, max_size);
  Tensor labels(DType::kI64, {rows, columns});
  const auto values = labels.as<std::int64_t>();
  std::fill(values.begin(), values.end(), kUnlabelled);
  const int fields = *rc::gen::inRange(1, 12);
  for (int field = 0; field < fields; ++field) {
    const std::int64_t label = *rc::gen::inRange<std::int64_t>(kUnlabelled, 4);
    const std::int64_t top = *rc::gen::inRange<std::int64_t>(0, rows);
    const std::int64_t left = *rc::gen::inRange<std::int64_t>(0, columns);
    const std::int64_t bottom = *rc::gen::inRange<std::int64_t>(top, rows);
    const std::int64_t right = *rc::gen::inRange<std::int64_t>(left, columns);
    for (std::int64_t row = top; row <= bottom; ++row) {
      for (std::int64_t column = left; column <= right; ++column) {
        values[static_cast<std::size_t>(row * columns + column)] = label;
      }
    }
  }
  return labels;
}

std::int64_t num_labelled(const Tensor& labels) {
  const auto all = labels.as<std::int64_t>();
  return std::count_if(all.begin(), all.end(), [](std::int64_t y) { return y != kUnlabelled; });
}

std::map<std::int64_t, int> classes_of(const std::vector<std::int64_t>& pixels,
                                       const Tensor& labels) {
  std::map<std::int64_t, int> counts;
  for (const std::int64_t pixel : pixels) {
    ++counts[labels.as<std::int64_t>()[static_cast<std::size_t>(pixel)]];
  }
  return counts;
}

std::vector<std::int64_t> all_of(const SceneSplit& split) {
  std::vector<std::int64_t> all = split.train;
  all.insert(all.end(), split.validation.begin(), split.validation.end());
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::sort(all.begin(), all.end());
  return all;
}

/// The pixels that the patches of a part really show: those of a cube whose values are its pixels.
std::set<std::int64_t> shown_by(const std::vector<std::int64_t>& pixels, const Tensor& labels,
                                std::int64_t patch) {
  Tensor cube(DType::kF32, {labels.dim(0), labels.dim(1), 1});
  for (std::size_t i = 0; i < cube.size(); ++i) cube.as<float>()[i] = static_cast<float>(i);
  const Tensor patches = cut_patches(cube, patch, pixels);
  std::set<std::int64_t> shown;
  for (const float value : patches.as<float>()) shown.insert(static_cast<std::int64_t>(value));
  return shown;
}

bool share_a_pixel(const std::set<std::int64_t>& a, const std::set<std::int64_t>& b) {
  return std::any_of(a.begin(), a.end(), [&](std::int64_t pixel) { return b.count(pixel) > 0; });
}

RC_GTEST_PROP(SceneSplit, AtRandomTakesAFractionOfEachClassButAtLeastOne, ()) {
  const Tensor labels = random_label_map(20);
  const double train = *rc::gen::inRange(1, 100) / 100.0;
  const SceneSplit split = split_scene_at_random(labels, {.train = train, .validation = 0.25}, 3);
  const std::vector<std::int64_t> all = all_of(split);
  RC_ASSERT(static_cast<std::int64_t>(all.size()) == num_labelled(labels));
  RC_ASSERT(std::set(all.begin(), all.end()).size() == all.size());
  RC_ASSERT(split.num_guard == 0);
  auto trained = classes_of(split.train, labels);
  auto validated = classes_of(split.validation, labels);
  for (const auto& [label, count] : classes_of(all, labels)) {
    RC_ASSERT(label != kUnlabelled);
    const int expected = std::max(1, static_cast<int>(std::floor(train * count + 1e-9)));
    RC_ASSERT(trained[label] + validated[label] == expected);
    RC_ASSERT(validated[label] == std::llround(0.25 * expected));
  }
}

TEST(SceneSplit, AtRandomDependsOnTheSeed) {
  const Tensor labels(DType::kI64, {20, 20});
  const auto train = [&](std::uint64_t seed) {
    return split_scene_at_random(labels, {.train = 0.4, .validation = 0.25}, seed).train;
  };
  EXPECT_EQ(train(1), train(1));
  EXPECT_NE(train(1), train(2));
}

RC_GTEST_PROP(SceneSplit, PatchesOfSpatialPartsShareNoPixel, ()) {
  const Tensor labels = random_label_map(40);
  const std::int64_t largest = std::min(labels.dim(0), labels.dim(1));
  const std::int64_t patch =
      2 * *rc::gen::inRange<std::int64_t>(0, std::min<std::int64_t>((largest - 1) / 2, 4) + 1) + 1;
  const SceneBlocks blocks{.block = *rc::gen::inRange<std::int64_t>(1, 20), .patch = patch};
  const SceneShares shares{.train = *rc::gen::inRange(10, 90) / 100.0,
                           .validation = *rc::gen::inRange(10, 90) / 100.0};
  const SceneSplit split = split_scene_by_blocks(labels, shares, blocks, 5);
  const auto train = shown_by(split.train, labels, patch);
  const auto validation = shown_by(split.validation, labels, patch);
  const auto test = shown_by(split.test, labels, patch);
  RC_ASSERT(!share_a_pixel(train, test));
  RC_ASSERT(!share_a_pixel(train, validation));
  RC_ASSERT(!share_a_pixel(validation, test));
  // Every labelled pixel is in one part, or guards.
  const std::vector<std::int64_t> all = all_of(split);
  RC_ASSERT(std::set(all.begin(), all.end()).size() == all.size());
  RC_ASSERT(static_cast<std::int64_t>(all.size()) + split.num_guard == num_labelled(labels));
  RC_ASSERT(classes_of(all, labels).count(kUnlabelled) == 0);
}

TEST(SceneSplit, TheGuardIsAsWideAsThePatchLessOne) {
  // One row, two blocks of eight, one for training and one for testing; with patches of 5 the last
  // two pixels of the one and the first two of the other go.
  const Tensor labels(DType::kI64, {1, 16});
  const SceneSplit split = split_scene_by_blocks(labels, {.train = 0.5, .validation = 0.01},
                                                 {.block = 8, .patch = 5}, 1);
  EXPECT_EQ(split.num_guard, 4);
  EXPECT_THAT(split.validation, IsEmpty());
  const auto& left = split.train.front() == 0 ? split.train : split.test;
  const auto& right = split.train.front() == 0 ? split.test : split.train;
  EXPECT_THAT(left, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(right, ElementsAre(10, 11, 12, 13, 14, 15));
  // Where fields themselves are a patch apart, none goes.
  std::vector<std::int64_t> apart(16, 0);
  for (std::size_t i = 6; i < 10; ++i) apart[i] = kUnlabelled;
  EXPECT_EQ(split_scene_by_blocks(labels_of({1, 16}, apart), {.train = 0.5, .validation = 0.01},
                                  {.block = 8, .patch = 5}, 1)
                .num_guard,
            0);
  EXPECT_EQ(
      split_scene_by_blocks(labels, {.train = 0.5, .validation = 0.01}, {.block = 8, .patch = 1}, 1)
          .num_guard,
      0);
}

TEST(SceneSplit, AClassOfTwoBlocksIsInTrainingAndTest) {
  // 4 x 4 blocks of 4 x 4 pixels; class 1 has two of them, class 2 has one.
  Tensor labels(DType::kI64, {16, 16});
  const auto values = labels.as<std::int64_t>();
  const auto fill = [&](std::int64_t top, std::int64_t left, std::int64_t label) {
    for (std::int64_t i = 0; i < 16; ++i) {
      values[static_cast<std::size_t>((top + i / 4) * 16 + left + i % 4)] = label;
    }
  };
  fill(0, 0, 1);
  fill(8, 8, 1);
  fill(12, 0, 2);
  for (const double train : {0.05, 0.4, 0.9}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const SceneSplit split = split_scene_by_blocks(labels, {.train = train, .validation = 0.25},
                                                     {.block = 4, .patch = 3}, seed);
      auto trained = classes_of(split.train, labels);
      auto tested = classes_of(split.test, labels);
      for (const std::int64_t label : {0, 1}) {
        EXPECT_GT(trained[label], 0) << "class " << label << ", train " << train;
        EXPECT_GT(tested[label], 0) << "class " << label << ", train " << train;
      }
      EXPECT_EQ(trained.count(2) + tested.count(2), 1U);
    }
  }
}

TEST(SceneSplit, PartsHaveAboutTheirShares) {
  const Tensor labels(DType::kI64, {128, 128});
  const SceneSplit split =
      split_scene_by_blocks(labels, {.train = 0.5, .validation = 0.2}, {.block = 8, .patch = 1}, 1);
  // Whole blocks of 64 pixels are given away, so that shares are met to within one.
  EXPECT_NEAR(static_cast<double>(split.train.size()), 0.4 * 16384, 64);
  EXPECT_NEAR(static_cast<double>(split.validation.size()), 0.1 * 16384, 64);
  EXPECT_NEAR(static_cast<double>(split.test.size()), 0.5 * 16384, 64);
}

TEST(SceneSplit, BlocksLargerThanTheSceneAndNoLabelsAreNoError) {
  const Tensor labels(DType::kI64, {3, 3});
  const SceneSplit whole = split_scene_by_blocks(labels, {}, {.block = 1'000'000, .patch = 3}, 1);
  EXPECT_EQ(all_of(whole).size(), 9U);
  const SceneSplit none =
      split_scene_by_blocks(labels_of({1, 2}, {kUnlabelled, kUnlabelled}), {}, {}, 1);
  EXPECT_THAT(all_of(none), IsEmpty());
}

}  // namespace
}  // namespace pare::data
