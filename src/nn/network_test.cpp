#include "nn/network.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "graph/affine_map.h"
#include "graph/check.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "graph/quantize.h"
#include "graph/test_graphs.h"
#include "rewrite/mlp.h"
#include "rewrite/quantize.h"

namespace pare::nn {
namespace {

using graph::Graph;
using torch::Tensor;

const std::vector<std::string> kClasses{"g", "q", "w", "z", "t"};

Graph float_mlp(std::uint64_t seed, recipe::BatchNormKind kind = recipe::BatchNormKind::kFull,
                double dropout = 0) {
  return rewrite::mlp({.hidden = {24, 16}, .batch_norm = kind, .dropout = dropout}, {7}, kClasses,
                      seed);
}

Graph quantized_mlp(std::uint64_t seed, const recipe::Quantize& options = {}) {
  return rewrite::quantize(float_mlp(seed), options, 4);
}

Tensor samples(std::int64_t n, std::uint64_t seed = 1) {
  torch::manual_seed(seed);
  return torch::randn({n, 7});
}

pare::Tensor to_plain(const Tensor& x) {
  pare::Tensor result(DType::kF32, x.sizes().vec());
  std::copy_n(x.data_ptr<float>(), x.numel(), result.as<float>().data());
  return result;
}

Tensor to_torch(const pare::Tensor& x) {
  Tensor result = torch::empty(x.shape(), torch::kFloat64);
  std::copy_n(x.as<double>().data(), result.numel(), result.data_ptr<double>());
  return result;
}

/// Some steps of plain gradient descent, so that statistics and ranges have moved.
void train_a_little(Network& network, int steps) {
  for (int i = 0; i < steps; ++i) {
    network.zero_gradients();
    const Tensor y =
        network.forward(samples(64, static_cast<std::uint64_t>(i)),
                        {.is_training = true, .seed = 3, .step = static_cast<std::uint32_t>(i)});
    (y * y).mean().backward();
    network.mask_gradients();
    network.values().sub_(network.gradients() * 0.05);
    network.mask_values();
  }
}

/// The largest difference to graph::evaluate, relative to the largest output.
double distance_to_evaluate(Graph graph, std::uint64_t seed) {
  Network network(graph, torch::kCPU);
  train_a_little(network, 5);
  network.store(graph);
  const Tensor x = samples(100, seed);
  const torch::NoGradGuard no_grad;
  const Tensor found = network.forward(x, {}).to(torch::kFloat64);
  const Tensor expected = to_torch(graph::evaluate(graph, to_plain(x)));
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST(Network, OfFloatsIsItsGraph) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const auto kind :
         {recipe::BatchNormKind::kNone, recipe::BatchNormKind::kFull,
          recipe::BatchNormKind::kNoAffine, recipe::BatchNormKind::kNoStatistics}) {
      EXPECT_LT(distance_to_evaluate(float_mlp(seed, kind), seed), 1e-5);
    }
  }
}

TEST(Network, WithQuantizersIsItsGraph) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    // A float that falls on the other side of a tie moves one code: none does for these seeds.
    EXPECT_LT(distance_to_evaluate(quantized_mlp(seed), seed), 1e-5) << seed;
    EXPECT_LT(distance_to_evaluate(
                  quantized_mlp(seed, {.weight_bits = 4,
                                       .activation_bits = 4,
                                       .step = recipe::Step::kPow2,
                                       .weight_granularity = recipe::Granularity::kChannel,
                                       .weight_range = recipe::WeightRange::kLearned}),
                  seed),
              1e-5)
        << seed;
  }
}

TEST(Network, WithTernaryBinaryAndClippedWeightsIsItsGraph) {
  using recipe::WeightFormat;
  using recipe::WeightRange;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const auto granularity : {recipe::Granularity::kTensor, recipe::Granularity::kChannel}) {
      recipe::Quantize options{.weight_bits = 4, .weight_granularity = granularity};
      const auto distance = [&](WeightFormat format, WeightRange range) {
        options.weight_format = format;
        options.weight_range = range;
        return distance_to_evaluate(quantized_mlp(seed, options), seed);
      };
      EXPECT_LT(distance(WeightFormat::kTernary, WeightRange::kAuto), 1e-5) << seed;
      EXPECT_LT(distance(WeightFormat::kTernary, WeightRange::kLearned), 1e-5) << seed;
      EXPECT_LT(distance(WeightFormat::kBinary, WeightRange::kAuto), 1e-5) << seed;
      EXPECT_LT(distance(WeightFormat::kUniform, WeightRange::kTwiceMeanAbs), 1e-5) << seed;
      EXPECT_LT(distance(WeightFormat::kUniform, WeightRange::kSawb), 1e-5) << seed;
      EXPECT_LT(distance(WeightFormat::kUniform, WeightRange::kMse), 1e-5) << seed;
      EXPECT_LT(distance(WeightFormat::kUniform, WeightRange::kMinMax), 1e-5) << seed;
    }
  }
}

/// With what training makes of its weights in place of them, and without their quantizers.
Graph with_affine_weights(Graph graph) {
  for (graph::Parameter& weight : graph.parameters) {
    if (!weight.quantizer || !weight.quantizer->training_map) continue;
    const auto& bits = std::get<graph::Uniform>(weight.quantizer->format).bits;
    const auto codes = graph::code_ranges(graph, graph::Uniform{bits, true, false});
    const std::size_t groups = graph.parameter(*weight.quantizer->range).stored.size();
    const auto values = weight.stored.as<float>();
    const auto maps = graph::affine_maps(codes, weight.quantizer->step, values, groups);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const graph::AffineMap& map = maps[i / (values.size() / groups)];
      const float code =
          graph::to_code(values[i], map.scale, map.codes, graph::kAffineRounding, map.zero_point);
      values[i] = graph::from_code(code, map.scale, map.zero_point);
    }
    weight.quantizer.reset();
  }
  return graph;
}

class AffineNetwork : public testing::TestWithParam<recipe::Granularity> {
 protected:
  /// Without biases: those lie on a grid that weights without quantizers do not have.
  static Graph graph() {
    return rewrite::quantize(
        rewrite::mlp(
            {.hidden = {24, 16}, .batch_norm = recipe::BatchNormKind::kNone, .bias = false}, {7},
            kClasses, 5),
        {.weight_bits = 3,
         .weight_granularity = GetParam(),
         .weight_range = recipe::WeightRange::kAffine},
        4);
  }
};

TEST_P(AffineNetwork, IsItsGraphWhenItDoesNotTrain) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    EXPECT_LT(distance_to_evaluate(graph(), seed), 1e-5) << seed;
  }
}

TEST_P(AffineNetwork, TrainsWithAffineWeightsAndPassesTheirGradientsStraightOn) {
  Network network(graph(), torch::kCPU);
  Network plain(with_affine_weights(graph()), torch::kCPU);
  const Tensor x = samples(100);
  const Tensor trained = network.forward(x, {.is_training = true});
  const Tensor expected = plain.forward(x, {.is_training = true});
  EXPECT_TRUE(trained.equal(expected));
  EXPECT_TRUE(network.forward(x, {.weight_maps = WeightMaps::kOfTraining}).equal(expected));
  EXPECT_GT((network.forward(x, {}) - expected).abs().max().item<float>(), 0.01);
  trained.square().sum().backward();
  expected.square().sum().backward();
  EXPECT_GT(network.gradients().abs().sum().item<float>(), 1);
  EXPECT_TRUE(network.gradients().equal(plain.gradients()));
}

INSTANTIATE_TEST_SUITE_P(Granularities, AffineNetwork,
                         testing::Values(recipe::Granularity::kTensor,
                                         recipe::Granularity::kChannel));

TEST(Network, CachesRangesThatAreStatistics) {
  Graph graph = quantized_mlp(2, {.weight_format = recipe::WeightFormat::kTernary});
  Network network(graph, torch::kCPU);
  train_a_little(network, 3);
  network.store(graph);
  const auto& weight = graph.parameter(*graph::find_parameter(graph, "fc1.weight"));
  const auto& range = graph.parameter(*weight.quantizer->range).stored;
  EXPECT_FLOAT_EQ(range.as<float>()[0],
                  graph::scales_of(graph, *weight.quantizer, weight.stored)[0].step());
}

TEST(Network, QuantizesItsInputAndParametersToTheGraphsCodes) {
  Graph graph = quantized_mlp(3);
  Network network(graph, torch::kCPU);
  train_a_little(network, 5);
  network.store(graph);
  const Tensor x = samples(500);
  std::map<std::string, Tensor> trace{{"input.quantize", {}}, {"fc1", {}}};
  const torch::NoGradGuard no_grad;
  network.forward(x, {.trace = &trace});
  const std::string wires[] = {"input.quantize", "fc1"};
  const auto expected = graph::evaluate_traced(graph, to_plain(x), wires);
  EXPECT_TRUE(trace["input.quantize"]
                  .to(torch::kFloat64)
                  .equal(to_torch(expected.wires.at("input.quantize"))));
  // Codes times codes: a wrong code of a weight or bias would show as a whole step.
  const auto info = graph::infer(graph);
  const double step = info.at(graph::find_wire(graph, "fc1")->value).grid.value().step.front();
  const Tensor difference = trace["fc1"].to(torch::kFloat64) - to_torch(expected.wires.at("fc1"));
  EXPECT_LT(difference.abs().max().item<double>(), step * 0.5);
}

TEST(Network, ComputesTheSameWhetherWiresAreTracedOrNot) {
  Network network(quantized_mlp(4), torch::kCPU);
  const Tensor x = samples(64);
  const torch::NoGradGuard no_grad;
  const Tensor plain = network.forward(x, {});
  std::map<std::string, Tensor> trace{{"fc1.bn", {}}, {"fc2.relu", {}}};
  EXPECT_TRUE(network.forward(x, {.trace = &trace}).equal(plain));
  EXPECT_EQ(trace["fc1.bn"].sizes(), (at::IntArrayRef{64, 24}));
  EXPECT_LT(trace["fc1.bn"].min().item<float>(), 0);
  EXPECT_GE(trace["fc2.relu"].min().item<float>(), 0);
}

TEST(Network, AccumulatesGradientsIntoTheFlatBuffer) {
  Network network(quantized_mlp(5), torch::kCPU);
  const float* buffer = network.gradients().data_ptr<float>();
  const auto backward = [&] {
    network.forward(samples(32), {.is_training = true}).square().sum().backward();
  };
  backward();
  const Tensor once = network.gradients().clone();
  EXPECT_EQ(network.gradients().data_ptr<float>(), buffer);
  for (const Slice& slice : network.slices()) {
    // A bias before batch norm has none but rounding's.
    EXPECT_GT(once.narrow(0, slice.offset, slice.size).abs().max().item<float>(), 0) << slice.name;
  }
  backward();
  EXPECT_TRUE(network.gradients().allclose(once * 2, 1e-4, 1e-4));
  network.zero_gradients();
  EXPECT_EQ(network.gradients().abs().max().item<float>(), 0);
}

TEST(Network, KeepsPrunedWeightsAtZero) {
  Graph graph = quantized_mlp(6);
  auto& weight = graph.parameter(graph::find_parameter(graph, "fc1.weight").value());
  pare::Tensor mask(DType::kU8, weight.stored.shape());
  for (std::size_t i = 0; i < mask.size(); i += 3) mask.as<std::uint8_t>()[i] = 1;
  weight.mask = mask;
  Network network(graph, torch::kCPU);
  train_a_little(network, 10);
  network.store(graph);
  const auto stored = graph.parameter(graph::find_parameter(graph, "fc1.weight").value()).stored;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    EXPECT_EQ(stored.as<float>()[i] != 0, i % 3 == 0);
  }
}

TEST(Network, StoresWhatItLearned) {
  Graph graph = quantized_mlp(7);
  const Graph before = graph;
  Network network(graph, torch::kCPU);
  train_a_little(network, 3);
  network.store(graph);
  EXPECT_NE(graph, before);
  Network again(graph, torch::kCPU);
  EXPECT_TRUE(again.values().equal(network.values()));
  EXPECT_EQ(again.buffers().size(), 4U);
  for (const auto& [name, buffer] : network.buffers()) {
    EXPECT_TRUE(again.buffers().at(name).equal(buffer)) << name;
  }
  for (const graph::Parameter& parameter : graph.parameters) {
    if (!parameter.quantizer || parameter.quantizer->range_rule != graph::RangeRule::kMaxAbs) {
      continue;
    }
    const auto& range = graph.parameter(*parameter.quantizer->range).stored;
    EXPECT_EQ(range.as<float>()[0], graph::max_abs(graph::masked(parameter), 1).front());
  }
}

TEST(Network, GivesTheSameBitsTwice) {
  const auto run = [] {
    Network network(rewrite::quantize(float_mlp(8, recipe::BatchNormKind::kFull, 0.3), {}, 4),
                    torch::kCPU);
    train_a_little(network, 20);
    return network.values().clone();
  };
  EXPECT_TRUE(run().equal(run()));
}

TEST(Network, NamesTheLayerOfEachParameter) {
  const Network network(quantized_mlp(9), torch::kCPU);
  std::int64_t end = 0;
  for (const Slice& slice : network.slices()) {
    EXPECT_EQ(slice.offset, end);
    end += slice.size;
    EXPECT_EQ(slice.layer.substr(0, 2), slice.name.substr(0, 2)) << slice.name;
  }
  EXPECT_EQ(network.values().numel(), end);
}

TEST(Network, AScaleAndShiftIsTheSameWhileTraining) {
  graph::TestGraph test({7});
  const auto list = [&](const char* name, graph::Role role, float value) {
    return test.floats(name, role, {7}, std::vector<float>(7, value));
  };
  test.node("affine", graph::BatchNorm{.gain = list("gain", graph::Role::kGain, 2),
                                       .shift = list("shift", graph::Role::kShift, 1),
                                       .mean = list("mean", graph::Role::kMean, 0),
                                       .variance = list("variance", graph::Role::kVariance, 1),
                                       .epsilon = 0});
  Network network(test.graph, torch::kCPU);
  const Tensor x = samples(9);
  const Tensor y = network.forward(x, {.is_training = true, .seed = 3, .step = 0});
  EXPECT_TRUE(torch::allclose(y, 2 * x + 1));
  EXPECT_TRUE(torch::equal(y, network.forward(x, {})));
}

TEST(Network, DropsOutInTrainingOnly) {
  Network network(float_mlp(10, recipe::BatchNormKind::kNone, 0.5), torch::kCPU);
  const Tensor x = samples(256);
  const torch::NoGradGuard no_grad;
  const auto dropped = [&](std::uint32_t step) {
    std::map<std::string, Tensor> trace{{"fc1.relu", {}}, {"fc1.dropout", {}}};
    network.forward(x, {.is_training = true, .seed = 1, .step = step, .trace = &trace});
    const Tensor was_on = trace["fc1.relu"] > 0;
    const Tensor kept = trace["fc1.dropout"] > 0;
    EXPECT_TRUE(trace["fc1.dropout"].masked_select(kept).allclose(
        trace["fc1.relu"].masked_select(kept) * 2));
    EXPECT_NEAR((kept.sum().item<double>() / was_on.sum().item<double>()), 0.5, 0.05);
    return trace["fc1.dropout"];
  };
  EXPECT_TRUE(dropped(1).equal(dropped(1)));
  EXPECT_FALSE(dropped(1).equal(dropped(2)));
  EXPECT_TRUE(network.forward(x, {}).equal(network.forward(x, {})));
}

TEST(Network, JoinsBranches) {
  graph::TestGraph test({3});
  const auto start = test.last;
  const auto a = test.linear("a", {3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 0, -1});
  const auto sum = test.node("sum", graph::Add{}, {a, start});
  const auto both = test.node("both", graph::Concat{}, {sum, start});
  test.node("softmax", graph::Softmax{}, {both});
  test.node("flat", graph::Flatten{});
  Network network(test.graph, torch::kCPU);
  torch::manual_seed(1);
  const Tensor x = torch::randn({9, 3});
  const torch::NoGradGuard no_grad;
  const Tensor expected = to_torch(graph::evaluate(test.graph, to_plain(x)));
  EXPECT_TRUE(network.forward(x, {}).to(torch::kFloat64).allclose(expected, 1e-5, 1e-7));
}

TEST(Network, PutsAxesInAnotherOrderAndTakesStepsThatAreGiven) {
  graph::TestGraph test({2, 3, 2});
  test.node("in", graph::Quantize{test.stepped("in", 6, true, 0.1F)});
  test.node("moved", graph::Transpose{{1, 2, 0}});
  test.linear("fc", {3, 2}, {1, 0.2F, -0.3F, 0.4F, 0.05F, -0.6F}, {0.7F, 0.01F, -1});
  test.quantize_layer("fc", 4);
  const auto weight = test.stepped("given", 4, true, 0.3F);
  test.parameter("fc.weight").quantizer = weight;
  test.node("relu", graph::Relu{});
  test.node("codes", graph::Quantize{test.stepped("codes", 5, false, 0.07F)});
  graph::check(test.graph);
  Network network(test.graph, torch::kCPU);
  torch::manual_seed(3);
  const Tensor x = torch::randn({9, 2, 3, 2});
  const Tensor y = network.forward(x, {});
  const Tensor expected = to_torch(graph::evaluate(test.graph, to_plain(x)));
  EXPECT_EQ(y.sizes(), expected.sizes());
  EXPECT_TRUE(y.detach().to(torch::kFloat64).allclose(expected, 1e-6, 1e-7));
  // Only weights and biases are trained.
  y.sum().backward();
  EXPECT_EQ(network.gradients().numel(), 9);
  EXPECT_GT(network.gradients().abs().sum().item<double>(), 0);
}

TEST(Network, WritesCirculantWeightsOut) {
  graph::TestGraph test({4});
  const auto weight = test.floats("fc.weight", graph::Role::kWeight, {3, 2, 2},
                                  {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  test.graph.parameter(weight).structure = graph::BlockCirculant{2};
  test.node("fc", graph::Linear{weight});
  Network network(test.graph, torch::kCPU);
  const Tensor x = torch::eye(4);
  const Tensor y = network.forward(x, {});
  const Tensor expected = to_torch(graph::evaluate(test.graph, to_plain(x)));
  EXPECT_TRUE(y.detach().to(torch::kFloat64).equal(expected));
  y.sum().backward();
  EXPECT_TRUE(network.gradients().equal(torch::full({12}, 2.0F)));
}

TEST(Network, RefusesFormatsThatItCannotTrain) {
  graph::TestGraph test({2});
  test.linear("fc", {2, 2}, {1, 2, 3, 4}, {0, 0});
  auto& weight = test.parameter("fc.weight");
  weight.quantizer =
      graph::Quantizer{.format = graph::Binary{}, .range_rule = graph::RangeRule::kMaxAbs};
  try {
    const Network network(test.graph, torch::kCPU);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("fc.weight"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace pare::nn
