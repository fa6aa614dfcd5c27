#pragma once

#include <cstdint>

namespace pare::train {

/// The numbers of one Adam step, in float32.
struct AdamStep {
  float beta1;
  float rest1;  ///< 1 - beta1, rounded once
  float beta2;
  float rest2;                  ///< 1 - beta2
  float step_size;              ///< rate / (1 - beta1^t)
  float root_bias_correction2;  ///< sqrt(1 - beta2^t)
  float epsilon;
  float weight_decay;
};

/// One step of Adam over `size` elements in place. `moment1` and `moment2` are updated.
void adam(float* values, const float* gradients, float* moment1, float* moment2, std::int64_t size,
          const AdamStep& step);

/// The numbers of one step of gradient descent, in float32.
struct SgdStep {
  float rate;
  float momentum;  ///< 0 in the first step, so that the moment becomes the gradient
  float weight_decay;
};

/// One step of gradient descent with momentum over `size` elements in place.
void sgd(float* values, const float* gradients, float* moment, std::int64_t size,
         const SgdStep& step);

}  // namespace pare::train
