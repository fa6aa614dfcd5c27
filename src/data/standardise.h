#pragma once

#include "base/tensor.h"
#include "data/dataset.h"

namespace pare::data {

/// Mean and population standard deviation of each feature (axis 1) of inputs [N, F, …], summed in
/// double. A feature that is the same everywhere gets scale 1. REQUIRES: N > 0.
Standardisation statistics(const Tensor& inputs);

/// Inputs that, standardised `by_others`, equal these standardised `by_own`, but for one rounding
/// to float32.
Tensor remap(const Tensor& inputs, const Standardisation& by_own, const Standardisation& by_others);

}  // namespace pare::data
