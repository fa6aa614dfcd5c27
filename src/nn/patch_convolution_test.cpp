#include "nn/patch_convolution.h"

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "program/random_window.h"

namespace pare::nn {
namespace {

using torch::Tensor;

/// Strides, sides and dilations of three axes.
struct PatchCase {
  Shape x;
  Shape weight;
  Shape stride;
  Shape sides;
  Shape dilation = {1, 1, 1};

  Shape padding() const {
    Shape both = sides;
    both.insert(both.end(), sides.begin(), sides.end());
    return both;
  }
};

PatchCase random_case(std::uint64_t seed) {
  program::RandomNumbers random(seed);
  PatchCase result{{random.in(1, 5), random.in(1, 3)}, {random.in(1, 4)}, {}, {}, {}};
  result.weight.push_back(result.x[1]);
  for (int axis = 0; axis < 3; ++axis) {
    const std::int64_t kernel = random.in(1, 3);
    result.dilation.push_back(random.in(1, 2));
    result.sides.push_back(random.in(0, 3));
    result.stride.push_back(random.in(1, 3));
    const std::int64_t span = (kernel - 1) * result.dilation.back() + 1;
    const std::int64_t least = std::max<std::int64_t>(1, span - 2 * result.sides.back());
    result.x.push_back(least + random.in(0, 5));
    result.weight.push_back(kernel);
  }
  return result;
}

Tensor whole_numbers(const Shape& shape, torch::ScalarType type) {
  return torch::randint(-8, 9, shape, type);
}

/// One output by the sum that defines it.
double naive_sum(const PatchCase& c, const torch::TensorAccessor<double, 5>& x,
                 const torch::TensorAccessor<double, 5>& w, const Shape& at) {
  double sum = 0;
  for (std::int64_t channel = 0; channel < c.x[1]; ++channel) {
    for (std::int64_t i = 0; i < c.weight[2]; ++i) {
      for (std::int64_t j = 0; j < c.weight[3]; ++j) {
        for (std::int64_t k = 0; k < c.weight[4]; ++k) {
          const std::int64_t d = at[2] * c.stride[0] + i * c.dilation[0] - c.sides[0];
          const std::int64_t h = at[3] * c.stride[1] + j * c.dilation[1] - c.sides[1];
          const std::int64_t v = at[4] * c.stride[2] + k * c.dilation[2] - c.sides[2];
          const bool is_inside =
              d >= 0 && h >= 0 && v >= 0 && d < c.x[2] && h < c.x[3] && v < c.x[4];
          if (is_inside) sum += x[at[0]][channel][d][h][v] * w[at[1]][channel][i][j][k];
        }
      }
    }
  }
  return sum;
}

/// The number of outputs, all of them compared.
std::int64_t expect_naive(const PatchCase& c) {
  const Tensor x = whole_numbers(c.x, torch::kFloat64);
  const Tensor w = whole_numbers(c.weight, torch::kFloat64);
  const Shape padding = c.padding();
  const Convolution convolution{c.stride, padding, c.dilation};
  EXPECT_TRUE(has_patch_convolution(x, w, convolution));
  const Tensor y = convolve_patches(x, w, convolution);
  // Small whole numbers: exact in float32 too.
  const Tensor y32 = convolve_patches(x.to(torch::kFloat32), w.to(torch::kFloat32), convolution);
  EXPECT_TRUE(y32.to(torch::kFloat64).equal(y));
  const auto of_x = x.accessor<double, 5>();
  const auto of_w = w.accessor<double, 5>();
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    Shape at(5);
    std::int64_t rest = i;
    for (std::size_t axis = 5; axis-- > 0;) {
      at[axis] = rest % y.size(static_cast<std::int64_t>(axis));
      rest /= y.size(static_cast<std::int64_t>(axis));
    }
    EXPECT_EQ(y.view(-1)[i].item<double>(), naive_sum(c, of_x, of_w, at)) << "element " << i;
  }
  return y.numel();
}

TEST(ConvolvePatches, IsTheSumThatDefinesIt) {
  std::int64_t compared = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    torch::manual_seed(seed);
    compared += expect_naive(random_case(seed));
  }
  EXPECT_GT(compared, 5000);
}

TEST(ConvolvePatches, OfCnn3dIsTheSumThatDefinesIt) {
  torch::manual_seed(1);
  // Depths of 12 and 7: (12 - 3 + 1) = 10 and (7 + 2 - 3) / 2 + 1 = 4, (7 - 2 + 2) / 2 + 1 = 4.
  EXPECT_EQ(expect_naive({{2, 1, 12, 5, 5}, {3, 1, 3, 3, 3}, {1, 1, 1}, {0, 0, 0}}), 2 * 3 * 90);
  EXPECT_EQ(expect_naive({{2, 3, 7, 3, 3}, {4, 3, 3, 1, 1}, {2, 1, 1}, {1, 0, 0}}), 2 * 4 * 36);
  EXPECT_EQ(expect_naive({{2, 3, 7, 3, 3}, {4, 3, 3, 3, 3}, {1, 1, 1}, {1, 0, 0}}), 2 * 4 * 7);
  EXPECT_EQ(expect_naive({{2, 3, 7, 1, 1}, {4, 3, 2, 1, 1}, {2, 1, 1}, {1, 0, 0}}), 2 * 4 * 4);
}

struct Gradients3d {
  Tensor x;
  Tensor weight;
};

Gradients3d gradients_of(const std::function<Tensor(const Tensor&, const Tensor&)>& f,
                         const Tensor& x, const Tensor& w) {
  const Tensor a = x.clone().set_requires_grad(true);
  const Tensor b = w.clone().set_requires_grad(true);
  const Tensor y = f(a, b);
  torch::manual_seed(7);
  y.backward(whole_numbers(y.sizes().vec(), y.scalar_type()));
  return {a.grad(), b.grad()};
}

TEST(ConvolvePatches, HasTheGradientsOfTorchsOwn) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    torch::manual_seed(seed);
    const PatchCase c = random_case(seed);
    const Shape padding = c.padding();
    const auto ours = [&](const Tensor& a, const Tensor& b) {
      return convolve_patches(a, b, {c.stride, padding, c.dilation});
    };
    const auto theirs = [&](const Tensor& a, const Tensor& b) {
      return at::convolution(a, b, {}, c.stride, c.sides, c.dilation, false, {0, 0, 0}, 1);
    };
    const Tensor x = whole_numbers(c.x, torch::kFloat64);
    const Tensor w = whole_numbers(c.weight, torch::kFloat64);
    const Gradients3d found = gradients_of(ours, x, w);
    const Gradients3d expected = gradients_of(theirs, x, w);
    EXPECT_TRUE(found.x.equal(expected.x));
    EXPECT_TRUE(found.weight.equal(expected.weight));
  }
}

TEST(ConvolvePatches, OfSpikesHasTheSameGradients) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    torch::manual_seed(seed);
    const PatchCase c = random_case(seed);
    const Shape padding = c.padding();
    const auto with = [&](bool is_spikes) {
      return [&, is_spikes](const Tensor& a, const Tensor& b) {
        return convolve_patches(a, b, {c.stride, padding, c.dilation, 1, is_spikes});
      };
    };
    const Tensor x = torch::randint(0, 2, c.x, torch::kFloat32);
    const Tensor w = torch::randn(c.weight);
    const Gradients3d found = gradients_of(with(true), x, w);
    const Gradients3d expected = gradients_of(with(false), x, w);
    EXPECT_TRUE(found.x.equal(expected.x));
    EXPECT_TRUE(found.weight.equal(expected.weight));
  }
}

TEST(ConvolvePatches, GivesTheSameBitsWithAnyNumberOfThreads) {
  torch::manual_seed(4);
  const Shape ones = {1, 1, 1};
  const Shape none(6, 0);
  const auto run = [&](const Tensor& a, const Tensor& b) {
    return convolve_patches(a, b, {ones, none, ones});
  };
  const Tensor x = torch::randn({37, 3, 9, 4, 3});
  const Tensor w = torch::randn({5, 3, 3, 2, 1});
  const int before = torch::get_num_threads();
  torch::set_num_threads(1);
  const Tensor y = run(x, w);
  const Gradients3d alone = gradients_of(run, x, w);
  for (const int threads : {2, 3, 4}) {
    torch::set_num_threads(threads);
    EXPECT_TRUE(run(x, w).equal(y));
    const Gradients3d of = gradients_of(run, x, w);
    EXPECT_TRUE(of.x.equal(alone.x));
    EXPECT_TRUE(of.weight.equal(alone.weight));
  }
  torch::set_num_threads(before);
}

TEST(ConvolvePatches, LeavesOtherConvolutionsToTorch) {
  const Shape ones = {1, 1, 1};
  const Shape none(6, 0);
  const Tensor x = torch::zeros({1, 2, 3, 3, 3});
  const Tensor w = torch::zeros({2, 1, 1, 1, 1});
  EXPECT_FALSE(has_patch_convolution(x, w, {ones, none, ones, 2}));
  EXPECT_FALSE(has_patch_convolution(torch::zeros({0, 1, 3, 3, 3}), w, {ones, none, ones}));
  const Shape flat_ones = {1, 1};
  const Shape flat_none(4, 0);
  EXPECT_FALSE(has_patch_convolution(torch::zeros({1, 1, 3, 3}), torch::zeros({2, 1, 1, 1}),
                                     {flat_ones, flat_none, flat_ones}));
}

}  // namespace
}  // namespace pare::nn
