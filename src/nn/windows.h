#pragma once

#include <torch/types.h>

#include "graph/ops.h"

namespace pare::nn {

// Convolutions and poolings over one to three spatial axes, x [N, C, spatial …], with padding that
// may differ in front and behind. Of integers in float64 they are exact while sums stay below 2^53:
// on a CPU torch computes float64 convolutions as matrix products.

/// graph::Conv's window on x. `bias` may be undefined.
struct Convolution {
  const Shape& stride;
  const Shape& padding;
  const Shape& dilation;
  std::int64_t groups = 1;
  bool is_spikes = false;  ///< x is 0 and 1: what the backward pass keeps of it may be smaller
};
torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, const Convolution& convolution);

torch::Tensor max_pool(const torch::Tensor& x, const graph::PoolWindow& window);

torch::Tensor sum_pool(const torch::Tensor& x, const graph::PoolWindow& window);

/// Sums divided by the elements of each window: all, or those that are no padding.
torch::Tensor average_pool(const torch::Tensor& x, const graph::AveragePool& op);

}  // namespace pare::nn
