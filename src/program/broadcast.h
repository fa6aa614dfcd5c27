#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/tensor.h"

namespace pare::program {

/// How a constant covers the elements of a buffer: it has one element in all, or as many axes as
/// the buffer and along each of them 1 or as many elements.
class Broadcast {
 public:
  /// Whether `from` covers a buffer of shape `to`.
  static bool fits(std::span<const std::int64_t> from, std::span<const std::int64_t> to);

  /// REQUIRES: fits(from, to).
  Broadcast(std::span<const std::int64_t> from, std::span<const std::int64_t> to);

  /// Number of the constant's elements.
  std::size_t num_groups() const { return num_groups_; }

  /// The element of the constant that belongs to `element` of the buffer.
  std::size_t group_of(std::size_t element) const {
    std::size_t group = 0;
    for (const Axis& axis : axes_) {
      group += element % axis.size * axis.stride;
      element /= axis.size;
    }
    return group;
  }

 private:
  struct Axis {
    std::size_t size;    ///< of the buffer
    std::size_t stride;  ///< of the constant; 0 where it has one element
  };
  std::vector<Axis> axes_;  ///< innermost first; none for one element in all
  std::size_t num_groups_ = 1;
};

/// A table's shape without its last axis: what broadcasts.
inline std::span<const std::int64_t> leading_axes(const Shape& shape) {
  return std::span(shape).first(shape.size() - 1);
}

}  // namespace pare::program
