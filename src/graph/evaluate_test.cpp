#include "graph/evaluate.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/check.h"
#include "graph/test_graphs.h"

namespace pare::graph {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

std::vector<double> outputs(const Graph& graph, const Shape& shape,
                            const std::vector<float>& inputs) {
  check(graph);
  return evaluate(graph, Tensor::from<float>(shape, inputs)).to_doubles();
}

TEST(Evaluate, MultipliesAndAdds) {
  TestGraph test({2});
  test.linear("fc", {3, 2}, {1, 2, 3, 4, 5, 6}, {0.5F, 0, -1});
  EXPECT_THAT(outputs(test.graph, {2, 2}, {1, 1, -1, 0}), ElementsAre(3.5, 7, 10, -0.5, -3, -6));
}

TEST(Evaluate, NormalisesByRunningStatistics) {
  TestGraph test({2});
  test.node("bn", BatchNorm{.gain = test.floats("bn.gain", Role::kGain, {2}, {2, 1}),
                            .shift = test.floats("bn.shift", Role::kShift, {2}, {1, 0}),
                            .mean = test.floats("bn.mean", Role::kMean, {2}, {3, 0}),
                            .variance = test.floats("bn.variance", Role::kVariance, {2}, {3, 0}),
                            .epsilon = 1});
  EXPECT_THAT(outputs(test.graph, {1, 2}, {5, -7}), ElementsAre(3, -7));
}

TEST(Evaluate, NormalisesByTheBatchWithoutStatistics) {
  TestGraph test({1});
  test.node("bn", BatchNorm{.epsilon = 1e-12});
  // Mean 2, biased variance 3.
  const auto found = outputs(test.graph, {4, 1}, {0, 1, 2, 5});
  EXPECT_THAT(found[3], DoubleNear(3 / std::sqrt(3.5), 1e-9));
  EXPECT_THAT(outputs(test.graph, {2, 1}, {0, 1})[1], DoubleNear(1, 1e-9));
}

TEST(Evaluate, CutsJoinsAndFlattens) {
  TestGraph test({2, 2});
  const WireId relu = test.node("relu", Relu{});
  test.node("drop", Dropout{0.9});
  test.node("join", Concat{}, {relu, test.last});
  test.node("flat", Flatten{});
  EXPECT_THAT(outputs(test.graph, {1, 2, 2}, {1, -2, 3, -4}), ElementsAre(1, 0, 3, 0, 1, 0, 3, 0));
}

TEST(Evaluate, PutsAxesInAnotherOrder) {
  TestGraph test({2, 3, 4});
  test.node("t", Transpose{{2, 0, 1}});
  std::vector<float> x(48);
  std::iota(x.begin(), x.end(), 0.0F);
  const auto y = outputs(test.graph, {2, 2, 3, 4}, x);
  ASSERT_EQ(y.size(), x.size());
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 2; ++j) {
        for (std::size_t k = 0; k < 3; ++k) {
          EXPECT_EQ(y[((n * 4 + i) * 2 + j) * 3 + k], x[((n * 2 + j) * 3 + k) * 4 + i]);
        }
      }
    }
  }
}

TEST(Evaluate, PutsAxesInAnotherOrderAtEachStep) {
  TestGraph test({2, 2});
  test.graph.inputs.front().time = Time::kEachStep;
  test.node("t", Transpose{{1, 0}});
  EXPECT_THAT(outputs(test.graph, {1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
              ElementsAre(1, 3, 2, 4, 5, 7, 6, 8));
}

TEST(Evaluate, DividesByVariancesAsTheyAreWithoutEpsilon) {
  TestGraph test({1});
  test.node("bn", BatchNorm{.mean = test.floats("bn.mean", Role::kMean, {1}, {1}),
                            .variance = test.floats("bn.variance", Role::kVariance, {1}, {4}),
                            .epsilon = 0});
  EXPECT_THAT(outputs(test.graph, {1, 1}, {7}), ElementsAre(3));
}

TEST(Evaluate, ConvolvesChannelsOfGroups) {
  TestGraph test({2, 2, 2});
  const auto weight = test.floats("conv.weight", Role::kWeight, {2, 1, 1, 2}, {1, 2, -1, 0.5});
  const auto bias = test.floats("conv.bias", Role::kBias, {2}, {0.25, -1});
  test.node("conv", Conv{weight, bias, {1, 1}, {0, 0, 0, 1}, {1, 1}, 2});
  // Behind the last column lies a zero.
  EXPECT_THAT(evaluate(test.graph, Tensor::from<float>({1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}))
                  .to_doubles(),
              ElementsAre(5.25, 2.25, 11.25, 4.25, -3, -7, -4, -9));
}

TEST(Evaluate, PoolsWindows) {
  const PoolWindow window{{2}, {2}, {1, 0}, {1}};
  const auto pooled = [&](Op op) {
    TestGraph test({1, 3});
    test.node("pool", std::move(op));
    return evaluate(test.graph, Tensor::from<float>({1, 1, 3}, {-3, 5, 1})).to_doubles();
  };
  EXPECT_THAT(pooled(MaxPool{window}), ElementsAre(-3, 5));
  EXPECT_THAT(pooled(SumPool{window}), ElementsAre(-3, 6));
  EXPECT_THAT(pooled(AveragePool{window}), ElementsAre(-1.5, 3));
  EXPECT_THAT(pooled(AveragePool{window, false}), ElementsAre(-3, 3));
  EXPECT_THAT(pooled(AveragePool{}), ElementsAre(1));
}

TEST(Evaluate, BendsAndCurves) {
  const auto at = [](Op op, float x) {
    TestGraph test({1});
    test.node("f", std::move(op));
    return evaluate(test.graph, Tensor::from<float>({1, 1}, {x})).to_doubles().front();
  };
  EXPECT_EQ(at(LeakyRelu{0.25}, -2), -0.5);
  EXPECT_EQ(at(LeakyRelu{0.25}, 2), 2);
  EXPECT_DOUBLE_EQ(at(Sigmoid{}, 1), 1 / (1 + std::exp(-1.0)));
  EXPECT_DOUBLE_EQ(at(Tanh{}, -1), std::tanh(-1.0));
}

TEST(Evaluate, LooksCodesUpInATable) {
  TestGraph test({4});
  test.node("q", Quantize{test.fixed("q", 2, true, 1)});  // codes -1, 0, 1 of step 1
  test.node("f", Table{test.floats("f.values", Role::kTable, {3}, {7, -2, 0.5})});
  check(test.graph);
  EXPECT_THAT(
      evaluate(test.graph, Tensor::from<float>({1, 4}, {-9, 0.2F, 0.7F, -0.6F})).to_doubles(),
      ElementsAre(7, -2, 0.5, 7));
}

TEST(Evaluate, TakesSoftmaxOverChannels) {
  TestGraph test({2, 2});
  test.node("softmax", Softmax{});
  const float ln3 = std::log(3.0F);
  const auto found = outputs(test.graph, {1, 2, 2}, {0, 1000, ln3, 1000});
  EXPECT_NEAR(found[0], 0.25, 1e-7);
  EXPECT_NEAR(found[1], 0.5, 1e-12);
  EXPECT_NEAR(found[2], 0.75, 1e-7);
}

// docs/methods/ps_and_qs.md, test T3: range 6, 4 bits.
TEST(Evaluate, RoundsWiresToTheirGrid) {
  TestGraph test({3});
  test.node("q", Quantize{test.fixed("q", 4, false, 6)});
  const auto found = outputs(test.graph, {1, 3}, {7, -1, 1});
  EXPECT_THAT(found, ElementsAre(6, 0, static_cast<double>(0.8F)));
}

TEST(Evaluate, RoundsBiasesToTheAccumulatorsGrid) {
  TestGraph test({1});
  test.node("q", Quantize{test.fixed("q", 4, false, 15)});
  test.linear("fc", {2, 1}, {1, -1}, {0.4F, 2.6F});
  test.quantize_layer("fc", 2);
  EXPECT_THAT(outputs(test.graph, {1, 1}, {3.2F}), ElementsAre(3, 0));
}

TEST(Evaluate, RepeatsWhatComesOnceAtEachStep) {
  TestGraph test({1});
  test.graph.inputs.front().time = Time::kEachStep;
  test.linear("fc", {1, 1}, {2}, {1});
  const auto found = evaluate(test.graph, Tensor::from<float>({2, 3, 1}, {0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(found.shape(), (Shape{2, 3, 1}));
  EXPECT_THAT(found.as<double>(), ElementsAre(1, 3, 5, 7, 9, 11));
}

TEST(Evaluate, TracesWires) {
  TestGraph test({2});
  test.linear("fc", {1, 2}, {1, -3}, {0});
  test.node("relu", Relu{});
  const std::vector<std::string> names = {"input", "fc"};
  const auto found = evaluate_traced(test.graph, Tensor::from<float>({1, 2}, {1, 1}), names);
  EXPECT_THAT(found.wires.at("fc").as<double>(), ElementsAre(-2));
  EXPECT_EQ(found.wires.at("input").shape(), (Shape{1, 2}));
  EXPECT_THAT(found.output.as<double>(), ElementsAre(0));
  const std::vector<std::string> unknown = {"fc9"};
  EXPECT_THROW(evaluate_traced(test.graph, Tensor(DType::kF32, {1, 2}), unknown), InputError);
}

TEST(Evaluate, TakesNoSamples) {
  TestGraph test({2});
  test.linear("fc", {3, 2}, {1, 2, 3, 4, 5, 6}, {0, 0, 0});
  EXPECT_EQ(evaluate(test.graph, Tensor(DType::kF32, {0, 2})).shape(), (Shape{0, 3}));
}

TEST(Evaluate, RefusesOtherShapes) {
  TestGraph test({2});
  EXPECT_THROW(evaluate(test.graph, Tensor(DType::kF32, {4, 3})), InputError);
  EXPECT_THROW(evaluate(test.graph, Tensor(DType::kF32, {2})), InputError);
}

TEST(MapInput, StandardisesEachChannelInDouble) {
  TestGraph test({2, 2});
  test.graph.inputs.front().mean = {1, 1e8};
  test.graph.inputs.front().scale = {2, 0.5};
  const auto raw = Tensor::from<double>({1, 2, 2}, {3, 1, 1e8 + 1, 1e8});
  EXPECT_THAT(map_input(test.graph, raw).as<float>(), ElementsAre(1, 0, 2, 0));
}

TEST(ApplyHead, ChoosesTheFirstLargest) {
  const auto values = Tensor::from<double>({2, 3}, {1, 5, 5, -1, -2, -3});
  const Tensor chosen = apply_head({HeadKind::kArgmax, {}}, values);
  EXPECT_THAT(chosen.as<std::int64_t>(), ElementsAre(1, 0));
  EXPECT_EQ(apply_head({HeadKind::kValues, {}}, values), values);
}

TEST(ApplyHead, MakesProbabilities) {
  const auto values = Tensor::from<float>({1, 2}, {0, std::log(3.0F)});
  const Tensor found = apply_head({HeadKind::kProbabilities, {}}, values);
  EXPECT_NEAR(found.as<double>()[1], 0.75, 1e-7);
  const Tensor one = apply_head({HeadKind::kProbabilities, {}}, Tensor::from<float>({1, 1}, {0}));
  EXPECT_EQ(one.as<double>()[0], 0.5);
}

}  // namespace
}  // namespace pare::graph
