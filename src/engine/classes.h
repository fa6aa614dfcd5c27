#pragma once

#include <cstdint>
#include <map>

namespace pare::engine {

/// Numbers in classes that can be joined.
class Classes {
 public:
  /// The number that stands for its class.
  std::uint32_t root_of(std::uint32_t id) const {
    for (auto at = parents_.find(id); at != parents_.end(); at = parents_.find(id)) id = at->second;
    return id;
  }

  /// The class of `a` takes in that of `b`; its root stays.
  void join(std::uint32_t a, std::uint32_t b) {
    const std::uint32_t root = root_of(a);
    const std::uint32_t other = root_of(b);
    if (root != other) parents_[other] = root;
  }

 private:
  std::map<std::uint32_t, std::uint32_t> parents_;  // of all but the roots
};

}  // namespace pare::engine
