#include "nn/windows.h"

#include <algorithm>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "graph/evaluate.h"
#include "graph/test_graphs.h"
#include "lower/test_networks.h"
#include "nn/exact_forward.h"
#include "nn/network.h"
#include "nn/table.h"
#include "program/random_window.h"
#include "program/reference.h"

namespace pare::nn {
namespace {

using graph::Graph;
using torch::Tensor;

pare::Tensor to_plain(const Tensor& x) {
  pare::Tensor result(DType::kF32, x.sizes().vec());
  std::copy_n(x.contiguous().data_ptr<float>(), x.numel(), result.as<float>().data());
  return result;
}

/// Integers as float32, so that sums are exact and equality can be asked for.
Tensor integers(Shape shape, std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randint(-8, 9, shape, torch::kFloat32);
}

Tensor samples_of(const Graph& graph, std::uint64_t seed) {
  Shape shape = graph.inputs.front().shape;
  shape.insert(shape.begin(), 5);
  return integers(shape, seed);
}

bool is_evaluated_graph(const Graph& graph, std::uint64_t seed) {
  Network network(graph, torch::kCPU);
  const torch::NoGradGuard no_grad;
  const Tensor x = samples_of(graph, seed);
  const auto found = network.forward(x, {}).to(torch::kFloat64).contiguous();
  const auto expected = graph::evaluate(graph, to_plain(x)).to_doubles();
  return std::equal(expected.begin(), expected.end(), found.data_ptr<double>(),
                    found.data_ptr<double>() + found.numel());
}

Shape random_sample(program::RandomNumbers& random) {
  Shape shape = {2 * random.in(1, 3)};
  for (std::int64_t axes = random.in(1, 3); axes > 0; --axes) shape.push_back(random.in(1, 6));
  return shape;
}

TEST(Windows, ConvolveAsTheGraphSays) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    program::RandomNumbers random(seed);
    graph::TestGraph test(random_sample(random));
    const Shape x = test.graph.inputs.front().shape;
    const graph::PoolWindow sliding = program::random_window(random, x);
    const std::int64_t groups = random.in(1, 2);
    Shape weights = {groups * random.in(1, 3), x.front() / groups};
    weights.insert(weights.end(), sliding.size.begin(), sliding.size.end());
    const auto weight = add_parameter(
        test.graph,
        {.name = "w", .role = graph::Role::kWeight, .stored = to_plain(integers(weights, seed))});
    const auto bias = add_parameter(test.graph, {.name = "b",
                                                 .role = graph::Role::kBias,
                                                 .stored = to_plain(integers({weights[0]}, seed))});
    test.node("conv",
              graph::Conv{weight, bias, sliding.stride, sliding.padding, sliding.dilation, groups});
    ASSERT_TRUE(is_evaluated_graph(test.graph, seed));
  }
}

TEST(Windows, PoolAsTheGraphSays) {
  int num_max = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    program::RandomNumbers random(seed);
    const Shape x = random_sample(random);
    const graph::PoolWindow window =
        random.one_in(5) ? graph::PoolWindow{} : program::random_window(random, x);
    graph::TestGraph sum(x);
    sum.node("pool", graph::SumPool{window});
    ASSERT_TRUE(is_evaluated_graph(sum.graph, seed));
    if (!graph::make_window(x, window, "pool").is_covered()) continue;
    graph::TestGraph largest(x);
    largest.node("pool", graph::MaxPool{window});
    ASSERT_TRUE(is_evaluated_graph(largest.graph, seed));
    ++num_max;
  }
  EXPECT_GT(num_max, 50);
}

TEST(Windows, AverageAsTheGraphSays) {
  for (const bool counts_padding : {false, true}) {
    // Divisors that are powers of two, or one at the border, divide exactly in float32 too.
    graph::TestGraph test({2, 6});
    test.node("pool", graph::AveragePool{{{2}, {2}, {1, 1}, {1}}, counts_padding});
    ASSERT_TRUE(is_evaluated_graph(test.graph, 3));
  }
}

/// d sum(f(x) * c) / dx by finite differences against autograd, in double.
void expect_gradient(const std::function<Tensor(const Tensor&)>& f, Tensor x) {
  x = x.to(torch::kFloat64).detach().clone().set_requires_grad(true);
  torch::manual_seed(5);
  const Tensor c = torch::randn_like(f(x).detach());
  (f(x) * c).sum().backward();
  const torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const auto at = [&](double delta) {
      Tensor moved = x.detach().clone();
      moved.view(-1)[i] += delta;
      return (f(moved) * c).sum().item<double>();
    };
    const double expected = (at(kStep) - at(-kStep)) / (2 * kStep);
    ASSERT_NEAR(x.grad().view(-1)[i].item<double>(), expected, 1e-6 * (1 + std::abs(expected)));
  }
}

TEST(Windows, HaveTheGradientsOfTheirSums) {
  torch::manual_seed(1);
  const Shape stride = {2, 1};
  const Shape padding = {1, 0, 0, 2};
  const Shape dilation = {1, 2};
  const Tensor x = torch::randn({2, 4, 5, 6});
  const Tensor w = torch::randn({6, 2, 2, 2}, torch::kFloat64);
  const Tensor b = torch::randn({6}, torch::kFloat64);
  const Convolution conv{stride, padding, dilation, 2};
  expect_gradient([&](const Tensor& t) { return convolve(t, w, b, conv); }, x);
  const Tensor x64 = x.to(torch::kFloat64);
  expect_gradient([&](const Tensor& t) { return convolve(x64, t, b, conv); }, w);
  expect_gradient([&](const Tensor& t) { return convolve(x64, w, t, conv); }, b);
  const graph::PoolWindow window{{2, 2}, stride, padding, dilation};
  expect_gradient([&](const Tensor& t) { return max_pool(t, window); }, x);
  expect_gradient([&](const Tensor& t) { return sum_pool(t, window); }, x);
  expect_gradient([&](const Tensor& t) { return average_pool(t, {window, false}); }, x);
}

TEST(Windows, HaveTheGradientsOfTheirSumsOverThreeAxes) {
  torch::manual_seed(2);
  // Of the kinds that CNN-3D has: stride and padding along the depth alone.
  const Shape stride = {2, 1, 1};
  const Shape padding = {1, 0, 0, 1, 0, 0};
  const Shape dilation = {1, 1, 1};
  const Convolution conv{stride, padding, dilation, 1};
  const Tensor x = torch::randn({2, 2, 7, 3, 3}, torch::kFloat64);
  const Tensor w = torch::randn({3, 2, 3, 3, 2}, torch::kFloat64);
  const Tensor b = torch::randn({3}, torch::kFloat64);
  expect_gradient([&](const Tensor& t) { return convolve(t, w, b, conv); }, x);
  expect_gradient([&](const Tensor& t) { return convolve(x, t, b, conv); }, w);
  expect_gradient([&](const Tensor& t) { return convolve(x, w, t, conv); }, b);
  const graph::PoolWindow window{{3, 2, 2}, stride, padding, dilation};
  for (const bool counts_padding : {false, true}) {
    expect_gradient([&](const Tensor& t) { return average_pool(t, {window, counts_padding}); }, x);
  }
}

TEST(Linear, HasTheGradientOfItsSums) {
  torch::manual_seed(3);
  const Tensor x = torch::randn({4, 5}, torch::kFloat64);
  const Tensor w = torch::randn({3, 5}, torch::kFloat64);
  const Tensor b = torch::randn({3}, torch::kFloat64);
  expect_gradient([&](const Tensor& t) { return torch::linear(t, w, b); }, x);
  expect_gradient([&](const Tensor& t) { return torch::linear(x, t, b); }, w);
  expect_gradient([&](const Tensor& t) { return torch::linear(x, w, t); }, b);
}

TEST(Table, LooksUpAndSlopesAsItsNeighbours) {
  const Tensor values = torch::tensor({1.0, 4.0, 2.0, 8.0}, torch::kFloat64).requires_grad_();
  const Tensor x = torch::tensor({-1.0, 0.0, 0.5, 9.0}, torch::kFloat64).requires_grad_();
  // Codes -2 … 1 of step 0.5.
  const Tensor y = look_up(x, values, 0.5, -2);
  EXPECT_TRUE(y.equal(torch::tensor({1.0, 2.0, 8.0, 8.0}, torch::kFloat64)));
  y.sum().backward();
  EXPECT_TRUE(x.grad().equal(torch::tensor({6.0, 4.0, 12.0, 12.0}, torch::kFloat64)));
  EXPECT_TRUE(values.grad().equal(torch::tensor({1.0, 0.0, 1.0, 2.0}, torch::kFloat64)));
}

TEST(ExactForward, EqualsTheReferenceOfConvolutionalNets) {
  std::int64_t num_codes = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const auto norm = seed % 2 == 0 ? recipe::BatchNormKind::kFull : recipe::BatchNormKind::kNone;
    const Graph graph = lower::random_cnn(seed, norm, {});
    const lower::Lowered lowered = lower::lower(graph);
    const Tensor x = samples_of(graph, seed) / 4;
    const auto result = ExactForward(lowered)(x);
    const auto size = x.numel() / x.size(0);
    for (std::int64_t n = 0; n < x.size(0); ++n) {
      program::Codes input(static_cast<std::size_t>(size));
      lower::quantize_input(lowered.interface,
                            {x[n].data_ptr<float>(), static_cast<std::size_t>(size)}, input);
      const auto expected =
          program::run_reference(lowered.program, {{input}, {}}, {.keeps_buffers = true});
      for (std::size_t b = 0; b < expected.buffers.size(); ++b) {
        const auto& origin = lowered.program.buffers[b].origin;
        if (!origin) continue;
        const Tensor found = result.codes.at(origin->wire)[n].contiguous();
        ASSERT_TRUE(std::equal(expected.buffers[b].begin(), expected.buffers[b].end(),
                               found.data_ptr<std::int64_t>(),
                               found.data_ptr<std::int64_t>() + found.numel()))
            << origin->wire;
        num_codes += found.numel();
      }
    }
  }
  EXPECT_GT(num_codes, 50'000);
}

}  // namespace
}  // namespace pare::nn
