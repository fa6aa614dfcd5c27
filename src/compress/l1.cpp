#include "compress/l1.h"

#include <torch/torch.h>

namespace pare::compress {
namespace {

bool is_penalised(const nn::Slice& slice) {
  return slice.role == graph::Role::kWeight || slice.role == graph::Role::kGain;
}

torch::Tensor part(const torch::Tensor& flat, const nn::Slice& slice) {
  return flat.narrow(0, slice.offset, slice.size);
}

void add_signs(const torch::Tensor& values, const torch::Tensor& gradients, float strength) {
  const auto* w = values.data_ptr<float>();
  auto* g = gradients.data_ptr<float>();
  const std::int64_t size = values.numel();
  for (std::int64_t i = 0; i < size; ++i) {
    const float sign = static_cast<float>(w[i] > 0) - static_cast<float>(w[i] < 0);
    g[i] += strength * sign;
  }
}

}  // namespace

double L1::value(const nn::Network& network) const {
  if (strength_ == 0) return 0;
  double sum = 0;
  for (const nn::Slice& slice : network.slices()) {
    if (!is_penalised(slice)) continue;
    const torch::Tensor values = part(network.values(), slice).to(torch::kCPU).contiguous();
    const auto* w = values.data_ptr<float>();
    for (std::int64_t i = 0; i < slice.size; ++i) sum += std::abs(double{w[i]});
  }
  return strength_ * sum;
}

void L1::add_gradient(nn::Network& network) const {
  if (strength_ == 0) return;
  const torch::NoGradGuard no_grad;
  for (const nn::Slice& slice : network.slices()) {
    if (!is_penalised(slice)) continue;
    const torch::Tensor values = part(network.values(), slice);
    const torch::Tensor gradients = part(network.gradients(), slice);
    if (values.is_cpu()) {
      add_signs(values, gradients, static_cast<float>(strength_));
    } else {
      gradients.add_(values.sign(), strength_);
    }
  }
}

}  // namespace pare::compress
