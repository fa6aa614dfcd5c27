#include "cost/estimate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "cost/test_graphs.h"
#include "graph/check.h"

namespace pare::cost {
namespace {

constexpr std::array<std::string_view, 4> kLayers{"fc1", "fc2", "fc3", "output"};

graph::Graph pruned_jets(const std::array<std::int64_t, 4>& alive) {
  graph::Graph graph = jets_graph(6, 16);
  for (std::size_t i = 0; i < 4; ++i) keep(graph, kLayers[i], alive[i]);
  return graph;
}

TEST(Estimate, IsTestedOnGraphsThatHoldTogether) {
  EXPECT_NO_THROW(graph::check(jets_graph(6, 16)));
  EXPECT_NO_THROW(graph::check(jets_graph(kFloatBits, kFloatBits)));
}

// The numbers of T1 of Ps and Qs, section 11, from graphs.

TEST(Estimate, OfTheFloatJetsNetwork) {
  const Report report = estimate(jets_graph(kFloatBits, kFloatBits));
  ASSERT_EQ(report.layers.size(), 4U);
  EXPECT_EQ(report.layers[0].bops, 1118208);
  EXPECT_EQ(report.layers[3].bops, 174880);
  EXPECT_EQ(report.total.bops, 4652832);
  EXPECT_EQ(report.total.weights, 4256);
  EXPECT_EQ(report.total.biases, 133);
  EXPECT_EQ(report.total.parameters(), 4389);
  EXPECT_EQ(report.total.batch_norm, 64);
  EXPECT_EQ(report.total.macs, 4256);
  EXPECT_EQ(report.total.dense_bits, 4389 * 32);
}

TEST(Estimate, CountsTheInputAsTheOptionSays) {
  const graph::Graph graph = jets_graph(6, 6);
  EXPECT_EQ(estimate(graph).total.bops, 412960);
  EXPECT_EQ(estimate(graph, {.input_bits = InputBits::kReal}).total.bops, 226592);
  EXPECT_EQ(estimate(graph).layers[0].input_bits, 32);
  EXPECT_EQ(estimate(graph, {.input_bits = InputBits::kReal}).layers[0].input_bits, 6);
  EXPECT_EQ(estimate(graph).layers[1].input_bits, 6);
}

TEST(Estimate, CountsAliveWeightsAloneOrWithBiases) {
  const graph::Graph first = pruned_jets({244, 375, 184, 49});
  EXPECT_NEAR(estimate(first).total.bops, 168736, 1e-6);
  EXPECT_NEAR(estimate(first, {.counting = AliveCounting::kRepository}).total.bops, 179509.45,
              5e-3);
  const graph::Graph second = pruned_jets({411, 195, 225, 21});
  EXPECT_NEAR(estimate(second).total.bops, 194788, 1e-6);
  EXPECT_NEAR(estimate(second, {.counting = AliveCounting::kRepository}).total.bops, 203760.84,
              5e-3);
}

TEST(Estimate, CountsWhatPruningLeaves) {
  const Report report = estimate(pruned_jets({244, 375, 184, 49}));
  EXPECT_EQ(report.total.nonzero_weights, 852);
  EXPECT_EQ(report.total.nonzero_weights_quantized, 852);
  EXPECT_EQ(report.total.nonzero_macs, 852);
  EXPECT_EQ(report.total.macs, 4256);
  EXPECT_EQ(report.total.nonzero_bits, 852 * 6 + 133 * 32);
  EXPECT_EQ(report.total.dense_bits, 4256 * 6 + 133 * 32);
  EXPECT_NEAR(report.total.sparsity(), 1 - 852.0 / 4256, 1e-12);
  EXPECT_EQ(report.layers[1].weights.nonzero, 375);
}

TEST(Estimate, CountsZerosThatQuantizationAdds) {
  graph::Graph graph = jets_graph(6, 16);
  auto& weight = graph.parameter(graph::find_parameter(graph, "fc3.weight").value());
  // 31 x 0.016 rounds to 0, 31 x 0.017 to 1.
  weight.stored.as<float>()[3] = 0.016F;
  weight.stored.as<float>()[4] = -0.017F;
  weight.stored.as<float>()[5] = 0;
  const Report report = estimate(graph);
  EXPECT_EQ(report.layers[2].weights.nonzero, 1023);
  EXPECT_EQ(report.layers[2].weights.nonzero_quantized, 1022);
  EXPECT_EQ(report.layers[2].nonzero_macs, 1022);
}

TEST(Estimate, CountsSharedParametersOnce) {
  graph::Graph graph;
  const auto x = add_input(graph, {4});
  const auto first = add_linear(graph, "fc1", x, 4, 4, kFloatBits);
  const auto op = graph::find_node(graph, "fc1")->op;
  graph.output = graph::add_node(graph, "fc2", op, {first});
  const Report report = estimate(graph);
  EXPECT_EQ(report.layers.size(), 2U);
  EXPECT_EQ(report.total.parameters(), 20);
  EXPECT_EQ(report.total.macs, 32);
}

TEST(Estimate, MultipliesByThePositions) {
  graph::Graph graph;
  graph.output = add_linear(graph, "fc1", add_input(graph, {3, 5, 4}), 4, 2, kFloatBits);
  const Report report = estimate(graph);
  EXPECT_EQ(report.layers[0].positions, 15);
  EXPECT_EQ(report.total.macs, 15 * 8);
  EXPECT_EQ(report.total.bops, 15 * 8 * (1024 + 64 + 2));
}

/// A block-circulant layer of one block, applied to `positions` vectors, `times` after each other.
graph::Graph circulant_chain(std::int64_t block_size, std::int64_t positions, int times) {
  graph::Graph graph;
  const std::vector<float> ones(static_cast<std::size_t>(block_size), 1.0F);
  graph::Linear op;
  op.weight = graph::add_parameter(graph, {.name = "weight",
                                           .role = graph::Role::kWeight,
                                           .stored = Tensor::from<float>({1, 1, block_size}, ones),
                                           .structure = graph::BlockCirculant{block_size}});
  graph.output = add_input(graph, {positions, block_size});
  for (int i = 0; i < times; ++i) {
    graph.output = graph::add_node(graph, "fc" + std::to_string(i), op, {graph.output});
  }
  return graph;
}

TEST(Estimate, CountsStoredElementsOfAStructureAndAllItsMultiplications) {
  graph::Graph graph = circulant_chain(8, 3, 2);
  graph.parameters[0].stored.as<float>()[5] = 0;
  const Report report = estimate(graph);
  EXPECT_EQ(report.total.weights, 8);
  EXPECT_EQ(report.total.nonzero_weights, 7);
  EXPECT_EQ(report.layers[0].macs, 3 * 64);
  EXPECT_EQ(report.layers[0].nonzero_macs, 3 * 56);
}

TEST(Estimate, RefusesMoreOperationsThanItCanCount) {
  // 2^42 multiplications each.
  EXPECT_EQ(estimate(circulant_chain(1 << 14, 1 << 14, 2)).total.macs, std::int64_t{1} << 43);
  EXPECT_THROW(estimate(circulant_chain(1 << 14, 1 << 14, 2049)), InputError);
}

TEST(Estimate, CountsBiasesOnTheAccumulatorsGrid) {
  graph::Graph graph;
  const auto x = add_quantize(graph, "input", add_input(graph, {2}), 4, true);
  graph.output = add_linear(graph, "fc1", x, 2, 2, 4);
  auto& bias = graph.parameter(graph::find_parameter(graph, "fc1.bias").value());
  // The accumulator's step is (1 / 7) (1 / 7).
  bias.stored.as<float>()[0] = 0.01F;
  bias.quantizer = graph::Quantizer{.format = add_uniform(graph, "fc1.bias", 24, true),
                                    .range_rule = graph::RangeRule::kAccumulator};
  const Report report = estimate(graph);
  EXPECT_EQ(report.layers[0].biases.bits, 24);
  EXPECT_EQ(report.layers[0].biases.nonzero, 2);
  EXPECT_EQ(report.layers[0].biases.nonzero_quantized, 1);
  EXPECT_EQ(report.total.dense_bits, 4 * 4 + 2 * 24);
  EXPECT_EQ(report.total.nonzero_bits, 4 * 4 + 24);
}

TEST(Estimate, OfAGraphWithoutLinearLayersIsZero) {
  graph::Graph graph;
  graph.output = graph::add_node(graph, "relu", graph::Relu{}, {add_input(graph, {4})});
  const Report report = estimate(graph);
  EXPECT_TRUE(report.layers.empty());
  EXPECT_EQ(report.total.bops, 0);
  EXPECT_EQ(report.total.sparsity(), 0);
}

RC_GTEST_PROP(Estimate, FallsWithEveryWeightPruned, ()) {
  std::array<std::int64_t, 4> alive{};
  for (std::size_t i = 0; i < 4; ++i) alive[i] = *rc::gen::inRange<std::int64_t>(1, 160);
  const Report report = estimate(pruned_jets(alive));
  const auto layer = *rc::gen::inRange<std::size_t>(0, 4);
  --alive[layer];
  const Report fewer = estimate(pruned_jets(alive));
  RC_ASSERT(fewer.total.bops < report.total.bops);
  RC_ASSERT(fewer.layers[layer].bops < report.layers[layer].bops);
  RC_ASSERT(fewer.total.nonzero_bits < report.total.nonzero_bits);
  RC_ASSERT(fewer.total.dense_bits == report.total.dense_bits);
}

}  // namespace
}  // namespace pare::cost
