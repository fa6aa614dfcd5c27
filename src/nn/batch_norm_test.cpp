#include "nn/batch_norm.h"

#include <utility>

#include <gtest/gtest.h>

#include <torch/torch.h>

namespace pare::nn {
namespace {

using torch::Tensor;

constexpr std::int64_t kSamples = 70;
constexpr std::int64_t kInputs = 5;
constexpr std::int64_t kChannels = 19;

/// Linear -> BatchNorm -> ReLU, weighted and summed.
struct Block {
  Tensor x;
  Tensor weight;
  Tensor gain;
  Tensor shift;
  Tensor g;

  explicit Block(std::uint64_t seed) {
    torch::manual_seed(seed);
    const auto normal = [](at::IntArrayRef shape) { return torch::randn(shape, torch::kFloat64); };
    x = normal({kSamples, kInputs});
    weight = normal({kChannels, kInputs});
    gain = normal({kChannels}) + 2;
    shift = normal({kChannels});
    g = normal({kSamples, kChannels});
  }

  /// By the textbook, in double.
  double loss() const {
    const Tensor h = x.matmul(weight.t()) + 3;
    const Tensor centred = h - h.mean(0);
    const Tensor variance = (centred * centred).mean(0);
    const Tensor z = centred / (variance + 1e-5).sqrt() * gain + shift;
    return (g * z.relu()).sum().item<double>();
  }
};

double difference_quotient(Block block, Tensor Block::*member, std::int64_t index) {
  constexpr double kStep = 1e-6;
  const auto moved = [&](double by) {
    Block copy = block;
    copy.*member = (block.*member).clone();
    (copy.*member).view(-1)[index] += by;
    return copy.loss();
  };
  return (moved(kStep) - moved(-kStep)) / (2 * kStep);
}

// docs/methods/ps_and_qs.md, test T8: the fused float32 function against finite differences of the
// definition in double.
TEST(FusedBatchNorm, HasTheGradientsOfLinearBatchNormRelu) {
  const Block block(1);
  const auto leaf = [](const Tensor& from) {
    return from.to(torch::kFloat32).set_requires_grad(true);
  };
  const Tensor x = leaf(block.x);
  const Tensor weight = leaf(block.weight);
  const BatchNorm norm{.gain = leaf(block.gain), .shift = leaf(block.shift)};
  const Tensor h = x.matmul(weight.t()) + 3;
  const Tensor y = batch_norm(h, norm, {.follow = Follow::kRelu}, true, Path::kKernels);
  (y * block.g.to(torch::kFloat32)).sum().backward();

  const std::pair<Tensor Block::*, Tensor> members[] = {{&Block::x, x.grad()},
                                                        {&Block::weight, weight.grad()},
                                                        {&Block::gain, norm.gain.grad()},
                                                        {&Block::shift, norm.shift.grad()}};
  for (const auto& [member, gradient] : members) {
    const double size = gradient.abs().max().item<double>();
    for (std::int64_t i = 0; i < gradient.numel(); ++i) {
      const double found = gradient.view(-1)[i].item<double>();
      ASSERT_NEAR(found, difference_quotient(block, member, i), 2e-4 * size);
    }
  }
}

/// One call, its gradients, and the running statistics after it.
struct Outcome {
  Tensor y;
  Tensor x;
  Tensor gain;
  Tensor shift;
  Tensor log2_range;
  Tensor mean;
  Tensor variance;
};

Tail quantized_tail() {
  const graph::CodeRange codes = graph::uniform_codes(4, false, true);
  const graph::Scale scale =
      graph::make_scale(1.7F, codes.top, graph::StepRule::kFloat, graph::Pow2Choice::kNearest);
  return {.follow = Follow::kReluQuantize,
          .grids = {{scale, codes, 0}},
          .log2_range = torch::full({}, std::log2(1.7)).set_requires_grad(true),
          .quantizer = {.surrogate = Surrogate::kClamp, .has_relu = true}};
}

Outcome outcome(const Tensor& values, Follow follow, bool is_training, Path path) {
  Tail tail = follow == Follow::kReluQuantize ? quantized_tail() : Tail{.follow = follow};
  torch::manual_seed(9);
  const Tensor x = values.clone().set_requires_grad(true);
  const BatchNorm norm{.gain = torch::randn({kChannels}).set_requires_grad(true),
                       .shift = torch::randn({kChannels}).set_requires_grad(true),
                       .mean = torch::randn({kChannels}),
                       .variance = torch::rand({kChannels}) + 0.5};
  const Tensor y = batch_norm(x, norm, tail, is_training, path);
  y.backward(torch::randn_like(y));
  const Tensor range_gradient =
      tail.log2_range.defined() ? tail.log2_range.grad() : torch::zeros({});
  return {y.detach(),     x.grad(),  norm.gain.grad(), norm.shift.grad(),
          range_gradient, norm.mean, norm.variance};
}

class BothBatchNorms : public testing::TestWithParam<std::tuple<Follow, bool>> {};

TEST_P(BothBatchNorms, Agree) {
  const auto [follow, is_training] = GetParam();
  torch::manual_seed(4);
  const Tensor x = torch::randn({kSamples, kChannels}) * 2 + 1;
  const Outcome fast = outcome(x, follow, is_training, Path::kKernels);
  const Outcome twin = outcome(x, follow, is_training, Path::kAten);
  // One code may differ where the normalised values differ in their last bit.
  const Tensor differs = (fast.y - twin.y).abs() > 1e-4;
  EXPECT_EQ(differs.sum().item<int>(), 0);
  EXPECT_TRUE(fast.x.allclose(twin.x, 1e-3, 1e-4));
  EXPECT_TRUE(fast.gain.allclose(twin.gain, 1e-4, 1e-3));
  EXPECT_TRUE(fast.shift.allclose(twin.shift, 1e-4, 1e-3));
  EXPECT_TRUE(fast.log2_range.allclose(twin.log2_range, 1e-4, 1e-3));
  EXPECT_TRUE(fast.mean.allclose(twin.mean, 1e-6, 1e-7));
  EXPECT_TRUE(fast.variance.allclose(twin.variance, 1e-6, 1e-7));
}

/// The channels of images: 37 positions fill lanes and leave a rest.
TEST_P(BothBatchNorms, AgreeOnImages) {
  const auto [follow, is_training] = GetParam();
  torch::manual_seed(6);
  const Tensor x = torch::randn({9, kChannels, 1, 37}) * 2 + 1;
  const Outcome fast = outcome(x, follow, is_training, Path::kKernels);
  const Outcome twin = outcome(x, follow, is_training, Path::kAten);
  EXPECT_EQ(((fast.y - twin.y).abs() > 1e-4).sum().item<int>(), 0);
  EXPECT_TRUE(fast.x.allclose(twin.x, 1e-3, 1e-4));
  EXPECT_TRUE(fast.gain.allclose(twin.gain, 1e-4, 1e-3));
  EXPECT_TRUE(fast.shift.allclose(twin.shift, 1e-4, 1e-3));
  EXPECT_TRUE(fast.log2_range.allclose(twin.log2_range, 1e-4, 1e-3));
  EXPECT_TRUE(fast.mean.allclose(twin.mean, 1e-6, 1e-7));
  EXPECT_TRUE(fast.variance.allclose(twin.variance, 1e-6, 1e-7));
}

INSTANTIATE_TEST_SUITE_P(All, BothBatchNorms,
                         testing::Combine(testing::Values(Follow::kNothing, Follow::kRelu,
                                                          Follow::kReluQuantize),
                                          testing::Bool()));

TEST(FusedBatchNorm, QuantizesAsTheSeparateQuantizer) {
  torch::manual_seed(8);
  const Tensor x = torch::randn({kSamples, kChannels});
  const Tail tail = quantized_tail();
  const Tensor fused = batch_norm(x, {}, tail, true, Path::kKernels);
  const Tensor z = batch_norm(x, {}, {}, true, Path::kKernels);
  const Tensor apart = fake_quantize(z, tail.log2_range, tail.grids, {1, 1, z.numel()},
                                     tail.quantizer, Path::kKernels);
  EXPECT_TRUE(fused.equal(apart));
}

TEST(FusedBatchNorm, OfImagesIsThatOfTheirPositionsAsRows) {
  torch::manual_seed(8);
  const Tensor rows = torch::randn({35, kChannels});
  const Tensor images = rows.view({5, 7, kChannels}).transpose(1, 2).contiguous();
  const Tensor y = batch_norm(rows, {}, quantized_tail(), true, Path::kKernels);
  const Tensor z = batch_norm(images, {}, quantized_tail(), true, Path::kKernels);
  EXPECT_EQ(((z.transpose(1, 2).reshape({35, kChannels}) - y).abs() > 1e-4).sum().item<int>(), 0);
}

TEST(FusedBatchNorm, WithoutStatisticsDependsOnTheBatch) {
  torch::manual_seed(2);
  const Tensor x = torch::randn({kSamples, kChannels});
  const Tensor whole = batch_norm(x, {}, {}, false, Path::kKernels);
  const Tensor half = batch_norm(x.narrow(0, 0, 35), {}, {}, false, Path::kKernels);
  EXPECT_FALSE(whole.narrow(0, 0, 35).allclose(half));

  const BatchNorm with_statistics{.mean = torch::zeros({kChannels}),
                                  .variance = torch::ones({kChannels})};
  const Tensor fixed_whole = batch_norm(x, with_statistics, {}, false, Path::kKernels);
  const Tensor fixed_half =
      batch_norm(x.narrow(0, 0, 35), with_statistics, {}, false, Path::kKernels);
  EXPECT_TRUE(fixed_whole.narrow(0, 0, 35).equal(fixed_half));
}

TEST(FusedBatchNorm, IsAccurateFarFromZero) {
  torch::manual_seed(3);
  const Tensor x = torch::randn({4096, 3}) + 1000;
  const Tensor y = batch_norm(x, {}, {}, true, Path::kKernels).to(torch::kFloat64);
  EXPECT_LT(y.mean(0).abs().max().item<double>(), 1e-3);
  EXPECT_TRUE(y.var(0, false).allclose(torch::ones({3}, torch::kFloat64), 1e-3));
}

}  // namespace
}  // namespace pare::nn
