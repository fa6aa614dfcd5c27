#include "base/transpose.h"

namespace pare {

bool is_order_of_axes(std::span<const std::int64_t> order, std::size_t rank) {
  if (order.size() != rank) return false;
  std::vector<bool> is_taken(rank, false);
  for (const std::int64_t axis : order) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank)) return false;
    if (is_taken[static_cast<std::size_t>(axis)]) return false;
    is_taken[static_cast<std::size_t>(axis)] = true;
  }
  return true;
}

Shape transposed_shape(std::span<const std::int64_t> shape, std::span<const std::int64_t> order) {
  check(is_order_of_axes(order, shape.size()), "transposed_shape: not an order of the axes");
  Shape transposed;
  for (const std::int64_t axis : order) transposed.push_back(shape[static_cast<std::size_t>(axis)]);
  return transposed;
}

std::vector<std::size_t> transposed_elements(std::span<const std::int64_t> shape,
                                             std::span<const std::int64_t> order) {
  const Shape transposed = transposed_shape(shape, order);
  // What one step along each of x's axes means in x.
  std::vector<std::size_t> strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * static_cast<std::size_t>(shape[axis]);
  }
  std::vector<std::size_t> elements(static_cast<std::size_t>(num_elements(shape)), 0);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    std::size_t rest = i;
    for (std::size_t axis = order.size(); axis-- > 0;) {
      const auto size = static_cast<std::size_t>(transposed[axis]);
      elements[i] += rest % size * strides[static_cast<std::size_t>(order[axis])];
      rest /= size;
    }
  }
  return elements;
}

}  // namespace pare
