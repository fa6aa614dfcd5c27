// Spiking networks: the program's spikes are those of graph/evaluate, every one at every step.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/check.h"
#include "graph/test_graphs.h"
#include "lower/lower.h"
#include "lower/test_lowering.h"
#include "lower/test_spiking.h"
#include "program/check.h"
#include "program/reference.h"

namespace pare::lower {
namespace {

using graph::Role;
using graph::TestGraph;

TEST(LowerSpikes, EverySpikeOfEveryNeuronAtEveryStepIsThatOfEvaluate) {
  constexpr std::uint64_t kGraphs = 150;
  std::size_t num_spikes = 0;
  std::size_t num_steps = 0;
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    SCOPED_TRACE(seed);
    const graph::Graph graph = random_spiking(seed);
    graph::check(graph);
    const Lowered lowered = lower(graph, {.removes_dead = seed % 2 == 0});
    program::check(lowered.program);
    EXPECT_EQ(lowered.interface.steps, graph::repeated_steps(graph));
    const Tensor raw = random_samples(graph, seed);
    const Ran ran = run(lowered, raw);
    const std::vector<std::string> wires = {"spike1", "spike2"};
    const auto traced = evaluate_traced(graph, graph::map_input(graph, raw), wires);
    for (const std::string& wire : wires) {
      const auto expected = traced.wires.at(wire).to_doubles();
      const auto& found = ran.codes.at(wire);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(static_cast<double>(found[i]), expected[i]) << wire << ' ' << i;
        num_spikes += found[i] != 0 ? 1 : 0;
      }
      num_steps += found.size();
    }
    const auto expected = traced.output.to_doubles();
    ASSERT_EQ(ran.values.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(ran.values[i], expected[i], 1e-5 * (1 + std::abs(expected[i])));
    }
  }
  // Neither silent nor saturated.
  EXPECT_GT(num_spikes, num_steps / 20);
  EXPECT_LT(num_spikes, num_steps * 19 / 20);
}

TEST(LowerSpikes, TheFirstLayerRunsOnce) {
  const Lowered lowered = lower(random_spiking(1));
  ASSERT_EQ(lowered.program.sections.size(), 2U);
  const auto has_conv = [&](std::size_t section, std::size_t expected) {
    std::size_t count = 0;
    for (const program::Node& node : lowered.program.sections[section].nodes) {
      count += std::holds_alternative<program::Conv>(node.op) ? 1 : 0;
    }
    EXPECT_EQ(count, expected) << section;
  };
  has_conv(0, 1);
  has_conv(1, 1);
}

TEST(LowerSpikes, WhatStandsWhereIsFoundOnceForEachNode) {
  // As many ways lead from the input to the output as there are subsets of the adds.
  constexpr int kAdds = 40;
  TestGraph test({1});
  test.node("in", graph::Quantize{test.stepped("in", 4, true, 0.125F)});
  for (int i = 0; i < kAdds; ++i) {
    test.node("add" + std::to_string(i), graph::Add{}, {test.last, test.last});
  }
  const Lowered lowered = lower(test.graph);
  ASSERT_EQ(lowered.program.sections.size(), 1U);
  EXPECT_EQ(lowered.program.sections.front().nodes.size(), static_cast<std::size_t>(kAdds));
}

TEST(LowerSpikes, RealMembranesAreRefused) {
  TestGraph test({2});
  test.node("in", graph::Quantize{test.stepped("in", 6, true, 0.125F)});
  test.node("repeat", graph::Repeat{3});
  test.node("n", graph::Spike{test.floats("n.threshold", Role::kThreshold, {1}, {1})});
  try {
    lower(test.graph);
    FAIL() << "not refused";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("node 'n' cannot be frozen: its membrane has no"));
  }
}

}  // namespace
}  // namespace pare::lower
