#include "cost/json.h"

#include <gtest/gtest.h>

#include "cost/test_graphs.h"

namespace pare::cost {
namespace {

TEST(CostJson, HasLayersTotalAndAssumptions) {
  graph::Graph graph = jets_graph(6, 16);
  keep(graph, "fc2", 100);
  const nlohmann::json json = to_json(
      estimate(graph, {.input_bits = InputBits::kReal, .counting = AliveCounting::kRepository}));
  EXPECT_EQ(json["assumptions"]["input_bits"], "real");
  EXPECT_EQ(json["assumptions"]["counting"], "repository");
  ASSERT_EQ(json["layers"].size(), 4U);
  EXPECT_EQ(json["layers"][1]["layer"], "fc2");
  EXPECT_EQ(json["layers"][1]["weights"], 2048);
  EXPECT_EQ(json["layers"][1]["nonzero_weights"], 100);
  EXPECT_EQ(json["layers"][0]["input_bits"], 16);
  EXPECT_EQ(json["layers"][0]["bias_bits"], 32);
  EXPECT_EQ(json["total"]["parameters"], 4389);
  EXPECT_EQ(json["total"]["nonzero_weights"], 4256 - 1948);
  double bops = 0;
  for (const auto& layer : json["layers"]) bops += layer["bops"].get<double>();
  EXPECT_EQ(json["total"]["bops"].get<double>(), bops);
}

}  // namespace
}  // namespace pare::cost
