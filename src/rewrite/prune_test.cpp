#include "rewrite/prune.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rewrite/mlp.h"

namespace pare::rewrite {
namespace {

const std::vector<std::string> kClasses = {"g", "q", "w", "z", "t"};

graph::Graph jets_mlp() { return mlp({}, {16}, kClasses, 1); }

graph::Parameter& weight(graph::Graph& graph, const std::string& layer) {
  return graph.parameter(graph::find_parameter(graph, layer + ".weight").value());
}

std::vector<std::uint8_t> mask(graph::Graph& graph, const std::string& layer) {
  const auto& mask = weight(graph, layer).mask.value();
  return {mask.as<std::uint8_t>().begin(), mask.as<std::uint8_t>().end()};
}

/// Two layers, 2 -> 3 -> 2, with weights given by hand.
graph::Graph small_mlp() {
  auto graph = mlp({.hidden = {3}}, {2}, {"a", "b"}, 1);
  weight(graph, "fc1").stored = Tensor::from<float>({3, 2}, {1, -2, 3, -4, 5, -6});
  weight(graph, "output").stored = Tensor::from<float>({2, 3}, {0.1F, -0.2F, 0.3F, 10, 20, -0.2F});
  return graph;
}

// docs/methods/ps_and_qs.md, section 6 and test T2.
TEST(Prune, FollowsThePublishedSchedule) {
  const std::vector<double> fractions = {.10, .111, .125, .143, .166, .20,
                                         .25, .333, .50,  .666, .666};
  const std::vector<std::int64_t> alive = {3830, 3405, 2979, 2553, 2129, 1703,
                                           1277, 852,  426,  142,  47};
  auto graph = jets_mlp();
  EXPECT_EQ(count_weights(graph).alive, 4256);
  for (std::size_t i = 0; i < fractions.size(); ++i) {
    const auto next = prune(graph, {.fractions = {fractions[i]}});
    EXPECT_EQ(count_weights(next).alive, alive[i]);
    EXPECT_EQ(count_weights(next).all, 4256);
    for (std::size_t p = 0; p < graph.parameters.size(); ++p) {
      if (!graph.parameters[p].mask) continue;
      const auto before = graph.parameters[p].mask->as<std::uint8_t>();
      const auto after = next.parameters[p].mask->as<std::uint8_t>();
      for (std::size_t e = 0; e < before.size(); ++e) ASSERT_LE(after[e], before[e]);
    }
    graph = next;
  }
}

TEST(Prune, RemovesTheSmallestOfAllLayers) {
  auto pruned = prune(small_mlp(), {.fractions = {0.5}});
  EXPECT_THAT(mask(pruned, "fc1"), testing::ElementsAre(0, 0, 1, 1, 1, 1));
  EXPECT_THAT(mask(pruned, "output"), testing::ElementsAre(0, 0, 0, 1, 1, 0));
  EXPECT_THAT(weight(pruned, "fc1").stored.as<float>(), testing::ElementsAre(0, 0, 3, -4, 5, -6));
}

TEST(Prune, CountsInEachLayerIfAsked) {
  auto pruned = prune(small_mlp(), {.scope = recipe::PruneScope::kLayer, .fractions = {0.5}});
  EXPECT_THAT(mask(pruned, "fc1"), testing::ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(mask(pruned, "output"), testing::ElementsAre(0, 0, 1, 1, 1, 0));
}

TEST(Prune, BreaksTiesByIndex) {
  auto graph = small_mlp();
  weight(graph, "fc1").stored = Tensor::from<float>({3, 2}, {1, -1, 1, -1, 1, -1});
  auto pruned = prune(graph, {.fractions = {1.0 / 3}, .exclude = {"output"}});
  EXPECT_THAT(mask(pruned, "fc1"), testing::ElementsAre(0, 0, 1, 1, 1, 1));
  EXPECT_FALSE(weight(pruned, "output").mask.has_value());
}

TEST(Prune, ReachesASparsity) {
  const auto once = prune(jets_mlp(), {.sparsity = 0.8});
  EXPECT_EQ(count_weights(once).alive, 851);
  EXPECT_EQ(prune(once, {.sparsity = 0.8}), once);
  EXPECT_EQ(count_weights(prune(once, {.sparsity = 1})).alive, 0);
  EXPECT_THROW(prune(once, {.sparsity = 0.5}), InputError);
}

TEST(Prune, NeverTouchesPrunedWeightsAgain) {
  // What a mask has removed does not count as the smallest weight.
  auto graph = prune(small_mlp(), {.fractions = {0.25}});
  graph = prune(graph, {.fractions = {1.0 / 9}});
  EXPECT_EQ(count_weights(graph).alive, 8);
}

TEST(Prune, RefusesWhatItCannotDo) {
  EXPECT_THROW(prune(jets_mlp(), {.fractions = {1.5}}), InputError);
  EXPECT_THROW(prune(jets_mlp(), {.fractions = {0.5}, .exclude = {"fc1", "conv*"}}), InputError);
  EXPECT_THROW(prune(jets_mlp(), {.fractions = {0.5}, .exclude = {"*"}}), InputError);
  auto graph = jets_mlp();
  weight(graph, "fc2").stored.as<float>()[7] = std::numeric_limits<float>::quiet_NaN();
  try {
    prune(graph, {.fractions = {0.5}});
    FAIL() << "a NaN was ranked";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("fc2.weight[7]"));
  }
}

}  // namespace
}  // namespace pare::rewrite
