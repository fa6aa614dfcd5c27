#pragma once

#include <optional>

#include <torch/types.h>

#include "nn/batch_norm_kernels.h"
#include "nn/fake_quantize.h"

namespace pare::nn {

/// Batch norm (graph::BatchNorm) with its tensors, each [C] or undefined.
struct BatchNorm {
  torch::Tensor gain = {};
  torch::Tensor shift = {};
  torch::Tensor mean = {};      ///< running; updated in place while training
  torch::Tensor variance = {};  ///< running, unbiased; updated in place while training
  double epsilon = 1e-5;
  double momentum = 0.1;
};

/// What follows it in the same pass.
struct Tail {
  Follow follow = Follow::kNothing;
  Grids grids = {};               ///< kReluQuantize: one for the whole wire
  torch::Tensor log2_range = {};  ///< as in fake_quantize
  FakeQuantizer quantizer = {};   ///< kReluQuantize; has_relu is set
};

/// The kernels for a matrix [N, C] in float32 on the CPU with a grid that the kernels know.
Path fastest_path(const torch::Tensor& x, const Tail& tail);

/// Normalises x [N, C, …] over all axes but C: by the batch's own mean and biased variance if
/// `is_training` or if there are no running ones, else by those. While training the running ones
/// move by `momentum` towards the batch's mean and unbiased variance, as torch's batch_norm does.
torch::Tensor batch_norm(const torch::Tensor& x, const BatchNorm& norm, const Tail& tail,
                         bool is_training, Path path);

}  // namespace pare::nn
