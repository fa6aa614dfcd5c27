#pragma once

#include <torch/types.h>

#include "base/philox.h"

namespace pare::nn {

/// Factors of x's shape and device: 0 with probability `rate`, else 1 / (1 - rate). Element i is
/// decided by number `first + i` of `random`.
torch::Tensor dropout_factors(const torch::Tensor& x, double rate, const Philox& random,
                              std::uint64_t first);

}  // namespace pare::nn
