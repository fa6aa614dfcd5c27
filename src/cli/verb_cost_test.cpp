#include "cli/verb_cost.h"

#include <gmock/gmock.h>

#include "cost/test_graphs.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;

TEST(RenderCost, ShowsLayersTotalAndSize) {
  const std::string text = render_cost(cost::estimate(cost::jets_graph(6, 16)));
  EXPECT_THAT(text, HasSubstr("fc1      16 x 64          32            6"));
  EXPECT_THAT(text, HasSubstr("110 592\n"));
  EXPECT_THAT(text, HasSubstr("412 960\n"));
  EXPECT_THAT(text, HasSubstr("4 256 weights and 133 biases, 29 792 bits"));
  EXPECT_THAT(text, HasSubstr("Batch norm: 64 float"));
}

TEST(RenderCost, ShowsWhatPruningLeft) {
  graph::Graph graph = cost::jets_graph(6, 16);
  cost::keep(graph, "fc2", 1000);
  const std::string text = render_cost(cost::estimate(graph));
  EXPECT_THAT(text, HasSubstr("2 048     1 000"));
  EXPECT_THAT(text, HasSubstr("Weights pruned: 24.6 %"));
}

TEST(RenderCost, SaysHowItCounted) {
  const graph::Graph graph = cost::jets_graph(6, 16);
  const std::string usual = render_cost(cost::estimate(graph));
  EXPECT_THAT(usual, HasSubstr("input counts 32 bits"));
  EXPECT_THAT(usual, HasSubstr("alive = non-zero weights / weights"));
  const std::string other = render_cost(cost::estimate(
      graph, {.input_bits = cost::InputBits::kReal, .counting = cost::AliveCounting::kRepository}));
  EXPECT_THAT(other, HasSubstr("input counts the bits of its quantizer"));
  EXPECT_THAT(other, HasSubstr("weights and biases / weights and biases"));
}

}  // namespace
}  // namespace pare::cli
