#pragma once

#include <utility>

#include <torch/types.h>

#include "nn/fake_quantize.h"

namespace pare::nn {

// The quantizer in tensor operations, for other devices and element types than the kernels', and as
// their oracle.

/// y = from_code(to_code(x)), of x's dtype and shape.
torch::Tensor aten_quantize(const torch::Tensor& x, const Grids& grids, const GroupLayout& layout,
                            const FakeQuantizer& quantizer);

/// The gradients with respect to x, of its shape, and to log2 of the ranges, [groups].
std::pair<torch::Tensor, torch::Tensor> aten_quantize_gradient(
    const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& g, const Grids& grids,
    const GroupLayout& layout, const FakeQuantizer& quantizer);

}  // namespace pare::nn
