#include "rewrite/rewind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/check.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::rewrite {
namespace {

using graph::Graph;

/// Every float moved, as training would.
Graph trained(Graph graph) {
  for (graph::Parameter& parameter : graph.parameters) {
    if (parameter.role == graph::Role::kAuxiliary || parameter.role == graph::Role::kBits) continue;
    for (float& x : parameter.stored.as<float>()) x = x * 0.5F + 0.125F;
  }
  return graph;
}

Graph small_mlp() { return mlp({.hidden = {8, 6}}, {4}, {"a", "b"}, 1); }

const graph::Parameter& parameter(const Graph& graph, const std::string& name) {
  return graph.parameter(find_parameter(graph, name).value());
}

// T2: a lottery ticket's weights are the initial ones under the mask, bit for bit.
TEST(Rewind, GivesTheInitialValuesUnderTheMask) {
  const Graph initial = small_mlp();
  const Graph before = trained(quantize(remember(initial), {}, 1));
  const Graph ticket = rewind(prune(before, {.sparsity = 0.5}));
  graph::check(ticket);
  int num_zeros = 0;
  for (const graph::Parameter& first : initial.parameters) {
    const graph::Parameter& now = parameter(ticket, first.name);
    for (std::size_t i = 0; i < first.stored.size(); ++i) {
      const bool is_pruned = now.mask && now.mask->as<std::uint8_t>()[i] == 0;
      num_zeros += is_pruned ? 1 : 0;
      ASSERT_EQ(now.stored.as<float>()[i], is_pruned ? 0 : first.stored.as<float>()[i])
          << first.name;
    }
  }
  EXPECT_EQ(num_zeros, (4 * 8 + 8 * 6 + 6 * 2) / 2);
  // What came after the moment keeps what it has learned.
  EXPECT_EQ(parameter(ticket, "fc1.activation.log_range").stored,
            parameter(before, "fc1.activation.log_range").stored);
}

TEST(Rewind, FineTuningGoesOnFromTheTrainedValues) {
  const Graph before = trained(remember(small_mlp()));
  const Graph tuned = prune(before, {.sparsity = 0.5});
  EXPECT_EQ(parameter(tuned, "fc1.bias").stored, parameter(before, "fc1.bias").stored);
  EXPECT_NE(parameter(tuned, "fc1.bias").stored, parameter(rewind(tuned), "fc1.bias").stored);
}

TEST(Rewind, RemembersAnotherGraphsValues) {
  const Graph initial = small_mlp();
  const Graph now = trained(initial);
  EXPECT_EQ(forget(rewind(remember(now, initial))), initial);
}

TEST(Rewind, ForgettingLeavesTheGraphAsItWas) {
  const Graph graph = quantize(small_mlp(), {}, 1);
  EXPECT_NE(remember(graph), graph);
  EXPECT_EQ(forget(remember(graph)), graph);
  EXPECT_EQ(remember(remember(graph)), remember(graph));
}

TEST(Rewind, NeedsSomethingToGoBackTo) { EXPECT_THROW(rewind(small_mlp()), InputError); }

}  // namespace
}  // namespace pare::rewrite
