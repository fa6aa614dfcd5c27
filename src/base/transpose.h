#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/tensor.h"

namespace pare {

// Axes in another order, as numpy's transpose has it: y's axis i is x's axis order[i].

/// Whether `order` has each of 0 … rank - 1 once.
bool is_order_of_axes(std::span<const std::int64_t> order, std::size_t rank);

/// Shape of y. REQUIRES: is_order_of_axes(order, shape.size()).
Shape transposed_shape(std::span<const std::int64_t> shape, std::span<const std::int64_t> order);

/// For each element of y, row-major, the index of x's element that it is. `shape` is x's.
/// REQUIRES: is_order_of_axes(order, shape.size()).
std::vector<std::size_t> transposed_elements(std::span<const std::int64_t> shape,
                                             std::span<const std::int64_t> order);

}  // namespace pare
