#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/check.h"
#include "graph/test_graphs.h"
#include "lower/lower.h"
#include "lower/test_lowering.h"
#include "program/check.h"
#include "rewrite/cnn.h"
#include "rewrite/quantize.h"

namespace pare::lower {
namespace {

using graph::TestGraph;

TEST(LowerCnn, GivesTheCodesOfThePow2GraphToTheLast) {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph =
        random_cnn(seed, recipe::BatchNormKind::kNone, {.step = recipe::Step::kPow2});
    const Lowered lowered = lower(graph);
    program::check(lowered.program);
    EXPECT_THAT(lowered.notes, testing::IsEmpty());
    const Tensor raw = random_samples(graph, seed);
    const Gap gap = gap_of_codes(graph, lowered, raw);
    compared += gap.compared;
    ASSERT_EQ(gap.different, 0);
    // An average over 12 elements has a step that float32 biases only come close to.
    ASSERT_THAT(run(lowered, raw).values,
                testing::Pointwise(testing::DoubleNear(1e-6), evaluated(graph, raw)));
  }
  EXPECT_GT(compared, 50'000);
}

TEST(LowerCnn, GivesTheCodesOfFloatStepsAndBatchNormButForTies) {
  Gap sum;
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    SCOPED_TRACE(seed);
    recipe::Quantize options;
    if (seed % 2 == 0) options.weight_granularity = recipe::Granularity::kChannel;
    const Graph graph = random_cnn(seed, recipe::BatchNormKind::kFull, options);
    const Gap gap = gap_of_codes(graph, lower(graph), random_samples(graph, seed));
    sum.compared += gap.compared;
    sum.different += gap.different;
    sum.more_than_one += gap.more_than_one;
  }
  EXPECT_GT(sum.compared, 50'000);
  EXPECT_LT(sum.different, sum.compared / 500);
  EXPECT_LT(sum.more_than_one, sum.compared / 2000);
}

TEST(LowerCnn, ConstantsOfChannelsStaySmall) {
  recipe::Model model{.kind = recipe::ModelKind::kCnn};
  model.convolutions = {{.channels = 5, .kernel = {3, 3}}};
  Graph graph = rewrite::cnn(model, {2, 6, 6}, {"a"}, 3);
  scramble(graph, 3);
  const Lowered lowered = lower(rewrite::quantize(graph, {}, 8));
  const auto& nodes = lowered.program.sections.front().nodes;
  const auto& op = std::get<program::Requantize>(nodes.at(1).op);
  EXPECT_EQ(lowered.program.constant(op.multiplier).shape, (Shape{5, 1, 1}));
  EXPECT_EQ(lowered.program.constant(op.addend).shape, (Shape{5, 1, 1}));
}

/// Quantize -> function -> Quantize.
TestGraph curve(graph::Op function, int bits) {
  TestGraph test({3});
  test.node("in", graph::Quantize{test.fixed("in", bits, true, 8)});
  test.parameter("in.range").stored.as<float>()[0] =
      static_cast<float>((1 << (bits - 1)) - 1) / static_cast<float>(1 << (bits - 4));
  test.node("f", std::move(function));
  auto quantizer = test.fixed("out", 8, true, 1);
  test.node("out", graph::Quantize{quantizer});
  return test;
}

TEST(LowerFunctions, BecomeTablesOfTheCodesInFrontOfThem) {
  for (const graph::Op& function : {graph::Op(graph::Sigmoid{}), graph::Op(graph::Tanh{})}) {
    const Graph graph = curve(function, 6).graph;
    const Lowered lowered = lower(graph);
    EXPECT_THAT(lowered.notes, testing::IsEmpty());
    const auto& nodes = lowered.program.sections.front().nodes;
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(kind_of(nodes[0].op), "lookup");
    const Tensor raw = random_samples(graph, 4);
    const Gap gap = gap_of_codes(graph, lowered, raw);
    EXPECT_EQ(gap.different, 0);
    EXPECT_GT(gap.compared, 100);
  }
}

TEST(LowerFunctions, OfSumsAreRoundedFirstAndSaySo) {
  TestGraph test({2});
  test.node("in", graph::Quantize{test.fixed("in", 12, true, 4)});
  test.linear("fc", {3, 2}, {1.5, -1, 0.3F, 2, 0, 1}, {0.25, -0.5, 1});
  test.quantize_layer("fc", 8);
  test.node("f", graph::Tanh{});
  test.node("out", graph::Quantize{test.fixed("out", 8, true, 1)});
  const Lowered lowered = lower(test.graph);
  EXPECT_THAT(lowered.notes, testing::ElementsAre(testing::HasSubstr("rounded to 12 bits")));
  const Tensor raw = random_samples(test.graph, 5);
  const Ran ran = run(lowered, raw);
  const auto expected = evaluated(test.graph, raw);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    // Half a step of the table's input moves tanh by less than a step of the output.
    EXPECT_NEAR(ran.values[i], expected[i], 1.01 / 127);
  }
}

TEST(LowerFunctions, TablesOfOnesOwn) {
  TestGraph test({3});
  test.node("in", graph::Quantize{test.fixed("in", 3, true, 3)});
  const auto values = test.floats("f.values", graph::Role::kTable, {7}, {5, -3, 0.5, 0, 1, 2, -7});
  test.node("f", graph::Table{values});
  test.node("out", graph::Quantize{test.fixed("out", 5, true, 7.5)});
  check(test.graph);
  const Lowered lowered = lower(test.graph);
  const Tensor raw = random_samples(test.graph, 6);
  const Gap gap = gap_of_codes(test.graph, lowered, raw);
  EXPECT_EQ(gap.different, 0);
}

TEST(LowerFunctions, AtTheEndGetAGridOfTheirOwn) {
  TestGraph test({3});
  test.node("in", graph::Quantize{test.fixed("in", 3, true, 3)});
  test.node("f", graph::Sigmoid{});
  const Lowered lowered = lower(test.graph);
  EXPECT_THAT(lowered.notes, testing::ElementsAre(testing::HasSubstr("rounded to 16 bits")));
  const Tensor raw = random_samples(test.graph, 7);
  const auto expected = evaluated(test.graph, raw);
  const Ran ran = run(lowered, raw);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(ran.values[i], expected[i], 1.0 / (1 << 15));
  }
}

TEST(LowerCnn, RefusesWithTheReason) {
  const auto message = [](const Graph& graph) -> std::string {
    try {
      lower(graph);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  const graph::PoolWindow window{{2}, {1}, {1, 0}, {1}};
  TestGraph borders({1, 4});
  borders.node("in", graph::Quantize{borders.fixed("in", 4, true, 4)});
  borders.node("pool", graph::AveragePool{window, false});
  EXPECT_THAT(message(borders.graph),
              testing::HasSubstr("'pool' cannot be frozen: averages at its"));

  TestGraph negative({1, 4});
  negative.node("in", graph::Quantize{negative.fixed("in", 4, true, 4)});
  const auto mean = negative.floats("bn.mean", graph::Role::kMean, {1}, {0});
  const auto variance = negative.floats("bn.variance", graph::Role::kVariance, {1}, {1});
  const auto gain = negative.floats("bn.gain", graph::Role::kGain, {1}, {-1});
  negative.node("bn", graph::BatchNorm{.gain = gain, .mean = mean, .variance = variance});
  negative.node("pool", graph::MaxPool{window});
  EXPECT_THAT(message(negative.graph), testing::HasSubstr("quantize activations in front"));
}

}  // namespace
}  // namespace pare::lower
