// The layers of the scenes' CNN, from the recipe, hold what its published lineage says: shapes,
// weights and multiply-accumulates, computed by hand from floor((D + 2 p - k) / s) + 1.

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "cost/estimate.h"
#include "graph/summary.h"
#include "recipe/recipe.h"
#include "rewrite/cnn.h"

namespace pare::cost {
namespace {

/// A row of the table: what a layer makes of a sample, and what it takes.
struct SceneLayer {
  std::string name;
  Shape shape;  ///< channels, depth, rows, columns
  std::int64_t weights;
  std::int64_t macs;
};

struct SceneNetwork {
  std::int64_t bands;
  std::size_t classes;
  std::vector<SceneLayer> layers;
  std::int64_t weights;
  std::int64_t macs;
};

void expect_table(const SceneNetwork& expected) {
  SCOPED_TRACE(expected.bands);
  const recipe::Recipe recipe =
      recipe::read(std::string(PARE_SOURCE_DIR) + "/recipes/salinas-a.toml");
  const graph::Graph graph =
      rewrite::network(recipe.model, {expected.bands, recipe.data.patch, recipe.data.patch},
                       std::vector<std::string>(expected.classes), 1);
  std::map<std::string, graph::NodeSummary> summaries;
  for (const graph::NodeSummary& summary : graph::summarise(graph)) {
    summaries[summary.name] = summary;
  }
  const Report report = estimate(graph);
  ASSERT_EQ(report.layers.size(), expected.layers.size());
  for (std::size_t i = 0; i < expected.layers.size(); ++i) {
    const SceneLayer& layer = expected.layers[i];
    EXPECT_EQ(report.layers[i].layer, layer.name);
    EXPECT_EQ(report.layers[i].macs, layer.macs) << layer.name;
    EXPECT_EQ(report.layers[i].weights.count, layer.weights) << layer.name;
    EXPECT_EQ(summaries.at(layer.name).shape, layer.shape) << layer.name;
    EXPECT_EQ(summaries.at(layer.name).weights, layer.weights) << layer.name;
  }
  EXPECT_EQ(report.total.weights, expected.weights);
  EXPECT_EQ(report.total.biases, 0);
  EXPECT_EQ(report.total.macs, expected.macs);
}

TEST(SceneNetwork, Of200BandsAnd16Classes) {
  expect_table({.bands = 200,
                .classes = 16,
                .layers = {{"conv1", {20, 198, 3, 3}, 540, 962'280},
                           {"conv2", {40, 99, 3, 3}, 2'400, 2'138'400},
                           {"conv3", {84, 99, 1, 1}, 90'720, 8'981'280},
                           {"conv4", {84, 50, 1, 1}, 21'168, 1'058'400},
                           {"conv5", {84, 50, 1, 1}, 21'168, 1'058'400},
                           {"conv6", {84, 26, 1, 1}, 14'112, 366'912},
                           {"output", {16}, 34'944, 34'944}},
                .weights = 185'052,
                .macs = 14'600'616});
}

// Depths 101, 51, 51, 26, 26 and 14. MACs: 20 27 9 101, 40 60 9 51, 84 1080 51, 84 252 26 (twice),
// 84 168 14 and 9 84 14.
TEST(SceneNetwork, Of103BandsAnd9Classes) {
  expect_table({.bands = 103,
                .classes = 9,
                .layers = {{"conv1", {20, 101, 3, 3}, 540, 490'860},
                           {"conv2", {40, 51, 3, 3}, 2'400, 1'101'600},
                           {"conv3", {84, 51, 1, 1}, 90'720, 4'626'720},
                           {"conv4", {84, 26, 1, 1}, 21'168, 550'368},
                           {"conv5", {84, 26, 1, 1}, 21'168, 550'368},
                           {"conv6", {84, 14, 1, 1}, 14'112, 197'568},
                           {"output", {9}, 10'584, 10'584}},
                .weights = 160'692,
                .macs = 7'528'068});
}

// Depths 202, 101, 101, 51, 51 and 26.
TEST(SceneNetwork, Of204BandsAnd16Classes) {
  expect_table({.bands = 204,
                .classes = 16,
                .layers = {{"conv1", {20, 202, 3, 3}, 540, 981'720},
                           {"conv2", {40, 101, 3, 3}, 2'400, 2'181'600},
                           {"conv3", {84, 101, 1, 1}, 90'720, 9'162'720},
                           {"conv4", {84, 51, 1, 1}, 21'168, 1'079'568},
                           {"conv5", {84, 51, 1, 1}, 21'168, 1'079'568},
                           {"conv6", {84, 26, 1, 1}, 14'112, 366'912},
                           {"output", {16}, 34'944, 34'944}},
                .weights = 185'052,
                .macs = 14'887'032});
}

}  // namespace
}  // namespace pare::cost
