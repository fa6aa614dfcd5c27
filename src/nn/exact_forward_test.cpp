#include "nn/exact_forward.h"

#include <cmath>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "nn/network.h"
#include "program/random_inputs.h"
#include "program/reference.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::nn {
namespace {

using program::RandomNumbers;

/// An MLP with parameters as training could have left them.
graph::Graph random_mlp(std::uint64_t seed, recipe::BatchNormKind batch_norm, recipe::Step step,
                        int most_bits) {
  RandomNumbers random(seed);
  recipe::Model model{.hidden = {random.in(1, 20), random.in(1, 20)}};
  model.batch_norm = batch_norm;
  graph::Graph graph = rewrite::mlp(model, {random.in(1, 12)}, {"a", "b", "c"}, seed);
  for (graph::Parameter& parameter : graph.parameters) {
    if (parameter.role == graph::Role::kWeight) continue;
    for (float& x : parameter.stored.as<float>()) {
      x = static_cast<float>(random.in(1, 512)) / 512;
    }
  }
  recipe::Quantize options{.weight_bits = static_cast<int>(random.in(2, most_bits)),
                           .activation_bits = static_cast<int>(random.in(1, most_bits)),
                           .input_bits = static_cast<int>(random.in(2, most_bits)),
                           .step = step};
  if (random.one_in(2)) options.weight_granularity = recipe::Granularity::kChannel;
  const bool is_pruned = random.one_in(2);
  if (random.one_in(3)) options.weight_format = recipe::WeightFormat::kTernary;
  if (!is_pruned && random.one_in(4)) options.weight_format = recipe::WeightFormat::kBinary;
  graph = rewrite::quantize(graph, options, 4);
  if (is_pruned) graph = rewrite::prune(graph, {.sparsity = 0.7});
  return graph;
}

torch::Tensor random_inputs(const graph::Graph& graph, std::uint64_t seed) {
  const std::int64_t size = graph.inputs.front().shape.front();
  torch::Tensor x = torch::empty({50, size});
  RandomNumbers random(seed);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    x.data_ptr<float>()[i] = static_cast<float>(random.in(-2400, 2400)) / 512;
  }
  return x;
}

TEST(ExactForward, EqualsTheReferenceInEveryCode) {
  int num_codes = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    const auto step = seed % 3 == 0 ? recipe::Step::kPow2 : recipe::Step::kFloat;
    const auto norm = seed % 2 == 0 ? recipe::BatchNormKind::kFull : recipe::BatchNormKind::kNone;
    const graph::Graph graph = random_mlp(seed, norm, step, 16);
    const lower::Lowered lowered = lower::lower(graph);
    const torch::Tensor x = random_inputs(graph, seed);
    const auto exact = ExactForward(lowered)(x);
    for (std::int64_t n = 0; n < x.size(0); ++n) {
      program::Codes input(static_cast<std::size_t>(x.size(1)));
      lower::quantize_input(lowered.interface,
                            {x[n].data_ptr<float>(), static_cast<std::size_t>(x.size(1))}, input);
      const auto reference =
          run_reference(lowered.program, {{input}, {}}, {.traps = true, .keeps_buffers = true});
      for (std::size_t b = 0; b < lowered.program.buffers.size(); ++b) {
        const auto& origin = lowered.program.buffers[b].origin;
        ASSERT_TRUE(origin);
        const torch::Tensor found = exact.codes.at(origin->wire)[n].contiguous();
        const std::int64_t* first = found.data_ptr<std::int64_t>();
        ASSERT_EQ(program::Codes(first, first + found.numel()), reference.buffers[b])
            << origin->wire;
        num_codes += static_cast<int>(found.numel());
      }
    }
  }
  EXPECT_GT(num_codes, 100'000);
}

// Within 2^24 float32 holds every partial sum, power-of-two steps scale exactly, and there is no
// batch norm to fold: training computes with the frozen net's numbers.
TEST(ExactForward, HasNoGapToTheTrainingForwardOfPow2NetsWithoutBatchNorm) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const graph::Graph graph =
        random_mlp(seed, recipe::BatchNormKind::kNone, recipe::Step::kPow2, 8);
    const torch::Tensor x = random_inputs(graph, seed);
    Network network(graph, torch::kCPU);
    const torch::NoGradGuard no_grad;
    const torch::Tensor trained = network.forward(x, {});
    const torch::Tensor exact = ExactForward(lower::lower(graph))(x).values;
    ASSERT_TRUE(torch::equal(trained.to(torch::kFloat64), exact));
  }
}

}  // namespace
}  // namespace pare::nn
