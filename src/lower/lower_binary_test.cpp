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

graph::Quantizer signs_of(TestGraph& test, const std::string& name, float step) {
  return {.format = graph::Binary{},
          .range_rule = graph::RangeRule::kStep,
          .range = test.floats(name + ".step", graph::Role::kStep, {}, {step})};
}

void add_layer(TestGraph& test, const std::string& name, std::int64_t outputs, std::int64_t inputs,
               RandomNumbers& random) {
  test.linear(name, {outputs, inputs}, random_floats(outputs * inputs, random),
              random_floats(outputs, random));
  test.quantize_layer(name, 4);
}

/// Gains of either sign, so that some thresholds are lower and others upper ones.
void add_norm(TestGraph& test, const std::string& name, std::int64_t channels,
              RandomNumbers& random) {
  const auto of = [&](const std::string& part, graph::Role role) {
    return test.floats(name + "." + part, role, {channels}, random_floats(channels, random));
  };
  const std::vector<float> ones(static_cast<std::size_t>(channels), 1);
  test.node(name,
            graph::BatchNorm{.gain = of("gain", graph::Role::kGain),
                             .shift = of("shift", graph::Role::kShift),
                             .mean = of("mean", graph::Role::kMean),
                             .variance = test.floats(name + ".variance", graph::Role::kVariance,
                                                     {channels}, ones)});
}

/// Signs all along: of the input, behind a batch norm, and behind `function` and a batch norm.
TestGraph binary_net(const graph::Op& function, std::uint64_t seed) {
  RandomNumbers random(seed);
  TestGraph test({2, 3});
  test.node("flat", graph::Flatten{});
  test.node("in", Quantize{signs_of(test, "in", 0.5F)});
  add_layer(test, "fc1", 8, 6, random);
  add_norm(test, "bn1", 8, random);
  test.node("code1", Quantize{signs_of(test, "code1", 0.3F)});
  add_layer(test, "fc2", 8, 8, random);
  add_norm(test, "bn2", 8, random);
  test.node("f", function);
  test.node("code2", Quantize{signs_of(test, "code2", 2)});
  add_layer(test, "fc3", 3, 8, random);
  check(test.graph);
  return test;
}

TEST(LowerBinary, SignsOfInputAndSumsAreThoseOfTheGraph) {
  const std::vector<graph::Op> functions = {graph::Dropout{}, graph::LeakyRelu{0.25},
                                            graph::LeakyRelu{-0.5}, graph::Relu{}, graph::Tanh{}};
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const Graph graph = binary_net(functions[i], i + 1).graph;
    const Lowered lowered = lower(graph, {.removes_dead = false});
    program::check(lowered.program);
    const Tensor raw = random_samples(graph, i + 20);
    const Gap gap = gap_of_codes(graph, lowered, raw);
    EXPECT_EQ(gap.different, 0) << i;
    EXPECT_GT(gap.compared, 800);
  }
}

TEST(LowerBinary, AnInputOfZeroIsPositive) {
  TestGraph test({3});
  test.node("in", Quantize{signs_of(test, "in", 0.5F)});
  RandomNumbers random(3);
  add_layer(test, "fc", 3, 3, random);
  const Lowered lowered = lower(test.graph);
  const Tensor raw = Tensor::from<float>({1, 3}, {0.0F, -0.0F, -1e-30F});
  EXPECT_THAT(run(lowered, raw).codes.at("in"), testing::ElementsAre(1, 1, -1));
}

TEST(LowerBinary, TernaryWiresAreGridsOfThreeCodes) {
  RandomNumbers random(8);
  TestGraph test({4});
  test.node("in", Quantize{test.stepped("in", 6, true, 0.125F)});
  add_layer(test, "fc1", 5, 4, random);
  graph::Quantizer ternary = signs_of(test, "code", 0.5F);
  ternary.format = graph::Ternary{};
  test.node("code", Quantize{ternary});
  add_layer(test, "fc2", 3, 5, random);
  const Lowered lowered = lower(test.graph);
  const Tensor raw = random_samples(test.graph, 9);
  EXPECT_EQ(gap_of_codes(test.graph, lowered, raw).different, 0);
}

TEST(LowerBinary, ListsOfLevelsAreRefused) {
  TestGraph test({2});
  graph::Quantizer levels = signs_of(test, "in", 1);
  levels.format = graph::Levels{{-3, 0, 1}};
  test.node("in", Quantize{levels});
  RandomNumbers random(1);
  add_layer(test, "fc", 2, 2, random);
  EXPECT_THROW(lower(test.graph), InputError);
}

}  // namespace
}  // namespace pare::lower
