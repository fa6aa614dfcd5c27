#include "search/proposal.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/philox.h"
#include "search/grid_optimum.h"
#include "search/model_proposal.h"
#include "search/sobol.h"

namespace pare::search {
namespace {

// Epochs of the stream kSearch; Sobol's scrambling has those below 21, fit() has 1002.
constexpr std::uint32_t kRandomTrials = 1000;
constexpr std::uint32_t kWeights = 1003;

std::set<Point> points_of(std::span<const Tried> tried) {
  std::set<Point> points;
  for (const Tried& one : tried) points.insert(one.point);
  return points;
}

Philox numbers_for(std::uint64_t seed, std::uint32_t use, std::size_t trial) {
  return {seed, RandomStream::kSearch, use, static_cast<std::uint32_t>(trial)};
}

/// The two objectives of what was measured made one, with weights that are this trial's own.
std::vector<Tried> weigh(std::span<const Tried> tried, std::uint64_t seed) {
  constexpr std::uint64_t kSteps = 10;
  constexpr double kAugmentation = 0.05;
  const double weight =
      static_cast<double>(numbers_for(seed, kWeights, tried.size()).below(0, kSteps + 1)) / kSteps;
  const std::array<double, 2> weights = {weight, 1 - weight};
  std::array<double, 2> lowest;
  std::array<double, 2> highest;
  lowest.fill(std::numeric_limits<double>::infinity());
  highest.fill(-std::numeric_limits<double>::infinity());
  for (const Tried& one : tried) {
    for (std::size_t i = 0; i < one.costs.size(); ++i) {
      lowest[i] = std::min(lowest[i], one.costs[i]);
      highest[i] = std::max(highest[i], one.costs[i]);
    }
  }
  std::vector<Tried> weighed(tried.begin(), tried.end());
  for (Tried& one : weighed) {
    if (one.standing != Standing::kMeasured) continue;
    check(one.costs.size() == 2, "weigh: two objectives");
    double largest = 0;
    double sum = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const double range = highest[i] - lowest[i];
      const double scaled = range > 0 ? (one.costs[i] - lowest[i]) / range : 0;
      largest = std::max(largest, weights[i] * scaled);
      sum += weights[i] * scaled;
    }
    one.costs = {largest + kAugmentation * sum};
  }
  return weighed;
}

}  // namespace

std::optional<Point> sobol_point(const SearchSpace& space, std::uint64_t seed,
                                 std::span<const Tried> tried) {
  const std::set<Point> points = points_of(tried);
  const ScrambledSobol sobol(static_cast<int>(space.variables.size()), seed);
  // Several points of the sequence can lie in one cell of a small space, and in the end all do.
  constexpr std::uint32_t kMaxIndex = 100'000;
  for (std::uint32_t index = 0; index < kMaxIndex; ++index) {
    const Point point = point_in(space, sobol.point(index));
    if (!points.contains(point)) return point;
  }
  return random_point(space, points, numbers_for(seed, kRandomTrials, tried.size()));
}

std::optional<Proposal> propose(const SearchSpace& space, const ProposalOptions& options,
                                std::span<const Tried> tried) {
  const auto proposal = [](std::optional<Point> point, const char* origin) {
    return point ? std::optional<Proposal>({std::move(*point), origin}) : std::nullopt;
  };
  if (static_cast<std::int64_t>(tried.size()) >= num_points(space)) return std::nullopt;
  if (options.method == Method::kRandom) {
    return proposal(random_point(space, points_of(tried),
                                 numbers_for(options.seed, kRandomTrials, tried.size())),
                    "random");
  }
  const auto measured = std::count_if(tried.begin(), tried.end(), [](const Tried& one) {
    return one.standing == Standing::kMeasured;
  });
  if (tried.size() < static_cast<std::size_t>(options.initial) || measured < 2) {
    return proposal(sobol_point(space, options.seed, tried), "sobol");
  }
  if (options.method == Method::kParego) {
    return proposal(model_point(space, weigh(tried, options.seed), options.seed), "parego");
  }
  return proposal(model_point(space, tried, options.seed), "bayes");
}

}  // namespace pare::search
