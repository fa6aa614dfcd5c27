#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/check.h"
#include "graph/test_graphs.h"
#include "lower/lower.h"
#include "lower/test_lowering.h"
#include "program/check.h"

namespace pare::lower {
namespace {

using graph::Quantize;
using graph::TestGraph;
using graph::Transpose;

/// Codes of 6 bits of a power-of-two step.
graph::Quantizer codes(TestGraph& test, const std::string& name, bool is_signed) {
  return test.stepped(name, 6, is_signed, 0.125F);
}

/// A convolution over [2, 5, 4] whose 3 channels have power-of-two steps of their own.
void add_conv(TestGraph& test, RandomNumbers& random) {
  auto weights = random_floats(3 * 2 * 2 * 2, random);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] *= static_cast<float>(1 << (i / 8 * 2));
  }
  const auto weight = test.floats("conv.weight", graph::Role::kWeight, {3, 2, 2, 2}, weights);
  test.node("conv", graph::Conv{weight, std::nullopt, {1, 1}, {0, 0, 0, 0}, {1, 1}});
  const auto bits = test.integer("conv.weight.bits", graph::Role::kBits, 5);
  const auto ranges = test.floats("conv.weight.range", graph::Role::kRange, {3}, {1, 1, 1});
  test.parameter("conv.weight").quantizer =
      graph::Quantizer{.format = graph::Uniform{bits},
                       .range_rule = graph::RangeRule::kMaxAbs,
                       .range = ranges,
                       .step = graph::StepRule::kPow2};
}

/// [2, 5, 4] -> conv -> [3, 4, 3], a batch norm behind it if wanted -> `functions` -> axes in
/// `order` -> codes -> flatten -> linear.
TestGraph transposing(const Shape& order, bool has_norm, const std::vector<graph::Op>& functions,
                      std::uint64_t seed) {
  RandomNumbers random(seed);
  TestGraph test({2, 5, 4});
  test.node("in", Quantize{codes(test, "in", true)});
  add_conv(test, random);
  if (has_norm) {
    const auto of = [&](const std::string& part, graph::Role role) {
      return test.floats("bn." + part, role, {3}, random_floats(3, random));
    };
    test.node("bn", graph::BatchNorm{.gain = of("gain", graph::Role::kGain),
                                     .shift = of("shift", graph::Role::kShift),
                                     .mean = of("mean", graph::Role::kMean),
                                     .variance = test.floats("bn.variance", graph::Role::kVariance,
                                                             {3}, {0.5F, 1, 2})});
  }
  for (std::size_t i = 0; i < functions.size(); ++i) {
    test.node("f" + std::to_string(i), functions[i]);
  }
  test.node("moved", Transpose{order});
  test.node("codes", Quantize{codes(test, "codes", true)});
  test.node("flat", graph::Flatten{});
  test.linear("fc", {2, 36}, random_floats(72, random), {0.25F, -0.5F});
  test.quantize_layer("fc", 6);
  test.parameter("fc.weight").quantizer->step = graph::StepRule::kPow2;
  check(test.graph);
  return test;
}

TEST(LowerTranspose, MovesCodesAndTheirSteps) {
  for (const Shape& order : std::vector<Shape>{{1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {0, 1, 2}}) {
    const Graph graph = transposing(order, false, {graph::LeakyRelu{0.25}}, 3).graph;
    const Lowered lowered = lower(graph);
    program::check(lowered.program);
    EXPECT_THAT(lowered.notes, testing::IsEmpty());
    const Tensor raw = random_samples(graph, 4);
    const Gap gap = gap_of_codes(graph, lowered, raw);
    EXPECT_EQ(gap.different, 0) << to_string(order);
    EXPECT_GT(gap.compared, 1000);
    EXPECT_THAT(run(lowered, raw).values,
                testing::Pointwise(testing::DoubleNear(1e-9), evaluated(graph, raw)));
  }
}

TEST(LowerTranspose, MovesOffsetsWithThem) {
  const Graph graph = transposing({2, 0, 1}, true, {graph::Relu{}}, 5).graph;
  const Gap gap = gap_of_codes(graph, lower(graph), random_samples(graph, 5));
  EXPECT_GT(gap.compared, 1000);
  EXPECT_LT(gap.different, gap.compared / 500);
  EXPECT_EQ(gap.more_than_one, 0);
}

TEST(LowerTranspose, PassesCurvesOn) {
  TestGraph test({2, 3});
  test.node("in", Quantize{codes(test, "in", true)});
  test.node("f", graph::Tanh{});
  test.node("moved", Transpose{{1, 0}});
  test.node("codes", Quantize{codes(test, "codes", true)});
  const Lowered lowered = lower(test.graph);
  EXPECT_THAT(lowered.notes, testing::IsEmpty());
  EXPECT_EQ(gap_of_codes(test.graph, lowered, random_samples(test.graph, 6)).different, 0);
}

TEST(LowerTranspose, OfAxesOfOneElementIsACopy) {
  TestGraph test({2, 1, 3});
  test.node("in", Quantize{codes(test, "in", true)});
  test.node("moved", Transpose{{1, 0, 2}});
  const Lowered lowered = lower(test.graph);
  ASSERT_EQ(lowered.program.sections.front().nodes.size(), 1U);
  EXPECT_EQ(kind_of(lowered.program.sections.front().nodes.front().op), "copy");
  EXPECT_EQ(lowered.interface.output_shape, (Shape{1, 2, 3}));
}

TEST(LowerTranspose, OfAxesOfOneElementLeavesTheRawInputAsItIs) {
  TestGraph test({1, 4, 3});
  test.node("moved", Transpose{{1, 0, 2}});
  test.node("codes", Quantize{codes(test, "codes", true)});
  const Lowered lowered = lower(test.graph);
  EXPECT_TRUE(lowered.program.sections.front().nodes.empty());
  EXPECT_EQ(gap_of_codes(test.graph, lowered, random_samples(test.graph, 9)).different, 0);
}

/// [4, 3] -> [3, 4] -> [2, 6] -> [6, 2] -> codes of a step that is no power of two, or such steps.
TestGraph moved_input(const Shape& steps) {
  TestGraph test({4, 3});
  test.node("moved", Transpose{{1, 0}});
  test.node("dropped", graph::Dropout{0.5});
  test.node("shaped", graph::Reshape{{2, 6}});
  test.node("again", Transpose{{1, 0}});
  auto quantizer = test.stepped("codes", 5, true, 0.3F);
  test.parameter("codes.step").stored = Tensor::from<float>(
      steps, std::vector<float>(static_cast<std::size_t>(num_elements(steps)), 0.3F));
  test.node("codes", Quantize{quantizer});
  return test;
}

TEST(LowerTranspose, OfTheRawInputMovesItsCodes) {
  TestGraph test = moved_input({});
  RandomNumbers random(7);
  test.linear("fc", {3, 2}, random_floats(6, random), {0.25F, -0.5F, 0});
  test.quantize_layer("fc", 6);
  const Graph& graph = test.graph;
  check(graph);
  const Lowered lowered = lower(graph);
  program::check(lowered.program);
  EXPECT_THAT(lowered.notes, testing::IsEmpty());
  EXPECT_EQ(lowered.program.buffer(lowered.program.inputs.front()).shape, (Shape{4, 3}));
  const Tensor raw = random_samples(graph, 8);
  const Gap gap = gap_of_codes(graph, lowered, raw);
  EXPECT_EQ(gap.different, 0);
  EXPECT_EQ(gap.compared, kNumSamples * 12);
  EXPECT_THAT(run(lowered, raw).values,
              testing::Pointwise(testing::DoubleNear(1e-5), evaluated(graph, raw)));
}

TEST(LowerTranspose, OfTheRawInputWantsOneStep) {
  try {
    lower(moved_input({6}).graph);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("node 'codes' cannot be frozen: the network's input is "
                                   "transposed before it is rounded to several steps"));
  }
}

}  // namespace
}  // namespace pare::lower
