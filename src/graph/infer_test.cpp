#include "graph/infer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "graph/check.h"
#include "graph/evaluate.h"
#include "graph/quantize.h"
#include "graph/test_graphs.h"

namespace pare::graph {
namespace {

using testing::ElementsAre;

const WireInfo& info(const Graph& graph, const std::vector<WireInfo>& wires,
                     std::string_view name) {
  return wires.at(find_wire(graph, name).value().value);
}

TEST(InferShapes, FollowsTheOps) {
  TestGraph test({2, 3});
  const WireId flat = test.node("flat", Flatten{});
  test.linear("fc", {4, 6}, std::vector<float>(24, 1), {0, 0, 0, 0});
  test.node("both", Concat{}, {flat, test.last});
  test.node("twice", Add{}, {test.last, test.last});
  const auto wires = infer_shapes(test.graph);
  EXPECT_EQ(info(test.graph, wires, "flat").shape, (Shape{6}));
  EXPECT_EQ(info(test.graph, wires, "fc").shape, (Shape{4}));
  EXPECT_EQ(info(test.graph, wires, "twice").shape, (Shape{10}));
}

TEST(InferShapes, AppliesLinearToTheLastAxis) {
  TestGraph test({5, 2});
  test.linear("fc", {3, 2}, std::vector<float>(6, 1), {0, 0, 0});
  EXPECT_EQ(infer_shapes(test.graph).at(test.last.value).shape, (Shape{5, 3}));
}

TEST(InferShapes, WritesCirculantsOut) {
  TestGraph test({4});
  test.linear("fc", {3, 2, 2}, std::vector<float>(12, 1), {0, 0, 0});
  test.parameter("fc.weight").structure = BlockCirculant{2};
  test.parameter("fc.bias").stored = Tensor(DType::kF32, {6});
  EXPECT_EQ(infer_shapes(test.graph).at(test.last.value).shape, (Shape{6}));
}

TEST(InferShapes, SpreadsStepsThroughAdds) {
  TestGraph test({2});
  const WireId once = test.last;
  const WireId steps = add_wire(test.graph, "steps");
  test.graph.inputs.push_back({.wire = steps, .shape = {2}, .time = Time::kEachStep});
  test.node("sum", Add{}, {once, steps});
  test.node("relu", Relu{});
  const auto wires = infer_shapes(test.graph);
  EXPECT_EQ(wires.at(test.last.value).time, Time::kEachStep);
  EXPECT_EQ(wires.at(once.value).time, Time::kOnce);
}

TEST(InferShapes, FollowsWindows) {
  TestGraph test({4, 9, 7});
  const auto weight =
      test.floats("conv.weight", Role::kWeight, {6, 2, 3, 3}, std::vector<float>(108, 1));
  test.node("conv", Conv{weight, std::nullopt, {2, 1}, {1, 1, 1, 1}, {1, 1}, 2});
  const WireId conv = test.last;
  test.node("pool", MaxPool{{{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}}});
  const WireId pool = test.last;
  test.node("all", AveragePool{});
  const auto wires = infer_shapes(test.graph);
  EXPECT_EQ(wires.at(conv.value).shape, (Shape{6, 5, 7}));
  EXPECT_EQ(wires.at(pool.value).shape, (Shape{6, 2, 3}));
  EXPECT_EQ(wires.at(test.last.value).shape, (Shape{6, 1, 1}));
}

TEST(InferShapes, RefusesConvolutionsThatDoNotFit) {
  const auto message = [](const Shape& weights, std::int64_t groups, const Shape& padding) {
    TestGraph test({4, 3, 3});
    const auto weight =
        test.floats("conv.weight", Role::kWeight, weights,
                    std::vector<float>(static_cast<std::size_t>(num_elements(weights)), 1));
    test.node("conv", Conv{weight, std::nullopt, {1, 1}, padding, {1, 1}, groups});
    try {
      infer_shapes(test.graph);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message({2, 4, 3, 3}, 1, {0, 0, 0, 0}), "no error");
  EXPECT_THAT(message({2, 3, 3, 3}, 1, {0, 0, 0, 0}), testing::HasSubstr("layer 1 'conv': weight"));
  EXPECT_THAT(message({2, 4, 3}, 1, {0, 0, 0, 0}), testing::HasSubstr("weight [2, 4, 3]"));
  EXPECT_THAT(message({3, 2, 3, 3}, 2, {0, 0, 0, 0}), testing::HasSubstr("multiples of groups"));
  EXPECT_THAT(message({2, 4, 3, 3}, 0, {0, 0, 0, 0}), testing::HasSubstr("0 groups"));
  EXPECT_THAT(message({2, 4, 5, 3}, 1, {0, 0, 1, 0}), testing::HasSubstr("does not fit"));
}

TEST(InferShapes, PutsAxesInAnotherOrder) {
  const auto message = [](const Shape& order) {
    TestGraph test({2, 3, 4});
    test.node("t", Transpose{order});
    try {
      return to_string(infer_shapes(test.graph).at(test.last.value).shape);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(message({1, 2, 0}), "[3, 4, 2]");
  EXPECT_EQ(message({1, 0}),
            "node 't': order [1, 0] but input [2, 3, 4]: expected each axis from 0 to 2 once");
  EXPECT_THAT(message({1, 2, 2}), testing::HasSubstr("order [1, 2, 2]"));
  EXPECT_THAT(message({1, 2, 3}), testing::HasSubstr("order [1, 2, 3]"));
}

TEST(Infer, KeepsStepsOfChannelsWhereTheyStayFirst) {
  const auto steps_behind = [](const Shape& ranges, const Shape& order) {
    TestGraph test({2, 2, 3});
    const auto quantizer = test.fixed("q", 3, true, 3);
    test.parameter("q.range").stored = Tensor::from<float>(
        ranges, std::vector<float>(static_cast<std::size_t>(num_elements(ranges)), 3));
    test.node("q", Quantize{quantizer});
    test.node("t", Transpose{order});
    check(test.graph);
    const auto grid = infer(test.graph).at(test.last.value).grid;
    return grid ? grid->step.size() : 0;
  };
  EXPECT_EQ(steps_behind({}, {1, 0, 2}), 1U);
  EXPECT_EQ(steps_behind({2}, {0, 2, 1}), 2U);
  EXPECT_EQ(steps_behind({2}, {1, 0, 2}), 0U);
  EXPECT_EQ(steps_behind({12}, {0, 2, 1}), 0U);
}

TEST(Infer, KeepsGridsThroughPools) {
  TestGraph test({1, 4});
  test.node("q", Quantize{test.fixed("q", 3, true, 3)});  // codes -3 … 3 of step 1
  test.node("max", MaxPool{{{2}, {1}, {0, 0}, {1}}});
  const WireId largest = test.last;
  test.node("sum", SumPool{{{3}, {1}, {1, 1}, {1}}});
  const WireId sum = test.last;
  test.node("mean", AveragePool{{{2}, {1}, {0, 0}, {1}}});
  const auto wires = infer(test.graph);
  EXPECT_EQ(wires.at(largest.value).grid, (Grid{{1}, 0, -3, 3}));
  EXPECT_EQ(wires.at(sum.value).grid, (Grid{{1}, 0, -9, 9}));
  EXPECT_EQ(wires.at(test.last.value).grid, (Grid{{0.5}, 0, -18, 18}));
}

TEST(Infer, GivesALinearNodeTheHullOfItsPartialSums) {
  TestGraph test({2});
  test.node("q", Quantize{test.fixed("q", 3, false, 7)});  // codes 0 … 7, step 1
  // Weights are their own codes: 2 bits narrow would be -1 … 1, 3 bits -3 … 3 with step 1.
  test.linear("fc", {2, 2}, {3, -1, -2, 0}, {5, -4});
  test.quantize_layer("fc", 3);
  test.node("relu", Relu{});
  check(test.graph);
  const auto wires = infer(test.graph);
  const auto& sums = info(test.graph, wires, "fc").grid.value();
  EXPECT_THAT(sums.step, ElementsAre(1.0));
  EXPECT_EQ(sums.highest, 3 * 7 + 5);
  EXPECT_EQ(sums.lowest, -2 * 7 - 4);
  const auto& cut = info(test.graph, wires, "relu").grid.value();
  EXPECT_EQ(cut.lowest, 0);
  EXPECT_EQ(cut.highest, 26);
  EXPECT_FALSE(info(test.graph, wires, "input").grid.has_value());
  EXPECT_THAT(accumulator_steps(test.graph, test.graph.nodes[1], wires), ElementsAre(1.0F));
}

TEST(Infer, LosesTheGridWhereNumbersAreReal) {
  TestGraph test({2});
  test.node("q", Quantize{test.fixed("q", 3, false, 7)});
  const WireId codes = test.last;
  test.linear("fc", {2, 2}, {3, -1, -2, 0}, {5, -4});
  EXPECT_FALSE(infer(test.graph).at(test.last.value).grid.has_value());
  test.node("bn", BatchNorm{}, {codes});
  EXPECT_FALSE(infer(test.graph).at(test.last.value).grid.has_value());
  test.node("other", Quantize{test.fixed("other", 3, false, 6)}, {codes});
  test.node("unequal", Add{}, {codes, test.last});
  EXPECT_FALSE(infer(test.graph).at(test.last.value).grid.has_value());
  test.node("equal", Add{}, {codes, codes});
  EXPECT_EQ(infer(test.graph).at(test.last.value).grid->highest, 14);
}

TEST(Infer, RefusesSumsOfMoreThan63Bits) {
  TestGraph test({1});
  test.node("q", Quantize{test.fixed("q", 32, false, 1)});
  test.linear("fc", {1, 4}, {1, 1, 1, 1}, {0});
  test.graph.inputs.front().shape = {4};
  test.quantize_layer("fc", 32);
  try {
    infer(test.graph);
    FAIL() << "4 * 2^31 * 2^32 was taken";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("layer 1 'fc'"));
  }
}

// Values on a wire with a grid are codes of that grid, within the hull.
RC_GTEST_PROP(Infer, BoundsWhatEvaluationFinds, ()) {
  TestGraph test({3});
  const int bits = *rc::gen::inRange(1, 7);
  const auto value = [] { return static_cast<float>(*rc::gen::inRange(-64, 65)) / 16; };
  const auto values = [&](std::size_t n) {
    std::vector<float> list(n);
    for (float& x : list) x = value();
    return list;
  };
  auto input = test.fixed("q", bits, *rc::gen::element(true, false), 2);
  input.step = StepRule::kPow2;
  test.node("q", Quantize{input});
  test.linear("fc", {2, 3}, values(6), values(2));
  test.quantize_layer("fc", *rc::gen::inRange(1, 7));
  test.parameter("fc.weight").quantizer->step = StepRule::kPow2;
  test.node("relu", Relu{});
  test.node("twice", Add{}, {test.last, test.last});
  check(test.graph);
  const auto wires = infer(test.graph);
  const std::vector<std::string> names = {"q", "fc", "relu", "twice"};
  const auto found = evaluate_traced(test.graph, Tensor::from<float>({4, 3}, values(12)), names);
  for (const std::string& name : names) {
    const Grid& grid = info(test.graph, wires, name).grid.value();
    for (const double x : found.wires.at(name).to_doubles()) {
      const double code = x / grid.step.front();
      RC_ASSERT(code == std::trunc(code));
      RC_ASSERT(code >= static_cast<double>(grid.lowest));
      RC_ASSERT(code <= static_cast<double>(grid.highest));
    }
  }
}

}  // namespace
}  // namespace pare::graph
