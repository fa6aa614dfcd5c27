#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "search/search_space.h"

namespace pare::search {

enum class Method {
  kBayes,   ///< a Gaussian process of the objective and the expected improvement under it
  kParego,  ///< the same for two objectives: of a weighted one, with other weights for each trial
  kRandom,  ///< uniformly drawn: what the others must beat
};

enum class Standing { kOpen, kMeasured, kFailed };

/// A point that was tried, or is being tried.
struct Tried {
  Point point;
  Standing standing = Standing::kOpen;
  std::vector<double> costs = {};  ///< once measured: the objectives, finite, smaller is better
};

struct ProposalOptions {
  Method method = Method::kBayes;
  int initial = 5;  ///< so many points come from a scrambled Sobol sequence (not with kRandom)
  std::uint64_t seed = 1;
};

/// Where a proposal comes from, as users read it: "sobol", "bayes", "parego" or "random".
struct Proposal {
  Point point;
  const char* origin;
};

/// The point to try next, one that was not tried before; nothing if all points were. A function of
/// its arguments alone, in which the order of `tried` counts.
///
/// kBayes: a Gaussian process (see fit()) is made of what was measured, scaled to mean 0 and
/// variance 1. A failed trial counts as if it had measured the worst value so far. An open one
/// counts as if it had measured what the process expects there (Kriging believer), so that several
/// can run at a time. The point is the one with the highest expected improvement over the lowest
/// mean of the process at the measured points. As long as fewer than two trials have measured
/// anything, points still come from the Sobol sequence.
///
/// kParego: objectives are scaled to 0 … 1 and weighted, max(w_i c_i) + 0.05 Σ w_i c_i, with
/// weights drawn from {0, 0.1, …, 1} for each proposal; then as kBayes.
///
/// Ref: Ginsbourger et al., "Kriging is well-suited to parallelize optimization" (2010) for the
/// believer; Knowles, "ParEGO" (2006), eq. (2).
/// Throws InputError if kBayes or kParego is asked for in a build without Eigen.
std::optional<Proposal> propose(const SearchSpace& space, const ProposalOptions& options,
                                std::span<const Tried> tried);

/// Which point of a Sobol sequence over the space is the first that is not in `tried`.
std::optional<Point> sobol_point(const SearchSpace& space, std::uint64_t seed,
                                 std::span<const Tried> tried);

}  // namespace pare::search
