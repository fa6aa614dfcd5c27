#include "graph/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "graph/check.h"
#include "graph/test_graphs.h"

namespace pare::graph {
namespace {

TEST(InsertAfter, StandsBetweenAWireAndItsReaders) {
  TestGraph test({2});
  const WireId input = test.last;
  test.node("a", Relu{});
  test.node("b", Relu{}, {input});
  const WireId output = insert_after(test.graph, input, "new", Dropout{});
  check(test.graph);
  EXPECT_EQ(test.graph.nodes.front().name, "new");
  EXPECT_EQ(find_node(test.graph, "a")->inputs.front(), output);
  EXPECT_EQ(find_node(test.graph, "b")->inputs.front(), output);
  EXPECT_EQ(find_node(test.graph, "new")->inputs.front(), input);
}

TEST(InsertAfter, MovesTheOutput) {
  TestGraph test({2});
  test.node("a", Relu{});
  EXPECT_EQ(insert_after(test.graph, test.last, "new", Dropout{}), test.graph.output);
  check(test.graph);
}

TEST(Bypass, UndoesAnInsertion) {
  TestGraph test({2});
  test.node("a", Relu{});
  const WireId middle = test.last;
  test.node("b", Relu{});
  const Graph before = test.graph;
  insert_after(test.graph, middle, "new", Quantize{test.fixed("new", 4, true, 1)});
  bypass(test.graph, "new");
  EXPECT_EQ(test.graph, before);
}

TEST(Bypass, WantsANodeOfOneInput) {
  TestGraph test({2});
  test.node("sum", Add{}, {test.last, test.last});
  EXPECT_THROW(bypass(test.graph, "sum"), InternalError);
  EXPECT_THROW(bypass(test.graph, "none"), InternalError);
}

TEST(PutParameter, ReplacesByName) {
  Graph graph;
  const auto first = put_parameter(graph, {.name = "a", .role = Role::kBias});
  EXPECT_EQ(put_parameter(graph, {.name = "a", .role = Role::kGain}), first);
  EXPECT_EQ(graph.parameters.size(), 1U);
  EXPECT_EQ(graph.parameter(first).role, Role::kGain);
}

TEST(Compact, DropsWhatNothingRefersTo) {
  TestGraph test({2});
  test.integer("unused.bits", Role::kBits, 3);
  test.floats("state", Role::kAuxiliary, {1}, {0});
  test.linear("fc", {2, 2}, {1, 2, 3, 4}, {0, 0});
  const auto bits = test.integer("fc.weight.bits", Role::kBits, 4);
  test.parameter("fc.weight").quantizer =
      Quantizer{.format = Uniform{bits}, .range_rule = RangeRule::kMaxAbs};
  add_wire(test.graph, "unused");
  compact(test.graph);
  std::vector<std::string> names;
  for (const Parameter& parameter : test.graph.parameters) names.push_back(parameter.name);
  EXPECT_THAT(names, testing::ElementsAre("state", "fc.weight", "fc.bias", "fc.weight.bits"));
  EXPECT_EQ(test.graph.wires.size(), 2U);
  check(test.graph);
}

RC_GTEST_PROP(Compact, LeavesWholeGraphsAlone, ()) {
  Graph graph = random_graph();
  compact(graph);
  const Graph once = graph;
  check(once);
  compact(graph);
  RC_ASSERT(graph == once);
}

}  // namespace
}  // namespace pare::graph
