#pragma once

#include <torch/types.h>

#include "nn/windows.h"

namespace pare::nn {

/// Whether convolve_patches takes these: float32 or float64 on a CPU, three spatial axes, one
/// group.
bool has_patch_convolution(const torch::Tensor& x, const torch::Tensor& weight,
                           const Convolution& convolution);

/// The convolution of x [N, C, D, H, W] with weight [M, C, kernel …] as a matrix product of each
/// sample's patches, which are made sample by sample and anew in the backward pass: no more memory
/// than those of one sample a thread. Padding is the same in front and behind. Deterministic
/// whatever the number of threads. What the backward pass keeps of x is a byte an element where the
/// convolution says that it holds spikes.
torch::Tensor convolve_patches(const torch::Tensor& x, const torch::Tensor& weight,
                               const Convolution& convolution);

}  // namespace pare::nn
