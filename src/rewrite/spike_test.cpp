#include "rewrite/spike.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/check.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "graph/neuron.h"
#include "graph/test_graphs.h"
#include "rewrite/cnn.h"
#include "rewrite/mlp.h"
#include "rewrite/quantize.h"

namespace pare::rewrite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

recipe::Model without_norm(std::vector<std::int64_t> hidden) {
  recipe::Model model{.hidden = std::move(hidden)};
  model.batch_norm = recipe::BatchNormKind::kNone;
  return model;
}

graph::Graph spiking_mlp(const recipe::Spike& options = {}) {
  return spike(mlp(without_norm({5, 4}), {3}, {"a", "b"}, 1), options);
}

std::vector<std::string> kinds(const graph::Graph& graph) {
  std::vector<std::string> list;
  for (const graph::Node& node : graph.nodes) list.emplace_back(kind_of(node.op));
  return list;
}

TEST(Spike, ReplacesRelusRepeatsTheFirstCurrentAndSumsTheOutput) {
  const graph::Graph graph = spiking_mlp({.steps = 7, .leak = 0.75});
  graph::check(graph);
  EXPECT_THAT(kinds(graph), ElementsAre("linear", "repeat", "spike", "linear", "spike", "linear",
                                        "sum_over_time"));
  EXPECT_EQ(graph::repeated_steps(graph), 7);
  EXPECT_EQ(graph::infer_shapes(graph).at(graph.output.value).time, graph::Time::kOnce);
  const auto neurons = neurons_of(graph);
  ASSERT_EQ(neurons.size(), 2U);
  EXPECT_EQ(neurons[0].threshold, "fc1.threshold");
  EXPECT_EQ(neurons[0].current, "repeat");
  EXPECT_EQ(neurons[1].current, "fc2");
  EXPECT_EQ(graph.parameter(*find_parameter(graph, "fc2.leak")).stored.as<float>()[0], 0.75F);
}

TEST(Spike, TakesOutTheQuantizersOfActivations) {
  const graph::Graph quantized =
      quantize(mlp(without_norm({5}), {3}, {"a", "b"}, 1), recipe::Quantize{}, 4);
  const graph::Graph graph = spike(quantized, {});
  graph::check(graph);
  EXPECT_THAT(kinds(graph),
              ElementsAre("quantize", "linear", "repeat", "spike", "linear", "sum_over_time"));
  EXPECT_TRUE(graph.parameter(*find_parameter(graph, "fc1.weight")).quantizer);
}

TEST(Spike, QuantizingGivesMembranesTheGridOfTheirCurrents) {
  const recipe::Quantize options{
      .weight_bits = 6, .membrane_bits = 12, .membrane_fraction_bits = 3, .leak_bits = 5};
  const graph::Graph graph = quantize(spiking_mlp(), options, 4);
  graph::check(graph);
  const auto wires = graph::infer(graph);
  for (const Neurons& neurons : neurons_of(graph)) {
    const graph::Node* node = find_node(graph, neurons.node);
    const auto codes = graph::neuron_codes(graph, *node, wires);
    ASSERT_TRUE(codes) << neurons.node;
    EXPECT_EQ(codes->membrane.highest, 2047);
    EXPECT_EQ(codes->leak_shift, 5);
    EXPECT_EQ(codes->fraction_bits, 3);
  }
  // The biases of all layers lie on the grids of their sums, those behind spikes too.
  EXPECT_TRUE(graph.parameter(*find_parameter(graph, "output.bias")).quantizer);
  const graph::Graph floating = without_quantizers(graph);
  graph::check(floating);
  EXPECT_EQ(floating, spiking_mlp());
}

TEST(Spike, ManyStepsOfIntegratingNeuronsComeNearTheRelu) {
  // Without a leak, a threshold of 1 and outputs below 1: counts over T tend to the ReLU.
  graph::TestGraph test({2});
  test.linear("fc1", {3, 2}, {0.5F, 0.25F, -0.5F, 0.25F, 0.125F, 0.75F}, {0.0625F, 0, -0.125F});
  test.node("relu", graph::Relu{});
  test.linear("output", {1, 3}, {1, -1, 0.5F}, {0});
  constexpr std::int64_t kSteps = 512;
  const graph::Graph graph = spike(test.graph, {.steps = kSteps});
  const Tensor x = Tensor::from<float>({3, 2}, std::vector<float>{0.5F, 0.75F, -1, 1, 1, 0.1F});
  const auto relu = evaluate(test.graph, x).to_doubles();
  const auto summed = evaluate(graph, x).to_doubles();
  for (std::size_t i = 0; i < relu.size(); ++i) {
    EXPECT_NEAR(summed[i] / kSteps, relu[i], 2.5 / kSteps * 2) << i;
  }
}

std::string complaint(const graph::Graph& graph) {
  try {
    spike(graph, {});
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Spike, SaysWhatHasNoSpikingForm) {
  recipe::Model model{.hidden = {4}};
  EXPECT_THAT(complaint(mlp(model, {3}, {"a", "b"}, 1)), HasSubstr("batch_norm = \"none\""));
  model = without_norm({4});
  model.activation = recipe::Activation::kTanh;
  EXPECT_THAT(complaint(mlp(model, {3}, {"a", "b"}, 1)), HasSubstr("activation = \"relu\""));
  EXPECT_THAT(complaint(mlp(without_norm({}), {3}, {"a", "b"}, 1)), HasSubstr("no ReLU"));
  EXPECT_THAT(complaint(spiking_mlp()), HasSubstr("spikes already"));
}

}  // namespace
}  // namespace pare::rewrite
