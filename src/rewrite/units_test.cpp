#include "rewrite/units.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/philox.h"
#include "graph/check.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "graph/test_graphs.h"
#include "rewrite/cnn.h"
#include "rewrite/prune_units.h"
#include "rewrite/quantize.h"
#include "rewrite/rewind.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::Role;
using graph::TestGraph;
using testing::HasSubstr;

class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : philox_(seed, RandomStream::kSynthetic) {}
  std::int64_t below(std::uint64_t n) {
    return static_cast<std::int64_t>(philox_.below(next_++, n));
  }
  float real() { return static_cast<float>(below(2001) - 1000) / 256; }

 private:
  Philox philox_;
  std::uint64_t next_ = 0;
};

Tensor random_tensor(const Shape& shape, Numbers& numbers) {
  Tensor tensor(DType::kF32, shape);
  for (float& x : tensor.as<float>()) x = numbers.real();
  return tensor;
}

/// conv1 -> depthwise -> + conv1's own branch (a residual) -> concat with a third -> pool ->
/// linear.
Graph residual_net(std::uint64_t seed, bool is_quantized) {
  Numbers numbers(seed);
  TestGraph test({2, 6, 6});
  const auto conv = [&](const std::string& name, std::int64_t m, std::int64_t c,
                        std::int64_t groups) {
    const auto weight = add_parameter(test.graph, {.name = name + ".weight",
                                                   .role = Role::kWeight,
                                                   .stored = random_tensor({m, c, 3, 3}, numbers)});
    const auto bias = add_parameter(
        test.graph,
        {.name = name + ".bias", .role = Role::kBias, .stored = random_tensor({m}, numbers)});
    return test.node(name, graph::Conv{weight, bias, {1, 1}, {1, 1, 1, 1}, {1, 1}, groups});
  };
  const auto norm = [&](const std::string& name, std::int64_t m) {
    const auto of = [&](const std::string& part, Role role) {
      Tensor values = random_tensor({m}, numbers);
      if (role == Role::kVariance) {
        for (float& x : values.as<float>()) x = x * x + 1;
      }
      return add_parameter(test.graph, {.name = name + part, .role = role, .stored = values});
    };
    test.node(name, graph::BatchNorm{of(".gain", Role::kGain), of(".shift", Role::kShift),
                                     of(".mean", Role::kMean), of(".variance", Role::kVariance)});
    return test.node(name + ".relu", graph::Relu{});
  };
  conv("stem", 6, 2, 1);
  const auto stem = norm("stem.bn", 6);
  conv("deep", 6, 1, 6);
  norm("deep.bn", 6);
  const auto body = conv("body", 6, 6, 1);
  test.node("sum", graph::Add{}, {stem, body});
  const auto sum = test.node("sum.relu", graph::Relu{});
  test.last = stem;
  const auto side = conv("side", 4, 6, 1);
  test.node("both", graph::Concat{}, {sum, side});
  test.node("pool", graph::MaxPool{{{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}}});
  test.node("flat", graph::Flatten{});
  const auto weight = add_parameter(
      test.graph,
      {.name = "out.weight", .role = Role::kWeight, .stored = random_tensor({3, 90}, numbers)});
  const auto bias = add_parameter(
      test.graph, {.name = "out.bias", .role = Role::kBias, .stored = random_tensor({3}, numbers)});
  test.node("out", graph::Linear{weight, bias});
  if (!is_quantized) return test.graph;
  return quantize(test.graph, {.weight_granularity = recipe::Granularity::kChannel}, 4);
}

std::size_t num_values(const Graph& graph) {
  std::size_t count = 0;
  for (const graph::Parameter& parameter : graph.parameters) count += parameter.stored.size();
  return count;
}

TEST(Units, AreThoseOfLayersButTheLast) {
  recipe::Model model{.kind = recipe::ModelKind::kCnn};
  model.convolutions = {{.channels = 5, .pool = recipe::Pool::kMax}, {.channels = 3}};
  model.hidden = {4};
  const Graph graph = cnn(model, {1, 8, 8}, {"a", "b"}, 1);
  const auto units = units_of(graph);
  ASSERT_EQ(units.size(), 5U + 3U + 4U);
  // Weight, bias and the four of batch norm make a filter; the next weight's column reads it.
  EXPECT_EQ(units[0].made_by.size(), 6U);
  EXPECT_EQ(units[0].read_by.size(), 1U);
  // Behind the flatten each of 4 x 4 positions has a column.
  EXPECT_EQ(units[5].read_by.size(), 16U);
}

TEST(Units, JoinResidualsAndDepthwiseConvolutions) {
  const auto units = units_of(residual_net(1, false));
  // stem, deep and body are one; side has its own.
  ASSERT_EQ(units.size(), 6U + 4U);
  EXPECT_EQ(units[0].made_by.size(), 3U * 2U + 2U * 4U);
}

TEST(Units, PassATransposeThatLeavesTheChannelsFirst) {
  const auto num_units = [](const Shape& order) {
    TestGraph test({2, 4, 4});
    const auto weight = test.floats("conv.weight", Role::kWeight, {3, 2, 1, 1}, {1, 2, 3, 4, 5, 6});
    test.node("conv", graph::Conv{weight, std::nullopt, {1, 1}, {0, 0, 0, 0}, {1, 1}});
    test.node("moved", graph::Transpose{order});
    test.node("flat", graph::Flatten{});
    test.linear("out", {1, 48}, std::vector<float>(48, 1), {0});
    check(test.graph);
    const auto units = units_of(test.graph);
    if (!units.empty()) {
      EXPECT_EQ(units[1].read_by.size(), 16U);
      EXPECT_EQ(units[1].read_by.front().index, 16);
    }
    return units.size();
  };
  EXPECT_EQ(num_units({0, 2, 1}), 3U);
  EXPECT_EQ(num_units({1, 2, 0}), 0U);
}

TEST(CompactUnits, ChangesNothingButTheSize) {
  int num_smaller = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph = residual_net(seed, seed % 2 == 1);
    const recipe::Prune options{
        .structure = recipe::PruneStructure::kUnits,
        .norm = seed % 3 == 0 ? recipe::UnitNorm::kL2 : recipe::UnitNorm::kL1,
        .scope = seed % 5 == 0 ? recipe::PruneScope::kLayer : recipe::PruneScope::kGlobal,
        .sparsity = 0.1 * static_cast<double>(1 + seed % 8)};
    const Graph pruned = prune_units(graph, options);
    const Graph compact = compact_units(pruned);
    EXPECT_NO_THROW(check(compact));
    if (num_values(compact) < num_values(pruned)) ++num_smaller;
    Numbers numbers(seed + 1000);
    const Tensor x = random_tensor({7, 2, 6, 6}, numbers);
    ASSERT_EQ(evaluate(compact, x).to_doubles(), evaluate(pruned, x).to_doubles());
    EXPECT_EQ(compact_units(compact), compact);
  }
  EXPECT_GT(num_smaller, 30);
}

TEST(CompactUnits, CutsWhatRewindingGoesBackTo) {
  const Graph pruned = prune_units(remember(residual_net(3, false)),
                                   {.structure = recipe::PruneStructure::kUnits, .sparsity = 0.5});
  const Graph compact = compact_units(pruned);
  ASSERT_LT(num_values(compact), num_values(pruned));
  EXPECT_NO_THROW(check(rewind(compact)));
}

TEST(CompactUnits, LeavesALayerItsLastUnit) {
  TestGraph test({2});
  test.linear("a", {3, 2}, std::vector<float>(6, 0), {0, 0, 0});
  test.node("relu", graph::Relu{});
  test.linear("b", {2, 3}, {1, 2, 3, 4, 5, 6}, {0.5, -1});
  const Graph compact = compact_units(test.graph);
  EXPECT_EQ(compact.parameter(find_parameter(compact, "a.weight").value()).stored.dim(0), 1);
  const Tensor x = Tensor::from<float>({1, 2}, {3, 4});
  EXPECT_EQ(evaluate(compact, x).to_doubles(), evaluate(test.graph, x).to_doubles());
}

TEST(CompactUnits, KeepsWhatIsNotZeroForItsBiasOrShift) {
  TestGraph test({2});
  test.linear("a", {2, 2}, {0, 0, 0, 0}, {0, 0.25});
  test.linear("b", {1, 2}, {1, 1}, {0});
  EXPECT_EQ(compact_units(test.graph).parameter(graph::ParameterId{0}).stored.dim(0), 1);
  TestGraph sigmoid({2});
  sigmoid.linear("a", {2, 2}, {0, 0, 0, 0}, {0, 0});
  sigmoid.node("f", graph::Sigmoid{});
  sigmoid.linear("b", {1, 2}, {1, 1}, {0});
  EXPECT_EQ(compact_units(sigmoid.graph), sigmoid.graph);
}

TEST(PruneUnits, TakesTheSmallestOfEachLayer) {
  TestGraph test({2});
  test.linear("a", {4, 2}, {1, -1, 0.1F, 0.2F, 3, 3, 0.5F, -0.5F}, {1, 1, 1, 1});
  test.node("relu", graph::Relu{});
  test.linear("b", {1, 4}, {1, 1, 1, 1}, {0});
  const recipe::Prune half{.structure = recipe::PruneStructure::kUnits, .fractions = {0.5}};
  const Graph pruned = prune_units(test.graph, half);
  EXPECT_THAT(masked(pruned.parameter(find_parameter(pruned, "a.weight").value())).to_doubles(),
              testing::ElementsAre(1, -1, 0, 0, 3, 3, 0, 0));
  EXPECT_THAT(masked(pruned.parameter(find_parameter(pruned, "a.bias").value())).to_doubles(),
              testing::ElementsAre(1, 0, 1, 0));
  // Half of those alive, and never the last.
  const Graph less = prune_units(prune_units(pruned, half), half);
  EXPECT_THAT(masked(less.parameter(find_parameter(less, "a.bias").value())).to_doubles(),
              testing::ElementsAre(0, 0, 1, 0));
}

TEST(PruneUnits, SaysWhatIsWrong) {
  const auto message = [](const Graph& graph, recipe::Prune options) -> std::string {
    options.structure = recipe::PruneStructure::kUnits;
    try {
      prune_units(graph, options);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  TestGraph only({2});
  only.linear("a", {2, 2}, {1, 2, 3, 4}, {0, 0});
  EXPECT_THAT(message(only.graph, {.sparsity = 0.5}), HasSubstr("no layer has units"));
  const Graph graph = residual_net(1, false);
  EXPECT_THAT(message(graph, {.sparsity = 0.5, .exclude = {"nope"}}), HasSubstr("nope"));
  EXPECT_THAT(
      message(prune_units(graph, {.structure = recipe::PruneStructure::kUnits, .sparsity = 0.5}),
              {.sparsity = 0.1}),
      HasSubstr("but only 5 are alive"));
}

}  // namespace
}  // namespace pare::rewrite
