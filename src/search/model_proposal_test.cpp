#include "search/model_proposal.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::search {
namespace {

using Cost = double (*)(const std::vector<double>&);

/// A grid of `steps` values from 0 to 1 in each dimension.
SearchSpace unit_grid(std::size_t dimensions, int steps) {
  SearchSpace space;
  for (std::size_t d = 0; d < dimensions; ++d) {
    Variable variable{.key = "x" + std::to_string(d)};
    for (int i = 0; i < steps; ++i) {
      variable.values.push_back(static_cast<double>(i) / (steps - 1));
    }
    space.variables.push_back(std::move(variable));
  }
  return space;
}

/// Branin's function on the unit square; its minimum is 0.397887. Ref: Surjanovic and Bingham,
/// "Virtual library of simulation experiments".
double branin(const std::vector<double>& unit) {
  const double x = 15 * unit[0] - 5;
  const double y = 15 * unit[1];
  const double pi = std::numbers::pi;
  const double bend = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
  return bend * bend + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

/// Hartmann's function in three dimensions; its minimum is -3.86278. Ref: as above.
double hartmann(const std::vector<double>& unit) {
  constexpr double kHeights[4] = {1, 1.2, 3, 3.2};
  constexpr double kNarrow[4][3] = {{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}};
  constexpr double kCentres[4][3] = {{0.3689, 0.1170, 0.2673},
                                     {0.4699, 0.4387, 0.7470},
                                     {0.1091, 0.8732, 0.5547},
                                     {0.0381, 0.5743, 0.8828}};
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double exponent = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      exponent += kNarrow[i][j] * (unit[j] - kCentres[i][j]) * (unit[j] - kCentres[i][j]);
    }
    sum -= kHeights[i] * std::exp(-exponent);
  }
  return sum;
}

/// A search for the least cost, one trial at a time.
std::vector<Tried> search(const SearchSpace& space, const ProposalOptions& options, Cost cost,
                          int trials) {
  std::vector<Tried> tried;
  for (int i = 0; i < trials; ++i) {
    const std::optional<Proposal> proposal = propose(space, options, tried);
    if (!proposal) break;
    tried.push_back(
        {proposal->point, Standing::kMeasured, {cost(coordinates(space, proposal->point))}});
  }
  return tried;
}

double lowest(const std::vector<Tried>& tried) {
  double best = tried.at(0).costs.at(0);
  for (const Tried& one : tried) best = std::min(best, one.costs.at(0));
  return best;
}

double mean_lowest(const SearchSpace& space, Method method, Cost cost, int trials) {
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sum += lowest(search(space, {.method = method, .seed = seed}, cost, trials));
  }
  return sum / 10;
}

TEST(Bayes, BeatsRandomPointsOnBranin) {
  const SearchSpace space = unit_grid(2, 31);
  const double bayes = mean_lowest(space, Method::kBayes, branin, 20);
  const double random = mean_lowest(space, Method::kRandom, branin, 20);
  EXPECT_LT(bayes, 0.9);  // the grid's own minimum is near 0.5
  EXPECT_GT(random, bayes + 1);
}

TEST(Bayes, BeatsRandomPointsOnHartmann) {
  const SearchSpace space = unit_grid(3, 13);
  const double bayes = mean_lowest(space, Method::kBayes, hartmann, 25);
  const double random = mean_lowest(space, Method::kRandom, hartmann, 25);
  EXPECT_LT(bayes, -3.5);
  EXPECT_GT(random, bayes + 0.5);
}

TEST(Bayes, ClimbsInASpaceTooLargeToLookThrough) {
  const SearchSpace space = unit_grid(3, 61);
  ASSERT_GT(num_points(space), 200'000);
  EXPECT_LT(lowest(search(space, {.seed = 1}, hartmann, 30)), -3.7);
}

TEST(Bayes, TriesEveryPointOnceAndThenStops) {
  const SearchSpace space = unit_grid(2, 4);
  const std::vector<Tried> tried = search(space, {}, branin, 100);
  std::set<Point> points;
  for (const Tried& one : tried) points.insert(one.point);
  EXPECT_EQ(tried.size(), 16U);
  EXPECT_EQ(points.size(), 16U);
}

TEST(Bayes, ConstantCostsAreNoFailure) {
  const Cost constant = [](const std::vector<double>&) { return 1.0; };
  EXPECT_EQ(search(unit_grid(2, 5), {}, constant, 12).size(), 12U);
}

TEST(Bayes, DependsOnSeedAndHistoryAlone) {
  const SearchSpace space = unit_grid(2, 31);
  const std::vector<Tried> first = search(space, {.seed = 4}, branin, 10);
  const std::vector<Tried> second = search(space, {.seed = 4}, branin, 10);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].point, second[i].point);
  EXPECT_NE(search(space, {.seed = 5}, branin, 1)[0].point, first[0].point);
}

TEST(Bayes, AnOpenTrialSendsTheNextOneElsewhere) {
  // Both sides of the best point promise as much; one of them is being tried.
  const SearchSpace space = unit_grid(1, 101);
  std::vector<Tried> tried = {{{0}, Standing::kMeasured, {1.0}},
                              {{50}, Standing::kMeasured, {0.2}},
                              {{100}, Standing::kMeasured, {1.0}}};
  const Point first = propose(space, {.initial = 3}, tried)->point;
  tried.push_back({first, Standing::kOpen, {}});
  const Point second = propose(space, {.initial = 3}, tried)->point;
  EXPECT_LT((first[0] - 50) * (second[0] - 50), 0);
}

TEST(Bayes, FailedTrialsKeepItAway) {
  const SearchSpace space = unit_grid(1, 101);
  // The cost falls to the right, but what is there fails.
  std::vector<Tried> tried = {{{0}, Standing::kMeasured, {1.0}},
                              {{25}, Standing::kMeasured, {0.75}},
                              {{50}, Standing::kMeasured, {0.5}}};
  EXPECT_GT(propose(space, {.initial = 3}, tried)->point[0], 60);
  for (const int at : {70, 80, 90, 100}) tried.push_back({{at}, Standing::kFailed, {}});
  EXPECT_LT(propose(space, {.initial = 3}, tried)->point[0], 65);
}

TEST(Bayes, WithoutTwoMeasurementsStaysWithSobol) {
  const SearchSpace space = unit_grid(2, 31);
  std::vector<Tried> tried;
  for (int i = 0; i < 7; ++i) {
    const Proposal proposal = *propose(space, {.initial = 3}, tried);
    EXPECT_STREQ(proposal.origin, "sobol");
    tried.push_back({proposal.point, Standing::kFailed, {}});
  }
  tried[0] = {tried[0].point, Standing::kMeasured, {1.0}};
  tried[1] = {tried[1].point, Standing::kMeasured, {2.0}};
  EXPECT_STREQ(propose(space, {.initial = 3}, tried)->origin, "bayes");
}

// Two costs that pull apart along x0, of which x1 only makes both worse: the front is x1 = 0.
TEST(Parego, FindsPointsAllAlongTheFront) {
  const SearchSpace space = unit_grid(2, 31);
  const ProposalOptions options{.method = Method::kParego, .initial = 5, .seed = 2};
  std::vector<Tried> tried;
  for (int i = 0; i < 30; ++i) {
    const Point point = propose(space, options, tried)->point;
    const std::vector<double> x = coordinates(space, point);
    tried.push_back(
        {point, Standing::kMeasured, {x[0] * x[0] + x[1], (1 - x[0]) * (1 - x[0]) + x[1]}});
  }
  std::set<int> thirds;
  for (const Tried& one : tried) {
    if (one.point[1] <= 1) thirds.insert(std::min(one.point[0] / 11, 2));
  }
  EXPECT_EQ(thirds.size(), 3U);
}

}  // namespace
}  // namespace pare::search
