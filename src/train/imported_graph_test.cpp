#include "train/imported_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "graph/test_graphs.h"
#include "model/model.h"

namespace pare::train {
namespace {

/// A network of two features and one class, whose input is (x - 1) / 2.
void save_network(const std::string& path) {
  graph::TestGraph test({2});
  test.linear("output", {1, 2}, {1, 1}, {0});
  test.graph.inputs.front().mean = {1, 1};
  test.graph.inputs.front().scale = {2, 2};
  model::save(path, {.graph = test.graph});
}

ImportData two_features() {
  return {.sample_shape = {2}, .standardisation = {}, .classes = {"only"}};
}

TEST(ImportedGraph, KeepsItsOwnStandardisation) {
  const TemporaryFolder folder;
  recipe::Recipe recipe;
  recipe.model.import = folder / "network.pare";
  save_network(recipe.model.import);
  const graph::Graph graph = imported_graph(recipe, two_features());
  EXPECT_EQ(graph.inputs.front().mean, (std::vector<double>{1, 1}));
  EXPECT_EQ(graph.inputs.front().scale, (std::vector<double>{2, 2}));
}

TEST(ImportedGraph, IsNotStandardisedTwice) {
  const TemporaryFolder folder;
  recipe::Recipe recipe;
  recipe.model.import = folder / "network.pare";
  save_network(recipe.model.import);
  ImportData set = two_features();
  set.standardisation = {.mean = {0.5, 0.5}, .scale = {1, 1}};
  try {
    imported_graph(recipe, set);
    FAIL() << "not refused";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("data.standardise = \"none\""));
    EXPECT_THAT(error.what(), testing::HasSubstr("network.pare"));
  }
}

}  // namespace
}  // namespace pare::train
