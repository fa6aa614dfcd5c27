#include "search/grid_optimum.h"

#include <algorithm>
#include <utility>

namespace pare::search {
namespace {

constexpr std::int64_t kFewPoints = 20'000;
constexpr std::uint64_t kRandomPoints = 4096;
constexpr std::size_t kClimbs = 8;
constexpr int kMaxSteps = 200;

struct Scored {
  double score;
  Point point;
};

bool is_better(const Scored& a, const Scored& b) { return a.score > b.score; }

Point random_point_of(const SearchSpace& space, const Philox& random, std::uint64_t number) {
  Point point;
  for (const Variable& variable : space.variables) {
    const std::uint64_t index = number * space.variables.size() + point.size();
    point.push_back(static_cast<int>(random.below(index, variable.values.size())));
  }
  return point;
}

/// Scores points, each once.
class Scorer {
 public:
  Scorer(const Score& score, const std::set<Point>& excluded) : score_(&score), seen_(excluded) {}

  void add(Point point, std::vector<Scored>& out) {
    if (!seen_.insert(point).second) return;
    const double score = (*score_)(point);
    out.push_back({score, std::move(point)});
  }

 private:
  const Score* score_;
  std::set<Point> seen_;
};

/// What is left of the space, point by point.
std::vector<Point> all_but(const SearchSpace& space, const std::set<Point>& excluded) {
  std::vector<Point> points;
  for (std::int64_t i = 0; i < num_points(space); ++i) {
    Point point = point_at(space, i);
    if (!excluded.contains(point)) points.push_back(std::move(point));
  }
  return points;
}

/// Goes on to the best neighbour as long as that is better. Those that were scored before are left
/// out: from where they were, the search went on to something at least as good.
Scored climb(const SearchSpace& space, Scored at, Scorer& scorer) {
  for (int step = 0; step < kMaxSteps; ++step) {
    std::vector<Scored> around;
    for (Point& next : neighbours(space, at.point)) scorer.add(std::move(next), around);
    const auto best = std::min_element(around.begin(), around.end(), is_better);
    if (best == around.end() || !is_better(*best, at)) break;
    at = std::move(*best);
  }
  return at;
}

}  // namespace

std::optional<Point> grid_optimum(const SearchSpace& space, const Score& score,
                                  const std::set<Point>& excluded, const std::vector<Point>& known,
                                  const Philox& random) {
  Scorer scorer(score, excluded);
  std::vector<Scored> candidates;
  if (num_points(space) <= kFewPoints) {
    for (Point& point : all_but(space, excluded)) scorer.add(std::move(point), candidates);
  } else {
    for (std::uint64_t i = 0; i < kRandomPoints; ++i) {
      scorer.add(random_point_of(space, random, i), candidates);
    }
    for (const Point& point : known) {
      for (Point& next : neighbours(space, point)) scorer.add(std::move(next), candidates);
    }
  }
  if (candidates.empty()) return std::nullopt;
  // Stable: equal scores stay in an order that depends on nothing else.
  std::stable_sort(candidates.begin(), candidates.end(), is_better);
  Scored best = candidates.front();
  if (num_points(space) > kFewPoints) {
    candidates.resize(std::min(candidates.size(), kClimbs));
    for (Scored& start : candidates) {
      Scored top = climb(space, std::move(start), scorer);
      if (is_better(top, best)) best = std::move(top);
    }
  }
  return std::move(best.point);
}

std::optional<Point> random_point(const SearchSpace& space, const std::set<Point>& excluded,
                                  const Philox& random) {
  if (num_points(space) <= kFewPoints) {
    std::vector<Point> left = all_but(space, excluded);
    if (left.empty()) return std::nullopt;
    return left[random.below(0, left.size())];
  }
  // More points than anyone tries: a new one comes soon.
  for (std::uint64_t i = 0;; ++i) {
    Point point = random_point_of(space, random, i);
    if (!excluded.contains(point)) return point;
  }
}

}  // namespace pare::search
