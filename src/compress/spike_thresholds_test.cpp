#include "compress/spike_thresholds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <torch/torch.h>

#include "base/error.h"
#include "graph/test_graphs.h"
#include "rewrite/spike.h"

namespace pare::compress {
namespace {

float number(const graph::Graph& graph, const std::string& name) {
  return graph.parameter(*find_parameter(graph, name)).stored.as<float>()[0];
}

TEST(Percentile, IsTheOrderStatistic) {
  // 1 + round(0.997 * 999) = 997.
  EXPECT_EQ(percentile(torch::arange(1000, 0, -1).to(torch::kFloat32), 99.7), 997);
  EXPECT_EQ(percentile(torch::arange(1, 11).to(torch::kFloat32), 100), 10);
  EXPECT_EQ(percentile(torch::full({1}, 4.5F), 50), 4.5);
}

/// input -> fc1 (2 neurons) -> fc2 (1 neuron) -> output, spiking.
graph::Graph spiking(float second_weight) {
  graph::TestGraph test({1});
  test.linear("fc1", {2, 1}, {1, 0.5F}, {0, 0});
  test.node("fc1.relu", graph::Relu{});
  test.linear("fc2", {1, 2}, {second_weight, second_weight}, {0});
  test.node("fc2.relu", graph::Relu{});
  test.linear("output", {1, 1}, {1}, {0});
  return rewrite::spike(test.graph, {});
}

TEST(BalanceThresholds, GoesLayerAfterLayerAndScalesAtTheEnd) {
  // Currents of fc1 are 3 and 1.5: the threshold is 3. Then its neurons, without a leak, spike
  // never (3 > 3 is false, 6 > 3 at the second step) … at some step both do, and fc2's current is
  // at most 2 * 0.75.
  const graph::Graph graph = spiking(0.75F);
  const recipe::Spike options{
      .percentile = 100, .threshold_scale = 0.5, .calibration_steps = 20, .leak = 0.25};
  const graph::Graph balanced = balance_thresholds(graph, options, torch::full({4, 1}, 3.0F));
  EXPECT_FLOAT_EQ(number(balanced, "fc1.threshold"), 1.5F);
  EXPECT_FLOAT_EQ(number(balanced, "fc2.threshold"), 0.75F);
  EXPECT_EQ(number(balanced, "fc1.leak"), number(graph, "fc1.leak"));
}

TEST(BalanceThresholds, NamesNeuronsThatNothingReaches) {
  try {
    balance_thresholds(spiking(-1), {.calibration_steps = 5}, torch::full({4, 1}, 3.0F));
    FAIL() << "not refused";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("[spike] neurons 'fc2.relu'"));
  }
}

}  // namespace
}  // namespace pare::compress
