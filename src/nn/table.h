#pragma once

#include <cstdint>

#include <torch/types.h>

namespace pare::nn {

/// graph::Table: the entries of `values` [K] at the codes x / step, entry 0 being code `first`
/// (counted from the code of 0). The gradient of the entries is exact; that of x is the slope
/// between an entry's neighbours, since a table itself has none.
torch::Tensor look_up(const torch::Tensor& x, const torch::Tensor& values, double step,
                      std::int64_t first);

}  // namespace pare::nn
