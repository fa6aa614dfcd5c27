#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/tensor.h"

namespace pare::data {

/// The array with its axes in another order: axis i of the result is axis order[i] of `tensor`.
/// REQUIRES: `order` is a permutation of the axes.
Tensor permuted(const Tensor& tensor, std::span<const std::size_t> order);

/// Throws InputError unless `axes` is empty, or letters of N (samples), T (time), C (channels),
/// H (rows), W (columns), F (features), each at most once and N among them.
void check_axes(const std::string& axes);

/// Inputs whose axes lie as `axes` says, one letter an axis from the outermost of the array's
/// shape, as samples [N, T, C, H, W, F], in this order and only those there are. Images without C
/// get an axis C of one channel. Empty `axes`: unchanged. Throws InputError naming `origin` if the
/// array has another number of axes. REQUIRES: check_axes(axes).
Tensor samples_first(Tensor inputs, const std::string& axes, const std::string& origin);

}  // namespace pare::data
