#include "compress/spike_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <torch/torch.h>

#include "graph/test_graphs.h"
#include "rewrite/spike.h"

namespace pare::compress {
namespace {

/// input -> 3 neurons -> output, 4 steps, threshold 1, no leak.
graph::Graph three_neurons() {
  graph::TestGraph test({1});
  test.linear("fc1", {3, 1}, {1, 0.5F, -1}, {0, 0, 0});
  test.node("fc1.relu", graph::Relu{});
  test.linear("output", {1, 3}, {1, 1, 1}, {0});
  return rewrite::spike(test.graph, {.steps = 4});
}

TEST(SpikeRates, CountSpikesAndNeuronsWithoutAny) {
  // Current 1.5: membranes 1.5* 2* 2.5* 3*; 0.75 1.5* 1.25* 1: (strict) not, so 2; -1.5: none.
  const auto rates = spike_rates(three_neurons(), torch::full({5, 1}, 1.5F));
  ASSERT_EQ(rates.size(), 1U);
  EXPECT_EQ(rates[0].node, "fc1.relu");
  EXPECT_DOUBLE_EQ(rates[0].rate, 6.0 / 12);
  EXPECT_DOUBLE_EQ(rates[0].silent, 1.0 / 3);
}

TEST(SpikeRates, AreMeansOverSamples) {
  // Of two samples one has a spike, its third neuron's at the fourth step: 0.3 0.6 0.9 1.2*.
  const auto rates = spike_rates(three_neurons(), torch::tensor({{0.0F}, {-0.3F}}));
  EXPECT_DOUBLE_EQ(rates[0].rate, 1.0 / 24);
  EXPECT_DOUBLE_EQ(rates[0].silent, 2.0 / 3);
}

TEST(SpikeRates, OfANetworkWithoutSpikesAreNone) {
  graph::TestGraph test({1});
  test.linear("output", {1, 1}, {1}, {0});
  EXPECT_TRUE(spike_rates(test.graph, torch::ones({2, 1})).empty());
}

TEST(SpikeRates, ObjectToSilentAndSaturatedNeurons) {
  EXPECT_TRUE(objections({{"a", 0.001, 0.5}, {"b", 0.95, 0}}).empty());
  EXPECT_THAT(objections({{"a", 0.0009, 0.9}, {"b", 0.2, 0}, {"c", 0.96, 0}}),
              testing::ElementsAre(testing::HasSubstr("'a' are all but silent"),
                                   testing::HasSubstr("'c' are saturated")));
}

}  // namespace
}  // namespace pare::compress
