#include "compress/l1.h"

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "rewrite/mlp.h"

namespace pare::compress {
namespace {

nn::Network small_network() {
  return {rewrite::mlp({.hidden = {6, 5}}, {4}, {"a", "b", "c"}, 3), torch::kCPU};
}

bool is_penalised(const nn::Slice& slice) {
  return slice.role == graph::Role::kWeight || slice.role == graph::Role::kGain;
}

TEST(L1, ValueIsTheSumOverWeightsAndGains) {
  const nn::Network network = small_network();
  double sum = 0;
  for (const nn::Slice& slice : network.slices()) {
    if (!is_penalised(slice)) continue;
    sum += network.values()
               .narrow(0, slice.offset, slice.size)
               .to(torch::kFloat64)
               .abs()
               .sum()
               .item<double>();
  }
  EXPECT_GT(sum, 11);  // the gains alone are 11 ones
  EXPECT_NEAR(L1(1e-4).value(network), 1e-4 * sum, 1e-12);
  EXPECT_EQ(L1(0).value(network), 0);
}

TEST(L1, GradientIsTheSignAndZeroAtZero) {
  nn::Network network = small_network();
  const nn::Slice first = network.slices()[0];
  ASSERT_EQ(first.role, graph::Role::kWeight);
  {
    const torch::NoGradGuard no_grad;
    network.values()[first.offset] = 0;
    network.values()[first.offset + 1] = -0.5;
    network.values()[first.offset + 2] = 0.25;
  }
  network.zero_gradients();
  L1(0.5).add_gradient(network);
  const torch::Tensor gradients = network.gradients();
  EXPECT_EQ(gradients[first.offset].item<float>(), 0);
  EXPECT_EQ(gradients[first.offset + 1].item<float>(), -0.5F);
  EXPECT_EQ(gradients[first.offset + 2].item<float>(), 0.5F);
  for (const nn::Slice& slice : network.slices()) {
    const double sum = gradients.narrow(0, slice.offset, slice.size).abs().sum().item<double>();
    EXPECT_EQ(sum > 0, is_penalised(slice)) << slice.name;
  }
}

}  // namespace
}  // namespace pare::compress
