#include "nn/windows.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <torch/torch.h>

#include "nn/patch_convolution.h"

namespace pare::nn {

using torch::Tensor;

namespace {

bool is_zero(const Shape& list) {
  return std::all_of(list.begin(), list.end(), [](std::int64_t p) { return p == 0; });
}

/// The same in front of and behind each axis.
bool is_symmetric(const Shape& padding) {
  const auto half = static_cast<std::ptrdiff_t>(padding.size() / 2);
  return std::equal(padding.begin(), padding.begin() + half, padding.begin() + half);
}

/// torch lists pairs of padding from the last axis on.
Tensor padded(const Tensor& x, const Shape& padding, double value) {
  if (is_zero(padding)) return x;
  const std::size_t rank = padding.size() / 2;
  std::vector<std::int64_t> pairs;
  for (std::size_t i = rank; i-- > 0;) {
    pairs.push_back(padding[i]);
    pairs.push_back(padding[rank + i]);
  }
  return at::constant_pad_nd(x, pairs, value);
}

/// The elements of each window, [N, C, out …, taps], of x with its padding already on. Poolings of
/// them have gradients that repeat: torch's own add up in any order on a GPU (and where told to
/// repeat, refuse).
Tensor elements_of_windows(const Tensor& x, const graph::PoolWindow& w) {
  Tensor windows = x;
  const auto rank = static_cast<std::int64_t>(w.size.size());
  for (std::int64_t axis = 0; axis < rank; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    const std::int64_t span = (w.size[i] - 1) * w.dilation[i] + 1;
    windows = windows.unfold(2 + axis, span, w.stride[i]).slice(-1, 0, span, w.dilation[i]);
  }
  return windows.flatten(2 + rank);
}

/// The window of a pooling on x, written out where it is global.
graph::PoolWindow written_out(const Tensor& x, const graph::PoolWindow& window) {
  if (!window.is_global()) return window;
  const Shape size(x.sizes().begin() + 2, x.sizes().end());
  const std::size_t rank = size.size();
  return {size, Shape(rank, 1), Shape(2 * rank, 0), Shape(rank, 1)};
}

}  // namespace

Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& bias,
                const Convolution& convolution) {
  const Shape& padding = convolution.padding;
  const auto rank = static_cast<std::ptrdiff_t>(padding.size() / 2);
  const bool is_plain = is_symmetric(padding);
  const Shape sides =
      is_plain ? Shape(padding.begin(), padding.begin() + rank) : Shape(padding.size() / 2, 0);
  const Tensor from = is_plain ? x : padded(x, padding, 0);
  const Convolution with_sides{convolution.stride, sides, convolution.dilation, convolution.groups,
                               convolution.is_spikes};
  if (has_patch_convolution(from, weight, with_sides)) {
    Tensor y = convolve_patches(from, weight, with_sides);
    return bias.defined() ? y.add_(bias.view({1, -1, 1, 1, 1})) : y;
  }
  return at::convolution(from, weight, bias, convolution.stride, sides, convolution.dilation,
                         /*transposed=*/false, Shape(padding.size() / 2, 0), convolution.groups);
}

Tensor max_pool(const Tensor& x, const graph::PoolWindow& window) {
  const graph::PoolWindow w = written_out(x, window);
  const Tensor from = padded(x, w.padding, -std::numeric_limits<double>::infinity());
  // The first of equal elements gets the gradient, as in torch's pooling.
  if (!x.is_cpu()) return std::get<0>(elements_of_windows(from, w).max(-1));
  const Shape none(w.size.size(), 0);
  switch (w.size.size()) {
    case 1:
      return at::max_pool1d(from, w.size, w.stride, none, w.dilation);
    case 2:
      return at::max_pool2d(from, w.size, w.stride, none, w.dilation);
    default:
      return at::max_pool3d(from, w.size, w.stride, none, w.dilation);
  }
}

Tensor sum_pool(const Tensor& x, const graph::PoolWindow& window) {
  const graph::PoolWindow w = written_out(x, window);
  const bool is_dense =
      std::all_of(w.dilation.begin(), w.dilation.end(), [](std::int64_t d) { return d == 1; });
  if (!is_dense) {
    // torch averages neighbours alone: each channel by itself with weights of one.
    Shape ones = {x.size(1), 1};
    ones.insert(ones.end(), w.size.begin(), w.size.end());
    return convolve(x, torch::ones(ones, x.options()), {},
                    {w.stride, w.padding, w.dilation, x.size(1)});
  }
  const Tensor from = padded(x, w.padding, 0);
  const bool is_in_space = w.size.size() == 3;
  if (!x.is_cpu() && is_in_space) return elements_of_windows(from, w).sum(-1);
  const Shape none(w.size.size(), 0);
  // The divisor 1 makes a sum of the average.
  switch (w.size.size()) {
    case 1:
      return at::avg_pool2d(from.unsqueeze(2), {1, w.size[0]}, {1, w.stride[0]}, {0, 0}, false,
                            true, 1)
          .squeeze(2);
    case 2:
      return at::avg_pool2d(from, w.size, w.stride, none, false, true, 1);
    default:
      return at::avg_pool3d(from, w.size, w.stride, none, false, true, 1);
  }
}

Tensor average_pool(const Tensor& x, const graph::AveragePool& op) {
  const graph::PoolWindow w = written_out(x, op.window);
  const Tensor sums = sum_pool(x, w);
  if (op.counts_padding || is_zero(w.padding)) {
    return sums / static_cast<double>(num_elements(w.size));
  }
  Shape one = x.sizes().vec();
  one[0] = one[1] = 1;
  return sums / sum_pool(torch::ones(one, x.options()), w).clamp_min(1);
}

}  // namespace pare::nn
