#include "lower/lower.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/check.h"
#include "graph/edit.h"
#include "graph/infer.h"
#include "graph/test_graphs.h"
#include "lower/test_lowering.h"
#include "program/check.h"
#include "program/random_inputs.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::lower {
namespace {

using graph::Graph;
using graph::TestGraph;
using program::RandomNumbers;

Graph quantized_mlp(std::uint64_t seed, recipe::BatchNormKind batch_norm,
                    recipe::Quantize options) {
  RandomNumbers random(seed);
  recipe::Model model{.hidden = {random.in(1, 20), random.in(1, 20)}};
  model.batch_norm = batch_norm;
  Graph graph = rewrite::mlp(model, {random.in(1, 12)}, {"a", "b", "c"}, seed);
  scramble(graph, seed);
  options.weight_bits = static_cast<int>(random.in(2, 12));
  options.activation_bits = static_cast<int>(random.in(1, 12));
  options.input_bits = static_cast<int>(random.in(2, 16));
  graph = rewrite::quantize(graph, options, 8);
  if (random.one_in(2)) {
    graph = rewrite::prune(graph, {.sparsity = 0.1 * static_cast<double>(random.in(1, 9))});
  }
  return graph;
}

std::string_view encoding_of(const Lowered& lowered, std::string_view name) {
  for (const program::Constant& constant : lowered.program.constants) {
    if (constant.name != name) continue;
    return std::visit([](const auto& encoding) { return encoding.kind; }, constant.encoding);
  }
  return "none";
}

TEST(Lower, KeepsTernaryAndBinaryWeightsAsSuch) {
  Gap sum;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = rewrite::mlp({.hidden = {9, 7}, .batch_norm = recipe::BatchNormKind::kNone}, {5},
                               {"a", "b"}, seed);
    scramble(graph, seed);
    graph = rewrite::quantize(
        graph,
        {.activation_bits = 4,
         .step = recipe::Step::kPow2,
         .weight_format = recipe::WeightFormat::kTernary,
         .layers = {{.match = "fc2", .weight_format = recipe::WeightFormat::kBinary},
                    {.match = "output", .weight_format = recipe::WeightFormat::kUniform}}},
        8);
    const Lowered lowered = lower(graph, {.removes_dead = false});
    program::check(lowered.program);
    EXPECT_EQ(encoding_of(lowered, "fc1.weight"), "ternary");
    EXPECT_EQ(encoding_of(lowered, "fc2.weight"), "binary");
    EXPECT_EQ(encoding_of(lowered, "output.weight"), "uniform");
    const Tensor raw = random_samples(graph, seed);
    const Gap gap = gap_of_codes(graph, lowered, raw);
    sum.compared += gap.compared;
    ASSERT_EQ(gap.different, 0);
    ASSERT_EQ(run(lowered, raw).values, evaluated(graph, raw));
  }
  EXPECT_GT(sum.compared, 10'000);
}

TEST(Lower, GivesTheCodesOfThePow2GraphToTheLast) {
  Gap sum;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph =
        quantized_mlp(seed, recipe::BatchNormKind::kNone, {.step = recipe::Step::kPow2});
    const Lowered lowered = lower(graph, {.removes_dead = false});
    program::check(lowered.program);
    EXPECT_THAT(lowered.notes, testing::IsEmpty());
    const Tensor raw = random_samples(graph, seed);
    const Gap gap = gap_of_codes(graph, lowered, raw);
    sum.compared += gap.compared;
    ASSERT_EQ(gap.different, 0);
    ASSERT_EQ(run(lowered, raw).values, evaluated(graph, raw));
  }
  EXPECT_GT(sum.compared, 50'000);
}

TEST(Lower, GivesTheCodesOfFloatStepsAndBatchNormButForTies) {
  Gap sum;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    recipe::Quantize options;
    if (seed % 2 == 0) options.weight_granularity = recipe::Granularity::kChannel;
    const Graph graph = quantized_mlp(seed, recipe::BatchNormKind::kFull, options);
    const Lowered lowered = lower(graph, {.removes_dead = false});
    const Gap gap = gap_of_codes(graph, lowered, random_samples(graph, seed));
    sum.compared += gap.compared;
    sum.different += gap.different;
    // One code off in a layer moves what comes behind it; further layers may be off by more.
    sum.more_than_one += gap.more_than_one;
  }
  EXPECT_GT(sum.compared, 50'000);
  EXPECT_LT(sum.different, sum.compared / 500);
  EXPECT_LT(sum.more_than_one, sum.compared / 2000);
}

TEST(Lower, LosesNothingWithTheDeadNeurons) {
  int num_shrunk = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph = quantized_mlp(seed, recipe::BatchNormKind::kFull, {});
    const Lowered all = lower(graph, {.removes_dead = false});
    const Lowered less = lower(graph);
    if (less.program.constants != all.program.constants) ++num_shrunk;
    const Tensor raw = random_samples(graph, seed);
    ASSERT_EQ(run(less, raw).values, run(all, raw).values);
  }
  EXPECT_GT(num_shrunk, 10);
}

TEST(Lower, TakesThresholdsWhereTheyAreSmaller) {
  recipe::Quantize options{.activation_bits = 1};
  Graph graph = rewrite::mlp({.hidden = {4}}, {3}, {"a", "b"}, 1);
  scramble(graph, 1);
  graph = rewrite::quantize(graph, options, 8);
  const Lowered lowered = lower(graph, {.removes_dead = false});
  const auto& nodes = lowered.program.sections.front().nodes;
  EXPECT_EQ(kind_of(nodes[1].op), "threshold");
  options.activation_bits = 6;
  const Lowered wide = lower(rewrite::quantize(graph, options, 8), {.removes_dead = false});
  EXPECT_EQ(kind_of(wide.program.sections.front().nodes[1].op), "requantize");
}

/// input -> Quantize -> a, b (linear, of steps that differ unless `is_equal`).
TestGraph two_branches(bool is_equal) {
  TestGraph test({2});
  const auto x = test.node("q", graph::Quantize{test.fixed("q", 8, true, 2)});
  test.linear("a", {2, 2}, {1, 2, 3, 4}, {0, 0});
  test.last = x;
  test.linear("b", {2, 2}, {4, 2, 3, is_equal ? 1.0F : 1.5F}, {1, -1});
  if (!is_equal) test.parameter("b.weight").stored.as<float>()[0] = 3.7F;
  test.quantize_layer("a", 4);
  test.quantize_layer("b", 4);
  return test;
}

TEST(Lower, AddsEqualGridsAsTheyAre) {
  TestGraph test = two_branches(true);
  test.node("sum", graph::Add{}, {*find_wire(test.graph, "a"), *find_wire(test.graph, "b")});
  graph::check(test.graph);
  const Lowered lowered = lower(test.graph);
  EXPECT_THAT(lowered.notes, testing::IsEmpty());
  const Tensor raw = random_samples(test.graph, 1);
  const auto found = run(lowered, raw).values;
  const auto expected = evaluated(test.graph, raw);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4);
}

TEST(Lower, RoundsUnequalOperandsAndSaysSo) {
  for (const bool is_concat : {false, true}) {
    TestGraph test = two_branches(false);
    const std::vector<graph::WireId> operands = {*find_wire(test.graph, "a"),
                                                 *find_wire(test.graph, "b")};
    if (is_concat) {
      test.node("both", graph::Concat{}, operands);
    } else {
      test.node("both", graph::Add{}, operands);
    }
    const Lowered lowered = lower(test.graph);
    ASSERT_EQ(lowered.notes.size(), 1U);
    EXPECT_THAT(lowered.notes.front(), testing::HasSubstr("node 'both'"));
    EXPECT_THAT(lowered.notes.front(), testing::HasSubstr("16 bits"));
    const Tensor raw = random_samples(test.graph, 2);
    const auto found = run(lowered, raw).values;
    const auto expected = evaluated(test.graph, raw);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 2e-3);
  }
}

TEST(Lower, QuantizesAnInputOfKnownRange) {
  TestGraph test({2});
  test.linear("fc", {2, 2}, {1, 2, 3, 4}, {0.5, 0.25});
  const auto bits = test.integer("fc.weight.bits", graph::Role::kBits, 4);
  test.parameter("fc.weight").quantizer =
      graph::Quantizer{.format = graph::Uniform{bits}, .range_rule = graph::RangeRule::kMaxAbs};
  EXPECT_THROW(lower(test.graph), InputError);
  const Lowered lowered = lower(test.graph, {.input_max_abs = 8.0});
  ASSERT_EQ(lowered.notes.size(), 2U);
  EXPECT_THAT(lowered.notes[0], testing::HasSubstr("input: rounded to 16 bits, range 8"));
  EXPECT_THAT(lowered.notes[1], testing::HasSubstr("bias 'fc.bias' rounded"));
  const Tensor raw = random_samples(test.graph, 3);
  const auto found = run(lowered, raw).values;
  const auto expected = evaluated(test.graph, raw);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 2e-3);
}

TEST(Lower, PutsASoftmaxAtTheEndIntoTheInterface) {
  TestGraph test = two_branches(true);
  test.node("softmax", graph::Softmax{});
  const Lowered lowered = lower(test.graph);
  EXPECT_TRUE(lowered.interface.output.is_softmax);
  const Tensor raw = random_samples(test.graph, 4);
  const auto found = run(lowered, raw).values;
  const auto expected = evaluated(test.graph, raw);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4);
}

TEST(Lower, RunsEachStepInALoopBehindWhatRunsOnce) {
  TestGraph test = two_branches(true);
  test.graph.inputs.front().time = graph::Time::kEachStep;
  const Lowered lowered = lower(test.graph);
  ASSERT_EQ(lowered.program.sections.size(), 2U);
  EXPECT_EQ(lowered.program.sections[1].kind, program::SectionKind::kForward);
  EXPECT_TRUE(lowered.program.sections[0].nodes.empty());
  const auto outputs =
      run_reference(lowered.program, {{{1, 2, 3, 4, 5, 6}}, {3}}, {.traps = true}).outputs;
  EXPECT_EQ(outputs.front().size(), 6U);
}

std::string refusal(const Graph& graph) {
  try {
    lower(graph);
  } catch (const InputError& error) {
    return error.what();
  }
  return "not refused";
}

TEST(Lower, RefusesWithTheLayersName) {
  TestGraph floats({2});
  floats.node("q", graph::Quantize{floats.fixed("q", 8, true, 2)});
  floats.linear("fc", {2, 2}, {1, 2, 3, 4}, {0, 0});
  EXPECT_THAT(refusal(floats.graph), testing::HasSubstr("layer 1 'fc' cannot be frozen: weight "
                                                        "'fc.weight' is float"));

  TestGraph real = two_branches(true);
  real.node("bn", graph::BatchNorm{
                      .mean = real.floats("bn.mean", graph::Role::kMean, {2}, {1, 2}),
                      .variance = real.floats("bn.variance", graph::Role::kVariance, {2}, {1, 1})});
  real.linear("fc", {2, 2}, {1, 2, 3, 4}, {0, 0});
  EXPECT_THAT(refusal(real.graph), testing::HasSubstr("layer 3 'fc'"));
  EXPECT_THAT(refusal(real.graph), testing::HasSubstr("'bn' carries real numbers"));

  TestGraph batch = two_branches(true);
  batch.node("bn", graph::BatchNorm{});
  EXPECT_THAT(refusal(batch.graph), testing::HasSubstr("node 'bn'"));

  TestGraph softmax = two_branches(true);
  softmax.node("softmax", graph::Softmax{});
  softmax.node("relu", graph::Relu{});
  EXPECT_THAT(refusal(softmax.graph), testing::HasSubstr("node 'softmax'"));
}

TEST(Lower, TakesOrRefusesEveryOrderedPairOfStages) {
  using Stage = std::function<Graph(const Graph&)>;
  const auto quantize = [](const recipe::Quantize& options) -> Stage {
    return [options](const Graph& graph) { return rewrite::quantize(graph, options, 8); };
  };
  const std::vector<Stage> stages = {
      quantize({}),
      quantize({.weight_bits = 3, .activation_bits = 2, .step = recipe::Step::kPow2}),
      quantize({.input_bits = 32}),
      quantize({.activation_bits = 32}),
      [](const Graph& graph) { return rewrite::prune(graph, {.sparsity = 0.7}); },
  };
  int num_frozen = 0;
  int num_refused = 0;
  for (const Stage& first : stages) {
    for (const Stage& second : stages) {
      Graph graph = rewrite::mlp({.hidden = {9, 7}}, {5}, {"a", "b", "c"}, 3);
      scramble(graph, 3);
      graph = second(first(graph));
      const Tensor raw = random_samples(graph, 3);
      try {
        const Lowered lowered = lower(graph, {.input_max_abs = 8.0, .removes_dead = false});
        const auto found = run(lowered, raw).values;
        const auto expected = evaluated(graph, raw);
        for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 0.5);
        ++num_frozen;
      } catch (const InputError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("cannot be frozen"));
        ++num_refused;
      }
    }
  }
  // Refused: float weights (prune, prune) and activations that stay float at the end.
  EXPECT_EQ(num_frozen, 18);
  EXPECT_EQ(num_refused, 7);
}

TEST(Lower, TellsFloatGraphsFromOthers) {
  const Graph graph = rewrite::mlp({.hidden = {4}}, {3}, {"a", "b"}, 1);
  EXPECT_TRUE(is_float(graph));
  EXPECT_FALSE(is_float(rewrite::quantize(graph, {}, 8)));
}

}  // namespace
}  // namespace pare::lower
