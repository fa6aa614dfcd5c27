// Spiking networks in training, and their exact forward.

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "graph/check.h"
#include "graph/evaluate.h"
#include "lower/lower.h"
#include "lower/test_spiking.h"
#include "nn/exact_forward.h"
#include "nn/network.h"
#include "program/reference.h"
#include "rewrite/mlp.h"
#include "rewrite/spike.h"

namespace pare::nn {
namespace {

pare::Tensor random_raw(const graph::Graph& graph, std::int64_t count, std::uint64_t seed) {
  Shape shape = graph.inputs.front().shape;
  shape.insert(shape.begin(), count);
  pare::Tensor raw(DType::kF32, shape);
  program::RandomNumbers random(seed);
  for (float& x : raw.as<float>()) x = static_cast<float>(random.in(-4000, 4000)) / 512;
  return raw;
}

torch::Tensor as_torch(const pare::Tensor& plain) {
  const auto values = plain.as<float>();
  torch::Tensor tensor = torch::empty(plain.shape());
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

/// What the network says of a wire's spikes, in the order of graph/evaluate: [N, T, …].
std::vector<float> spikes_of(Network& network, const torch::Tensor& x, const std::string& wire) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, torch::Tensor> trace{{wire, {}}};
  Context context;
  context.trace = &trace;
  network.forward(x, context);
  const torch::Tensor spikes =
      trace.at(wire).view({-1, x.size(0), trace.at(wire)[0].numel()}).transpose(0, 1).contiguous();
  const float* first = spikes.data_ptr<float>();
  return {first, first + spikes.numel()};
}

TEST(ForwardTime, SpikesAsEvaluateDoes) {
  std::size_t num_spikes = 0;
  std::size_t num_different = 0;
  std::size_t num_fired = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const graph::Graph graph = lower::random_spiking(seed);
    graph::check(graph);
    const pare::Tensor raw = random_raw(graph, 8, seed);
    Network network(graph, torch::kCPU);
    for (const std::string wire : {"spike1", "spike2"}) {
      const std::vector<std::string> wires = {wire};
      const auto expected = evaluate_traced(graph, raw, wires).wires.at(wire).to_doubles();
      const auto found = spikes_of(network, as_torch(raw), wire);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        num_different += static_cast<double>(found[i]) != expected[i] ? 1 : 0;
        num_fired += found[i] != 0 ? 1 : 0;
      }
      num_spikes += found.size();
    }
  }
  // Membranes are rounded to their grid at each step, so that only sums in float32 that lie within
  // their rounding error of the next code differ.
  EXPECT_GT(num_fired, num_spikes / 20);
  EXPECT_LT(num_different * 200, num_spikes);
}

TEST(ForwardTime, RealMembranesSumAsEvaluateDoes) {
  recipe::Model model{.hidden = {12, 9}};
  model.batch_norm = recipe::BatchNormKind::kNone;
  graph::Graph graph = rewrite::spike(rewrite::mlp(model, {6}, {"a", "b", "c"}, 3), {.steps = 7});
  for (graph::Parameter& parameter : graph.parameters) {
    if (parameter.role == graph::Role::kThreshold) parameter.stored.as<float>()[0] = 0.21F;
    if (parameter.role == graph::Role::kLeak) parameter.stored.as<float>()[0] = 0.8F;
  }
  const pare::Tensor raw = random_raw(graph, 50, 1);
  Network network(graph, torch::kCPU);
  const torch::NoGradGuard no_grad;
  const torch::Tensor found = network.forward(as_torch(raw), {});
  const auto expected = evaluate(graph, raw).to_doubles();
  for (std::int64_t i = 0; i < found.numel(); ++i) {
    EXPECT_NEAR(found.data_ptr<float>()[i], expected[static_cast<std::size_t>(i)], 1e-4) << i;
  }
}

TEST(ForwardTime, GradientsReachWeightsThresholdsAndLeaks) {
  recipe::Model model{.hidden = {12, 9}};
  model.batch_norm = recipe::BatchNormKind::kNone;
  graph::Graph graph = rewrite::spike(rewrite::mlp(model, {6}, {"a", "b", "c"}, 3), {.steps = 5});
  Network network(graph, torch::kCPU);
  network.forward(as_torch(random_raw(graph, 50, 1)), {.is_training = true})
      .pow(2)
      .sum()
      .backward();
  for (const Slice& slice : network.slices()) {
    const auto gradient = network.gradients().narrow(0, slice.offset, slice.size);
    EXPECT_GT(gradient.abs().max().item<float>(), 0) << slice.name;
  }
}

TEST(ForwardTime, NeuronsAreClampedToWhatTheyMayBe) {
  recipe::Model model{.hidden = {2}};
  model.batch_norm = recipe::BatchNormKind::kNone;
  graph::Graph graph = rewrite::spike(rewrite::mlp(model, {2}, {"a", "b"}, 3), {});
  Network network(graph, torch::kCPU);
  for (const Slice& slice : network.slices()) {
    const bool is_leak = slice.role == graph::Role::kLeak;
    const bool is_neuron = is_leak || slice.role == graph::Role::kThreshold;
    if (is_neuron) network.values().narrow(0, slice.offset, slice.size).fill_(is_leak ? 1.25 : -1);
  }
  network.clamp_neurons();
  network.store(graph);
  EXPECT_NO_THROW(graph::check(graph));
}

TEST(ExactForwardTime, EqualsTheReferenceInEverySpikeOfEveryStep) {
  std::size_t num_codes = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const graph::Graph graph = lower::random_spiking(seed);
    const lower::Lowered lowered = lower::lower(graph);
    const pare::Tensor raw = random_raw(graph, 5, seed);
    const auto exact = ExactForward(lowered)(as_torch(raw));
    const std::size_t size = raw.size() / 5;
    for (std::int64_t n = 0; n < 5; ++n) {
      program::Codes input(size);
      lower::quantize_input(lowered.interface,
                            raw.as<float>().subspan(static_cast<std::size_t>(n) * size, size),
                            input);
      const auto reference =
          run_reference(lowered.program, {{input}, trip_counts_of(lowered.interface)},
                        {.traps = true, .keeps_buffers = true});
      for (std::size_t b = 0; b < lowered.program.buffers.size(); ++b) {
        const auto& origin = lowered.program.buffers[b].origin;
        if (!origin) continue;
        const torch::Tensor found = exact.codes.at(origin->wire)[n].contiguous();
        const std::int64_t* first = found.data_ptr<std::int64_t>();
        ASSERT_EQ(program::Codes(first, first + found.numel()), reference.buffers[b])
            << origin->wire;
        num_codes += static_cast<std::size_t>(found.numel());
      }
    }
  }
  EXPECT_GT(num_codes, 20000U);
}

}  // namespace
}  // namespace pare::nn
