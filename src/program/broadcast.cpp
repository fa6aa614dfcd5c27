#include "program/broadcast.h"

#include "base/error.h"

namespace pare::program {

bool Broadcast::fits(std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  if (num_elements(from) == 1) return true;
  if (from.size() != to.size()) return false;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    if (from[axis] != 1 && from[axis] != to[axis]) return false;
  }
  return true;
}

Broadcast::Broadcast(std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  check(fits(from, to), "Broadcast: shapes do not fit");
  num_groups_ = static_cast<std::size_t>(num_elements(from));
  if (num_groups_ == 1) return;
  std::size_t stride = 1;
  for (std::size_t axis = from.size(); axis-- > 0;) {
    axes_.push_back({static_cast<std::size_t>(to[axis]), from[axis] == 1 ? 0 : stride});
    stride *= static_cast<std::size_t>(from[axis]);
  }
}

}  // namespace pare::program
