#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "search/proposal.h"

namespace pare::search {

/// Whether this build has Eigen, which Gaussian processes are computed with.
bool has_model();

/// The point with the highest expected improvement under a Gaussian process of the first cost of
/// what was tried (see propose()). REQUIRES: at least one measured point, and one untried. Throws
/// InputError in a build without Eigen.
std::optional<Point> model_point(const SearchSpace& space, std::span<const Tried> tried,
                                 std::uint64_t seed);

}  // namespace pare::search
