#include "train/optimizer_kernels.h"

#include <cmath>

#include "nn/simd.h"

namespace pare::train {

PARE_SIMD_CLONES
void adam(float* __restrict values, const float* __restrict gradients, float* __restrict moment1,
          float* __restrict moment2, std::int64_t size, const AdamStep& step) {
  const AdamStep s = step;
  for (std::int64_t i = 0; i < size; ++i) {
    const float g = gradients[i] + s.weight_decay * values[i];
    moment1[i] = moment1[i] * s.beta1 + g * s.rest1;
    moment2[i] = moment2[i] * s.beta2 + s.rest2 * g * g;
    const float root = std::sqrt(moment2[i]) / s.root_bias_correction2 + s.epsilon;
    values[i] -= s.step_size * moment1[i] / root;
  }
}

PARE_SIMD_CLONES
void sgd(float* __restrict values, const float* __restrict gradients, float* __restrict moment,
         std::int64_t size, const SgdStep& step) {
  const SgdStep s = step;
  for (std::int64_t i = 0; i < size; ++i) {
    const float g = gradients[i] + s.weight_decay * values[i];
    moment[i] = moment[i] * s.momentum + g;
    values[i] -= s.rate * moment[i];
  }
}

}  // namespace pare::train
