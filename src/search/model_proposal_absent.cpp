// Proposals of a build without Eigen: there are none.
#include "base/error.h"
#include "search/model_proposal.h"

namespace pare::search {

bool has_model() { return false; }

std::optional<Point> model_point(const SearchSpace&, std::span<const Tried>, std::uint64_t) {
  throw InputError(
      "this build of pare has no Eigen, which the methods bayes and parego compute with: install "
      "it (libeigen3-dev) and build with -DPARE_WITH_EIGEN=ON, or use method random");
}

}  // namespace pare::search
