#include "search/front.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pare::search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Costs = std::vector<std::vector<double>>;

TEST(ParetoFront, EqualsOneByHand) {
  EXPECT_THAT(pareto_front(Costs{{3, 1}, {1, 3}, {2, 2}, {2, 3}, {3, 3}, {2, 2}}),
              ElementsAre(1, 2, 5, 0));
  EXPECT_THAT(pareto_front(Costs{{4}, {2}, {3}, {2}}), ElementsAre(1, 3));
  EXPECT_THAT(pareto_front(Costs{}), IsEmpty());
}

bool is_at_most(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return x <= y; });
}

RC_GTEST_PROP(ParetoFront, HoldsWhatNothingBeatsAndNothingElse, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(0, 30);
  const auto size = *rc::gen::inRange<std::size_t>(1, 4);
  Costs costs;
  for (std::size_t i = 0; i < count; ++i) {
    const auto numbers = *rc::gen::container<std::vector<int>>(size, rc::gen::inRange(0, 6));
    costs.emplace_back(numbers.begin(), numbers.end());
  }
  const std::vector<std::size_t> front = pareto_front(costs);
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_beaten = std::any_of(costs.begin(), costs.end(), [&](const auto& other) {
      return is_at_most(other, costs[i]) && other != costs[i];
    });
    const bool is_member = std::find(front.begin(), front.end(), i) != front.end();
    RC_ASSERT(is_member != is_beaten);
  }
  RC_ASSERT(std::is_sorted(front.begin(), front.end(),
                           [&](auto a, auto b) { return costs[a] < costs[b]; }));
}

}  // namespace
}  // namespace pare::search
