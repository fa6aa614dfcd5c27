#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "base/philox.h"
#include "search/search_space.h"

namespace pare::search {

using Score = std::function<double(const Point&)>;

/// A point with the highest score that is not in `excluded`; nothing if every point is. A space of
/// at most 20 000 points is looked through. In a larger one the best of 4096 random points and of
/// the neighbours of all `known` points start climbs, each going on to the best neighbour as long
/// as that is better. Scores may be -infinity, not NaN.
std::optional<Point> grid_optimum(const SearchSpace& space, const Score& score,
                                  const std::set<Point>& excluded, const std::vector<Point>& known,
                                  const Philox& random);

/// A uniformly drawn point that is not in `excluded`; nothing if every point is.
std::optional<Point> random_point(const SearchSpace& space, const std::set<Point>& excluded,
                                  const Philox& random);

}  // namespace pare::search
