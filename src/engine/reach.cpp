#include "engine/reach.h"

#include <algorithm>

namespace pare::engine {

std::vector<Reach> reaches(const graph::Window::Axis& axis) {
  std::vector<Reach> all;
  for (std::int64_t o = 0; o < axis.output; ++o) {
    Reach reach;
    for (std::int64_t k = axis.kernel; k-- > 0;) {
      if (!axis.holds(axis.at(o, k))) continue;
      reach.first = static_cast<std::size_t>(k);
      reach.last = std::max(reach.last, reach.first + 1);
      reach.at = static_cast<std::size_t>(axis.at(o, k));
    }
    all.push_back(reach);
  }
  return all;
}

}  // namespace pare::engine
