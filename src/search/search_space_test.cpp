#include "search/search_space.h"

#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pare::search {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

const SearchSpace kSpace{
    {{.key = "model.hidden.1", .values = {8, 16, 32, 64}, .scale = Scale::kLog},
     {.key = "quantize.bits", .values = {4, 6, 12}},
     {.key = "model.batch_norm", .values = {"none", "full"}}}};

TEST(SearchSpace, NumbersItsPoints) {
  EXPECT_EQ(num_points(kSpace), 24);
  EXPECT_EQ(point_at(kSpace, 0), (Point{0, 0, 0}));
  EXPECT_EQ(point_at(kSpace, 1), (Point{0, 0, 1}));
  EXPECT_EQ(point_at(kSpace, 23), (Point{3, 2, 1}));
  std::set<Point> points;
  for (std::int64_t i = 0; i < 24; ++i) points.insert(point_at(kSpace, i));
  EXPECT_EQ(points.size(), 24U);
}

TEST(SearchSpace, MorePointsThanCanBeCountedAreTheMostThatCan) {
  SearchSpace space;
  for (int i = 0; i < 20; ++i) {
    space.variables.push_back({.key = "k", .values = std::vector<nlohmann::json>(1000, 1)});
  }
  EXPECT_EQ(num_points(space), std::numeric_limits<std::int64_t>::max());
}

TEST(SearchSpace, EveryValueHasAnEqualShare) {
  EXPECT_EQ(point_in(kSpace, std::vector<double>{0, 0.34, 0.5}), (Point{0, 1, 1}));
  EXPECT_EQ(point_in(kSpace, std::vector<double>{0.999, 0.33, 0.49}), (Point{3, 0, 0}));
}

TEST(SearchSpace, ScalesNumbersAndSpreadsChoices) {
  // 16 is one of three doublings from 8 to 64; 6 lies 2 of 8 from 4 to 12.
  const double one = 1 / std::sqrt(2.0);
  EXPECT_THAT(coordinates(kSpace, {1, 1, 1}),
              ElementsAre(testing::DoubleNear(1.0 / 3, 1e-12), 0.25, 0, testing::DoubleEq(one)));
}

TEST(SearchSpace, NeighboursDifferInOneVariable) {
  EXPECT_THAT(neighbours(kSpace, {0, 1, 0}),
              UnorderedElementsAre(Point{1, 1, 0}, Point{2, 1, 0}, Point{0, 0, 0}, Point{0, 2, 0},
                                   Point{0, 1, 1}));
}

RC_GTEST_PROP(SearchSpace, FindsEveryPointByItsSettings, ()) {
  const Point point = point_at(kSpace, *rc::gen::inRange<std::int64_t>(0, 24));
  RC_ASSERT(find_point(kSpace, settings_at(kSpace, point)) == point);
}

TEST(SearchSpace, KnowsWhatItDoesNotHold) {
  std::vector<Setting> settings = settings_at(kSpace, {0, 0, 0});
  settings[1].value = 5;
  EXPECT_EQ(find_point(kSpace, settings), std::nullopt);
  settings.pop_back();
  EXPECT_EQ(find_point(kSpace, settings), std::nullopt);
}

}  // namespace
}  // namespace pare::search
