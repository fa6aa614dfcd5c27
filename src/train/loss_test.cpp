#include "train/loss.h"

#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include <torch/torch.h>

namespace pare::train {
namespace {

using recipe::Loss;
using torch::Tensor;

/// Loss and the gradient of the logits.
std::pair<double, Tensor> differentiate(Loss kind, const Tensor& values, const Tensor& labels) {
  const Tensor logits = values.clone().set_requires_grad(true);
  const Tensor result = loss(kind, logits, labels);
  (result * 3).backward();
  return {result.item<double>(), logits.grad() / 3};
}

/// The definitions, in double, as they stand in the header.
double by_definition(Loss kind, const Tensor& logits, const Tensor& labels) {
  const Tensor p = logits.softmax(1);
  const Tensor is_label = torch::one_hot(labels, logits.size(1)).to(torch::kFloat64);
  if (kind == Loss::kCrossEntropy) return -(is_label * p.log()).sum(1).mean().item<double>();
  return -(is_label * p.log() + (1 - is_label) * (1 - p).log()).mean().item<double>();
}

class BothLosses : public testing::TestWithParam<Loss> {};

TEST_P(BothLosses, AreTheirDefinitionsAndGradients) {
  torch::manual_seed(1);
  const Tensor logits = torch::randn({13, 5}, torch::kFloat64) * 2;
  const Tensor labels = torch::randint(5, {13}, torch::kInt64);
  const auto [fused, fused_gradient] =
      differentiate(GetParam(), logits.to(torch::kFloat32), labels);
  const auto [twin, twin_gradient] = differentiate(GetParam(), logits, labels);
  EXPECT_NEAR(fused, by_definition(GetParam(), logits, labels), 1e-6);
  EXPECT_NEAR(twin, by_definition(GetParam(), logits, labels), 1e-12);
  constexpr double kStep = 1e-6;
  for (std::int64_t i = 0; i < logits.numel(); ++i) {
    const auto moved = [&](double by) {
      Tensor copy = logits.clone();
      copy.view(-1)[i] += by;
      return by_definition(GetParam(), copy, labels);
    };
    const double quotient = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR(fused_gradient.view(-1)[i].item<double>(), quotient, 1e-6);
    EXPECT_NEAR(twin_gradient.view(-1)[i].item<double>(), quotient, 1e-8);
  }
}

TEST_P(BothLosses, StayFiniteWithLargeLogits) {
  const Tensor logits = torch::tensor({{500.0F, -500.0F, 0.0F}, {-900.0F, 900.0F, 1.0F}});
  for (const auto& labels : {torch::tensor({0, 1}), torch::tensor({1, 0}), torch::tensor({2, 2})}) {
    for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
      const auto [value, gradient] = differentiate(GetParam(), logits.to(dtype), labels);
      EXPECT_TRUE(std::isfinite(value));
      EXPECT_TRUE(gradient.isfinite().all().item<bool>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BothLosses,
                         testing::Values(Loss::kCrossEntropy, Loss::kBinaryCrossEntropy));

TEST(CrossEntropy, OfARightAndAWrongCertainty) {
  const Tensor logits = torch::tensor({{100.0F, 0.0F}});
  EXPECT_EQ(loss(Loss::kCrossEntropy, logits, torch::tensor({0})).item<float>(), 0);
  EXPECT_EQ(loss(Loss::kCrossEntropy, logits, torch::tensor({1})).item<float>(), 100);
  EXPECT_EQ(loss(Loss::kBinaryCrossEntropy, logits, torch::tensor({1})).item<float>(), 100);
}

TEST(BinaryCrossEntropy, OfOneLogitIsLogistic) {
  const Tensor logits = torch::tensor({{0.3F}, {-2.0F}, {200.0F}});
  const Tensor labels = torch::tensor({1, 0, 1});
  const auto [fused, gradient] = differentiate(Loss::kBinaryCrossEntropy, logits, labels);
  const double expected = (std::log1p(std::exp(-0.3)) + std::log1p(std::exp(-2.0))) / 3;
  EXPECT_NEAR(fused, expected, 1e-6);
  const auto [twin, twin_gradient] =
      differentiate(Loss::kBinaryCrossEntropy, logits.to(torch::kFloat64), labels);
  EXPECT_NEAR(twin, expected, 1e-7);
  EXPECT_TRUE(gradient.to(torch::kFloat64).allclose(twin_gradient, 1e-6, 1e-7));
}

}  // namespace
}  // namespace pare::train
