#include "search/front.h"

#include <algorithm>
#include <numeric>

namespace pare::search {
namespace {

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  bool is_smaller = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    is_smaller = is_smaller || a[i] < b[i];
  }
  return is_smaller;
}

}  // namespace

std::vector<std::size_t> pareto_front(std::span<const std::vector<double>> costs) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return costs[a] < costs[b]; });
  // Whatever dominates another comes before it, and is dominated by a member of the front or is
  // one.
  std::vector<std::size_t> front;
  for (const std::size_t candidate : order) {
    const bool is_dominated = std::any_of(front.begin(), front.end(), [&](std::size_t member) {
      return dominates(costs[member], costs[candidate]);
    });
    if (!is_dominated) front.push_back(candidate);
  }
  return front;
}

}  // namespace pare::search
