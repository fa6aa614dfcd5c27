#include "train/imported_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/test_graphs.h"
#include "model/model.h"

namespace pare::train {
namespace {

/// A network of two features and one class, whose input is (x - 1) / 2, in a file.
std::string saved_network() {
  graph::TestGraph test({2});
  test.linear("output", {1, 2}, {1, 1}, {0});
  test.graph.inputs.front().mean = {1, 1};
  test.graph.inputs.front().scale = {2, 2};
  const std::string path = testing::TempDir() + "imported_graph_test.pare";
  model::save(path, {.graph = test.graph});
  return path;
}

data::Dataset two_features() {
  data::Dataset set;
  set.train.inputs = Tensor::from<float>({1, 2}, std::vector<float>{1, 2});
  set.classes = {"only"};
  return set;
}

TEST(ImportedGraph, KeepsItsOwnStandardisation) {
  recipe::Recipe recipe;
  recipe.model.import = saved_network();
  const graph::Graph graph = imported_graph(recipe, two_features());
  EXPECT_EQ(graph.inputs.front().mean, (std::vector<double>{1, 1}));
  EXPECT_EQ(graph.inputs.front().scale, (std::vector<double>{2, 2}));
}

TEST(ImportedGraph, IsNotStandardisedTwice) {
  recipe::Recipe recipe;
  recipe.model.import = saved_network();
  data::Dataset set = two_features();
  set.standardisation = {.mean = {0.5, 0.5}, .scale = {1, 1}};
  try {
    imported_graph(recipe, set);
    FAIL() << "not refused";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("data.standardise = \"none\""));
    EXPECT_THAT(error.what(), testing::HasSubstr("imported_graph_test.pare"));
  }
}

}  // namespace
}  // namespace pare::train
