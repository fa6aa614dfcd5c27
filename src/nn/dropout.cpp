#include "nn/dropout.h"

#include <torch/torch.h>

namespace pare::nn {

torch::Tensor dropout_factors(const torch::Tensor& x, double rate, const Philox& random,
                              std::uint64_t first) {
  torch::Tensor factors = torch::empty(x.sizes(), torch::kFloat32);
  const float kept = static_cast<float>(1 / (1 - rate));
  float* to = factors.data_ptr<float>();
  const auto size = static_cast<std::uint64_t>(x.numel());
  for (std::uint64_t i = 0; i < size; ++i) to[i] = random.uniform(first + i) < rate ? 0.0F : kept;
  return factors.to(x.device());
}

}  // namespace pare::nn
