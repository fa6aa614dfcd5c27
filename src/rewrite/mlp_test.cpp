#include "rewrite/mlp.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::rewrite {
namespace {

const std::vector<std::string> kClasses = {"g", "q", "w", "z", "t"};

std::vector<std::string> node_names(const graph::Graph& graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes) names.push_back(node.name);
  return names;
}

const Tensor& stored(const graph::Graph& graph, std::string_view name) {
  return graph.parameter(graph::find_parameter(graph, name).value()).stored;
}

TEST(Mlp, HasTheLayersOfItsRecipe) {
  const auto graph = mlp({.hidden = {64, 32}, .dropout = 0.1}, {16}, kClasses, 1);
  EXPECT_THAT(node_names(graph),
              testing::ElementsAre("fc1", "fc1.bn", "fc1.relu", "fc1.dropout", "fc2", "fc2.bn",
                                   "fc2.relu", "fc2.dropout", "output"));
  EXPECT_EQ(stored(graph, "fc1.weight").shape(), (Shape{64, 16}));
  EXPECT_EQ(stored(graph, "fc2.bn.gain").shape(), (Shape{32}));
  EXPECT_EQ(stored(graph, "output.weight").shape(), (Shape{5, 32}));
  EXPECT_EQ(graph.head.classes, kClasses);
  EXPECT_EQ(graph.inputs.front().shape, (Shape{16}));
}

// docs/methods/ps_and_qs.md, section 3.
TEST(Mlp, OfJetsHasThePublishedNumberOfParameters) {
  const auto graph = mlp({}, {16}, kClasses, 1);
  std::size_t weights = 0;
  std::size_t trainable = 0;
  for (const auto& parameter : graph.parameters) {
    if (parameter.role == graph::Role::kWeight) weights += parameter.stored.size();
    if (parameter.is_trainable) trainable += parameter.stored.size();
  }
  EXPECT_EQ(weights, 4256U);
  EXPECT_EQ(trainable, 4645U);
}

TEST(Mlp, FlattensSamplesOfMoreAxes) {
  const auto graph = mlp({.hidden = {4}}, {2, 3}, kClasses, 1);
  EXPECT_EQ(graph.nodes.front().name, "flatten");
  EXPECT_EQ(stored(graph, "fc1.weight").shape(), (Shape{4, 6}));
}

TEST(Mlp, HasTheBatchNormItIsAskedFor) {
  const auto has = [](recipe::BatchNormKind kind, std::string_view name) {
    const auto graph = mlp({.hidden = {4}, .batch_norm = kind}, {2}, kClasses, 1);
    return graph::find_parameter(graph, name).has_value();
  };
  using enum recipe::BatchNormKind;
  EXPECT_FALSE(has(kNone, "fc1.bn.gain"));
  EXPECT_FALSE(has(kNone, "fc1.bn.mean"));
  EXPECT_TRUE(has(kFull, "fc1.bn.gain"));
  EXPECT_TRUE(has(kFull, "fc1.bn.mean"));
  EXPECT_FALSE(has(kNoAffine, "fc1.bn.gain"));
  EXPECT_TRUE(has(kNoAffine, "fc1.bn.mean"));
  EXPECT_TRUE(has(kNoStatistics, "fc1.bn.gain"));
  EXPECT_FALSE(has(kNoStatistics, "fc1.bn.mean"));
}

TEST(Mlp, DrawsWeightsUniformlyWithinItsBound) {
  const auto graph = mlp({.hidden = {256}}, {64}, kClasses, 1);
  const auto weights = stored(graph, "fc1.weight").as<float>();
  const auto [lowest, highest] = std::minmax_element(weights.begin(), weights.end());
  EXPECT_GE(*lowest, -0.125F);
  EXPECT_LE(*highest, 0.125F);
  double sum = 0;
  double squares = 0;
  for (const float w : weights) {
    sum += w;
    squares += static_cast<double>(w) * w;
  }
  const double n = static_cast<double>(weights.size());
  EXPECT_NEAR(sum / n, 0, 0.003);
  EXPECT_NEAR(std::sqrt(squares / n), 0.125 / std::sqrt(3.0), 0.002);
}

TEST(Mlp, KeepsAParameterWhenALayerIsAdded) {
  const auto small = mlp({.hidden = {8}}, {4}, kClasses, 7);
  const auto large = mlp({.hidden = {8, 8}}, {4}, kClasses, 7);
  EXPECT_EQ(stored(small, "fc1.weight"), stored(large, "fc1.weight"));
  EXPECT_EQ(stored(small, "output.weight"), stored(large, "output.weight"));
  EXPECT_NE(stored(large, "fc2.weight").bytes()[0], std::byte{0});
}

TEST(Mlp, ChangesWithTheSeedAlone) {
  EXPECT_EQ(mlp({}, {16}, kClasses, 3), mlp({}, {16}, kClasses, 3));
  EXPECT_FALSE(mlp({}, {16}, kClasses, 3) == mlp({}, {16}, kClasses, 4));
}

TEST(Mlp, RefusesWhatHasNoElements) {
  EXPECT_THROW(mlp({}, {16}, {}, 1), InputError);
  EXPECT_THROW(mlp({}, {0}, kClasses, 1), InputError);
  EXPECT_THROW(mlp({.hidden = {64, 0}}, {16}, kClasses, 1), InputError);
}

}  // namespace
}  // namespace pare::rewrite
