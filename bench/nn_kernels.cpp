// The loops of a training step, each on the activations [1024, 64] or the parameters of the jets
// MLP: elements a second of the kernels, and of their twins in tensor operations. One thread.

#include <benchmark/benchmark.h>

#include <torch/torch.h>

#include "nn/batch_norm.h"
#include "nn/fake_quantize.h"
#include "nn/fake_quantize_kernels.h"
#include "train/optimizer_kernels.h"
#include "train/threads.h"

namespace {

namespace nn = pare::nn;
namespace graph = pare::graph;

constexpr std::int64_t kRows = 1024;
constexpr std::int64_t kColumns = 64;
constexpr std::int64_t kParameters = 4645;

nn::Grid activation_grid() {
  const graph::CodeRange codes = graph::uniform_codes(6, false, true);
  return {graph::make_scale(2.5F, codes.top, graph::StepRule::kFloat, graph::Pow2Choice::kNearest),
          codes, 0};
}

torch::Tensor activations() {
  pare::train::set_threads(1);
  torch::manual_seed(1);
  return torch::randn({kRows, kColumns});
}

void count(benchmark::State& state, std::int64_t elements) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * elements);
}

/// ReLU and quantizer, forward and backward.
void relu_quantize(benchmark::State& state, nn::Path path) {
  const torch::Tensor x = activations().set_requires_grad(true);
  const torch::Tensor log2_range = torch::full({}, 1.32F).set_requires_grad(true);
  const torch::Tensor g = torch::randn_like(x);
  const nn::FakeQuantizer quantizer{.surrogate = nn::Surrogate::kClamp, .has_relu = true};
  for (auto _ : state) {
    nn::fake_quantize(x, log2_range, {activation_grid()}, {1, 1, x.numel()}, quantizer, path)
        .backward(g);
  }
  count(state, x.numel());
}
BENCHMARK_CAPTURE(relu_quantize, kernels, nn::Path::kKernels);
BENCHMARK_CAPTURE(relu_quantize, aten, nn::Path::kAten);

/// Batch norm, ReLU and quantizer, forward and backward.
void batch_norm_relu_quantize(benchmark::State& state, nn::Path path) {
  const torch::Tensor x = activations().set_requires_grad(true);
  const torch::Tensor log2_range = torch::full({}, 1.32F).set_requires_grad(true);
  const torch::Tensor g = torch::randn_like(x);
  const nn::BatchNorm norm{.gain = torch::ones({kColumns}).set_requires_grad(true),
                           .shift = torch::zeros({kColumns}).set_requires_grad(true)};
  const nn::Tail tail{.follow = nn::Follow::kReluQuantize,
                      .grids = {activation_grid()},
                      .log2_range = log2_range,
                      .quantizer = {.surrogate = nn::Surrogate::kClamp, .has_relu = true}};
  for (auto _ : state) nn::batch_norm(x, norm, tail, true, path).backward(g);
  count(state, x.numel());
}
BENCHMARK_CAPTURE(batch_norm_relu_quantize, kernels, nn::Path::kKernels);
BENCHMARK_CAPTURE(batch_norm_relu_quantize, aten, nn::Path::kAten);

/// The bare loop of the quantizer.
void quantize_loop(benchmark::State& state) {
  const torch::Tensor x = activations();
  torch::Tensor y = torch::empty_like(x);
  const auto size = static_cast<std::size_t>(x.numel());
  for (auto _ : state) {
    nn::quantize({x.data_ptr<float>(), size}, activation_grid(), {y.data_ptr<float>(), size});
    benchmark::ClobberMemory();
  }
  count(state, x.numel());
}
BENCHMARK(quantize_loop);

void adam(benchmark::State& state) {
  const torch::Tensor gradients = torch::randn({kParameters});
  torch::Tensor values = torch::randn({kParameters});
  torch::Tensor moment1 = torch::zeros({kParameters});
  torch::Tensor moment2 = torch::zeros({kParameters});
  const pare::train::AdamStep step{.beta1 = 0.9F,
                                   .rest1 = 0.1F,
                                   .beta2 = 0.999F,
                                   .rest2 = 0.001F,
                                   .step_size = 1e-4F,
                                   .root_bias_correction2 = 1,
                                   .epsilon = 1e-8F,
                                   .weight_decay = 0};
  for (auto _ : state) {
    pare::train::adam(values.data_ptr<float>(), gradients.data_ptr<float>(),
                      moment1.data_ptr<float>(), moment2.data_ptr<float>(), kParameters, step);
    benchmark::ClobberMemory();
  }
  count(state, kParameters);
}
BENCHMARK(adam);

}  // namespace
