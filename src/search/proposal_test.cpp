#include "search/proposal.h"

#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "search/model_proposal.h"

namespace pare::search {
namespace {

SearchSpace small_space() {
  return {{{.key = "a", .values = {1, 2, 3, 4}}, {.key = "b", .values = {"x", "y"}}}};
}

TEST(Propose, RandomPointsComeOnceEachAndThenNoMore) {
  const SearchSpace space = small_space();
  const ProposalOptions options{.method = Method::kRandom, .seed = 3};
  std::vector<Tried> tried;
  std::set<Point> points;
  while (const auto proposal = propose(space, options, tried)) {
    EXPECT_STREQ(proposal->origin, "random");
    tried.push_back({proposal->point, Standing::kOpen, {}});
    points.insert(proposal->point);
    ASSERT_LE(tried.size(), 8U);
  }
  EXPECT_EQ(points.size(), 8U);
}

TEST(Propose, RandomPointsDependOnTheSeed) {
  SearchSpace space;
  for (const char* key : {"a", "b", "c"}) {
    space.variables.push_back({.key = key, .values = std::vector<nlohmann::json>(100, 1)});
  }
  const auto first = [&](std::uint64_t seed) {
    return propose(space, {.method = Method::kRandom, .seed = seed}, {})->point;
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
}

TEST(SobolPoint, GoesThroughASmallSpaceWithoutRepeating) {
  const SearchSpace space = small_space();
  std::vector<Tried> tried;
  std::set<Point> points;
  while (points.size() < 8) {
    const std::optional<Point> point = sobol_point(space, 1, tried);
    ASSERT_TRUE(point.has_value());
    EXPECT_TRUE(points.insert(*point).second);
    tried.push_back({*point, Standing::kOpen, {}});
  }
}

TEST(SobolPoint, TheFirstFourHaveOneInEachQuarter) {
  const SearchSpace space = small_space();
  std::vector<Tried> tried;
  std::set<int> values;
  for (int i = 0; i < 4; ++i) {
    tried.push_back({*sobol_point(space, 9, tried), Standing::kOpen, {}});
    values.insert(tried.back().point[0]);
  }
  EXPECT_EQ(values.size(), 4U);
}

TEST(Propose, AModelIsThereOrItsAbsenceIsSaid) {
  const std::vector<Tried> tried = {{{0, 0}, Standing::kMeasured, {1}},
                                    {{1, 1}, Standing::kMeasured, {2}}};
  const ProposalOptions options{.initial = 2};
  if (has_model()) {
    EXPECT_STREQ(propose(small_space(), options, tried)->origin, "bayes");
  } else {
    EXPECT_THROW(propose(small_space(), options, tried), InputError);
  }
}

}  // namespace
}  // namespace pare::search
