#include "train/optimizer.h"

#include <functional>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "base/error.h"
#include "rewrite/mlp.h"

namespace pare::train {
namespace {

using torch::Tensor;

graph::Graph small_mlp() { return rewrite::mlp({.hidden = {9, 6}}, {5}, {"a", "b", "c"}, 1); }

/// 50 steps of ours and of a torch optimiser on the same gradients of the same values.
void expect_as_torch(const OptimizerOptions& options, double rate,
                     const std::function<std::unique_ptr<torch::optim::Optimizer>(Tensor)>& make) {
  nn::Network network(small_mlp(), torch::kCPU);
  Optimizer ours(network, options, {});
  Tensor values = network.values().clone().set_requires_grad(true);
  const auto torchs = make(values);
  torch::manual_seed(1);
  for (int i = 0; i < 50; ++i) {
    const Tensor gradients = torch::randn_like(network.values());
    network.gradients().copy_(gradients);
    ours.step(rate);
    values.mutable_grad() = gradients;
    torchs->step();
    ASSERT_TRUE(network.values().allclose(values.detach(), 1e-6, 1e-6)) << "step " << i;
  }
}

TEST(Adam, IsThatOfTorch) {
  for (const double decay : {0.0, 0.01}) {
    expect_as_torch({.weight_decay = decay}, 1e-2, [&](const Tensor& values) {
      return std::make_unique<torch::optim::Adam>(
          std::vector{values}, torch::optim::AdamOptions(1e-2).weight_decay(decay));
    });
  }
  expect_as_torch({.beta1 = 0.8, .beta2 = 0.9, .epsilon = 1e-3}, 3e-3, [](const Tensor& values) {
    return std::make_unique<torch::optim::Adam>(
        std::vector{values}, torch::optim::AdamOptions(3e-3).betas({0.8, 0.9}).eps(1e-3));
  });
}

TEST(Sgd, IsThatOfTorch) {
  for (const double momentum : {0.0, 0.9}) {
    for (const double decay : {0.0, 0.01}) {
      expect_as_torch(
          {.kind = recipe::Optimizer::kSgd, .momentum = momentum, .weight_decay = decay}, 1e-2,
          [&](const Tensor& values) {
            return std::make_unique<torch::optim::SGD>(
                std::vector{values},
                torch::optim::SGDOptions(1e-2).momentum(momentum).weight_decay(decay));
          });
    }
  }
}

TEST(Optimizer, MovesEachSliceAtItsRate) {
  nn::Network network(small_mlp(), torch::kCPU);
  std::vector<double> factors(network.slices().size(), 1);
  factors[0] = 0;
  factors[2] = 10;
  Optimizer optimizer(network, {.kind = recipe::Optimizer::kSgd, .momentum = 0}, factors);
  const Tensor before = network.values().clone();
  network.gradients().fill_(1);
  optimizer.step(0.125);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const nn::Slice& slice = network.slices()[i];
    const auto part = [&](const Tensor& flat) { return flat.narrow(0, slice.offset, slice.size); };
    EXPECT_TRUE(part(before - network.values())
                    .allclose(torch::full({slice.size}, 0.125 * factors[i]), 1e-5, 1e-6));
  }
}

TEST(Optimizer, LeavesPrunedWeightsAtExactlyZero) {
  graph::Graph graph = small_mlp();
  auto& weight = graph.parameter(graph::find_parameter(graph, "fc1.weight").value());
  weight.mask = pare::Tensor(DType::kU8, weight.stored.shape());
  for (const auto kind : {recipe::Optimizer::kAdam, recipe::Optimizer::kSgd}) {
    nn::Network network(graph, torch::kCPU);
    Optimizer optimizer(network, {.kind = kind, .weight_decay = 0.1}, {});
    torch::manual_seed(2);
    for (int i = 0; i < 50; ++i) {
      network.gradients().copy_(torch::randn_like(network.values()));
      network.mask_gradients();
      optimizer.step(1e-2);
    }
    const Tensor pruned = network.values().masked_select(network.masks() == 0);
    EXPECT_EQ(pruned.numel(), 45);
    EXPECT_EQ(pruned.abs().max().item<float>(), 0);
  }
}

TEST(Optimizer, GoesOnFromItsState) {
  for (const auto kind : {recipe::Optimizer::kAdam, recipe::Optimizer::kSgd}) {
    nn::Network one(small_mlp(), torch::kCPU);
    nn::Network other(small_mlp(), torch::kCPU);
    Optimizer through(one, {.kind = kind}, {});
    const auto step = [](nn::Network& network, Optimizer& optimizer, std::uint64_t seed) {
      torch::manual_seed(seed);
      network.gradients().copy_(torch::randn_like(network.values()));
      optimizer.step(1e-2);
    };
    for (std::uint64_t i = 0; i < 5; ++i) step(one, through, i);
    Optimizer resumed(other, {.kind = kind}, {});
    other.values().copy_(one.values());
    resumed.load_state(through.state());
    for (std::uint64_t i = 5; i < 10; ++i) {
      step(one, through, i);
      step(other, resumed, i);
    }
    EXPECT_TRUE(one.values().equal(other.values()));
  }
}

TEST(Optimizer, RefusesTheStateOfAnother) {
  nn::Network network(small_mlp(), torch::kCPU);
  Optimizer adam(network, {}, {});
  const Optimizer sgd(network, {.kind = recipe::Optimizer::kSgd}, {});
  EXPECT_THROW(adam.load_state(sgd.state()), InputError);
  EXPECT_THROW(adam.load_state({}), InputError);
}

}  // namespace
}  // namespace pare::train
