#pragma once

#include "nn/batch_norm_kernels.h"

namespace pare::nn {

// As batch_norm_kernels.h, of [samples, channels, positions]: the channels of images.

struct PlaneShape {
  std::int64_t samples = 0;
  std::int64_t channels = 0;
  std::int64_t positions = 0;
};

Moments channel_moments(const float* x, PlaneShape shape);

void normalise(const float* x, PlaneShape shape, const Affine& affine, Follow follow,
               const Grid& grid, float* y);

GradientSums gradients_of_normalised(const float* x, const float* y, const float* g,
                                     PlaneShape shape, const Affine& affine,
                                     std::span<const float> mean, Follow follow, const Grid& grid,
                                     float* gz);

void gradients_of_input(const float* x, PlaneShape shape, const InputGradient& terms, float* gz);

}  // namespace pare::nn
