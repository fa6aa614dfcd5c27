#include "data/augment.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::data {
namespace {

using testing::ElementsAre;

std::vector<float> augmented(const Draw& draw) {
  const std::vector<float> image = {1, 2, 3, 4, 5, 6};
  std::vector<float> result(6);
  augment({1, 2, 3}, draw, std::vector<float>{-9}, image, result);
  return result;
}

TEST(Augment, MovesAndMirrors) {
  EXPECT_THAT(augmented({}), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(augmented({.down = 1}), ElementsAre(-9, -9, -9, 1, 2, 3));
  EXPECT_THAT(augmented({.right = -1}), ElementsAre(2, 3, -9, 5, 6, -9));
  EXPECT_THAT(augmented({.is_flipped = true}), ElementsAre(3, 2, 1, 6, 5, 4));
  EXPECT_THAT(augmented({.right = 1, .is_flipped = true}), ElementsAre(-9, 3, 2, -9, 6, 5));
}

TEST(Augment, FillsEachChannelWithItsOwnBlack) {
  std::vector<float> result(4);
  augment({2, 1, 2}, {.right = 1}, std::vector<float>{7, 8}, std::vector<float>{1, 2, 3, 4},
          result);
  EXPECT_THAT(result, ElementsAre(7, 1, 8, 3));
}

TEST(Augment, DrawsEveryPlaceAndDependsOnTheImageAlone) {
  const Augmentation augmentation{.crop_padding = 2, .has_flip = true};
  const Philox random(1, RandomStream::kAugment, 4, 2);
  std::set<std::pair<std::int64_t, std::int64_t>> places;
  int flipped = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const Draw found = draw(augmentation, random, i);
    EXPECT_EQ(found, draw(augmentation, Philox(1, RandomStream::kAugment, 4, 2), i));
    EXPECT_LE(std::abs(found.down), 2);
    places.insert({found.down, found.right});
    flipped += found.is_flipped ? 1 : 0;
  }
  EXPECT_EQ(places.size(), 25U);
  EXPECT_NEAR(flipped, 1000, 100);
  EXPECT_EQ(draw({}, random, 3), Draw{});
}

}  // namespace
}  // namespace pare::data
