#include "graph/print.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "graph/summary.h"
#include "graph/test_graphs.h"

namespace pare::graph {
namespace {

TEST(Print, HasOneLineANode) {
  TestGraph test({2});
  test.node("q", Quantize{test.fixed("q", 8, true, 4)});
  test.linear("fc1", {3, 2}, {1, 2, 3, 4, 5, -31}, {0, 0, 0});
  test.quantize_layer("fc1", 6);
  test.parameter("fc1.weight").mask = Tensor::from<std::uint8_t>({3, 2}, {1, 0, 1, 0, 1, 1});
  test.node("relu", Relu{});
  test.linear("out", {2, 3}, {1, 2, 3, 4, 5, 6}, {0, 0});
  test.graph.inputs.front().units = "GeV";
  test.graph.head = {HeadKind::kArgmax, {"g", "q"}};
  EXPECT_EQ(print(test.graph),
            "graph test\n"
            "input input f32 [2] in GeV\n"
            "q = quantize(input) : [2] s8 step 0.0315; s8 narrow, fixed, float step\n"
            "fc1 = linear(q) : [3] s14 step 0.0315; s6 narrow, max_abs, float step; 9 parameters; "
            "4 of 6 weights alive\n"
            "relu = relu(fc1) : [3] u13 step 0.0315\n"
            "out = linear(relu) : [2] real; float; 8 parameters\n"
            "output out, argmax of g, q\n");
}

RC_GTEST_PROP(Print, TakesEveryGraph, ()) {
  const Graph graph = random_graph();
  const std::string text = print(graph);
  const auto lines = std::count(text.begin(), text.end(), '\n');
  RC_ASSERT(static_cast<std::size_t>(lines) == graph.nodes.size() + 3);
}

TEST(BitsOf, HoldEveryCode) {
  const auto bits = [](std::int64_t lowest, std::int64_t highest) {
    return bits_of({.step = {1}, .lowest = lowest, .highest = highest});
  };
  EXPECT_EQ(bits(0, 63), 6);
  EXPECT_EQ(bits(0, 64), 7);
  EXPECT_EQ(bits(-32, 31), 6);
  EXPECT_EQ(bits(-33, 31), 7);
  EXPECT_EQ(bits(-1, 32), 7);
  EXPECT_EQ(bits(0, 0), 1);
  EXPECT_EQ(bits(-5, -1), 4);
}

TEST(Summarise, CountsSharedParametersOnce) {
  TestGraph test({2});
  const auto weight = test.floats("w", Role::kWeight, {2, 2}, {1, 2, 3, 4});
  test.node("a", Linear{weight});
  test.node("b", Linear{weight});
  const auto found = summarise(test.graph);
  EXPECT_EQ(found[0].weights, 4);
  EXPECT_EQ(found[1].weights, 0);
}

}  // namespace
}  // namespace pare::graph
