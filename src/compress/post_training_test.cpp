#include "compress/post_training.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <torch/torch.h>

#include "base/error.h"
#include "compress/layer_outputs.h"
#include "graph/infer.h"
#include "graph/quantize.h"
#include "graph/test_graphs.h"
#include "nn/network.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::compress {
namespace {

using graph::Graph;
using recipe::Calibration;
using torch::Tensor;

/// A network with statistics and biases that are not those of the start.
Graph trained_mlp(recipe::BatchNormKind batch_norm = recipe::BatchNormKind::kFull) {
  Graph graph =
      rewrite::mlp({.hidden = {24, 16}, .batch_norm = batch_norm}, {7}, {"g", "q", "w"}, 5);
  torch::manual_seed(3);
  for (graph::Parameter& parameter : graph.parameters) {
    if (parameter.role == graph::Role::kWeight) continue;
    const Tensor noise = torch::rand({static_cast<std::int64_t>(parameter.stored.size())});
    for (std::size_t i = 0; i < parameter.stored.size(); ++i) {
      parameter.stored.as<float>()[i] += 0.3F * noise.data_ptr<float>()[i];
    }
  }
  return graph;
}

Tensor samples(std::int64_t count) {
  torch::manual_seed(11);
  return torch::randn({count, 7}).pow(3) + 0.7;
}

float log_range(const Graph& graph, const std::string& name) {
  return graph.parameter(*graph::find_parameter(graph, name + ".log_range")).stored.as<float>()[0];
}

double error_of(const Graph& graph, const Graph& trained, const Tensor& x) {
  nn::Network a(graph, torch::kCPU);
  nn::Network b(trained, torch::kCPU);
  const torch::NoGradGuard no_grad;
  return (a.forward(x, {}) - b.forward(x, {})).pow(2).mean().item<double>();
}

TEST(CalibrationSamples, LieAtEqualDistances) {
  const Tensor all = torch::arange(10, torch::kFloat32).view({10, 1});
  EXPECT_TRUE(
      calibration_samples(all, 4).flatten().equal(torch::tensor({0, 2, 5, 7}, torch::kFloat32)));
  EXPECT_TRUE(calibration_samples(all, 10).equal(all));
  EXPECT_TRUE(calibration_samples(all, 99).equal(all));
}

TEST(PostTraining, TakesRangesFromWhatTheFloatNetworkCarries) {
  const Graph trained = trained_mlp();
  const Tensor x = samples(3000);  // more than a batch
  nn::Network network(trained, torch::kCPU);
  std::map<std::string, Tensor> trace{{"fc1.relu", {}}, {"fc2.relu", {}}};
  {
    const torch::NoGradGuard no_grad;
    network.forward(x, {.trace = &trace});
  }
  const Graph quantized = quantize_post_training(
      trained, {.weight_bits = 8, .activation_bits = 8, .calibration = Calibration::kMinMax}, x);
  for (const char* layer : {"fc1", "fc2"}) {
    const float largest = trace.at(std::string(layer) + ".relu").max().item<float>();
    EXPECT_FLOAT_EQ(log_range(quantized, std::string(layer) + ".activation"), std::log2(largest));
  }
  const auto input = graph::find_parameter(quantized, "input.quantize.range");
  EXPECT_EQ(quantized.parameter(*input).stored.as<float>()[0], x.abs().max().item<float>());
}

TEST(PostTraining, DoesNotDependOnQuantizersThatWereThere) {
  const Graph trained = trained_mlp();
  const Tensor x = samples(500);
  const recipe::Quantize options{
      .weight_bits = 5, .activation_bits = 5, .calibration = Calibration::kMse};
  const Graph coarse = rewrite::quantize(trained, {.weight_bits = 2, .activation_bits = 2}, 1);
  EXPECT_EQ(quantize_post_training(coarse, options, x),
            quantize_post_training(trained, options, x));
  EXPECT_EQ(rewrite::without_quantizers(coarse), trained);
}

TEST(PostTraining, ClipsMoreByPercentileAndErrsLessByMse) {
  const Graph trained = trained_mlp(recipe::BatchNormKind::kNone);
  const Tensor x = samples(4000);
  const auto by = [&](Calibration calibration) {
    return quantize_post_training(
        trained,
        {.weight_bits = 12, .activation_bits = 4, .calibration = calibration, .percentile = 99}, x);
  };
  const Graph min_max = by(Calibration::kMinMax);
  const Graph percentile = by(Calibration::kPercentile);
  const Graph mse = by(Calibration::kMse);
  EXPECT_LT(log_range(percentile, "fc1.activation"), log_range(min_max, "fc1.activation"));
  EXPECT_LT(log_range(mse, "fc1.activation"), log_range(min_max, "fc1.activation"));
  EXPECT_LT(error_of(mse, trained, x), error_of(min_max, trained, x));
}

TEST(PostTraining, NamesAWireThatHasDiverged) {
  Graph trained = trained_mlp(recipe::BatchNormKind::kNone);
  auto& bias = trained.parameter(*graph::find_parameter(trained, "fc2.bias"));
  for (float& x : bias.stored.as<float>()) x = 3e38F;
  auto& weight = trained.parameter(*graph::find_parameter(trained, "fc2.weight"));
  for (float& x : weight.stored.as<float>()) x = 3e38F;
  try {
    quantize_post_training(trained, {.calibration = Calibration::kMinMax}, samples(10));
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("wire 'fc2.relu'"));
  }
}

class BiasCorrection : public testing::TestWithParam<recipe::BatchNormKind> {};

// Two bits are coarse: means are far off before, and right after but for half a step that the bias
// is rounded by while it is measured, and half a step afterwards.
TEST_P(BiasCorrection, MakesTheMeansOfAllLayersThoseOfTheFloatNetwork) {
  const Graph trained = trained_mlp(GetParam());
  const Tensor x = samples(2000);
  recipe::Quantize options{
      .weight_bits = 2, .activation_bits = 8, .calibration = Calibration::kMse};
  const Graph plain = quantize_post_training(trained, options, x);
  options.bias_correction = true;
  const Graph corrected = quantize_post_training(trained, options, x);
  const std::vector<std::string> layers{"fc1", "fc2", "output"};
  const auto wanted = mean_outputs(trained, x, layers);
  const auto before = mean_outputs(plain, x, layers);
  const auto after = mean_outputs(corrected, x, layers);
  const auto infos = graph::infer(corrected);
  for (const std::string& layer : layers) {
    const double step = infos.at(graph::find_wire(corrected, layer)->value).grid->step.front();
    const double far = (before.at(layer) - wanted.at(layer)).abs().max().item<double>();
    const double near = (after.at(layer) - wanted.at(layer)).abs().max().item<double>();
    EXPECT_LT(near, step + 1e-4) << layer;
    EXPECT_GT(far, 4 * near) << layer;
  }
}

INSTANTIATE_TEST_SUITE_P(All, BiasCorrection,
                         testing::Values(recipe::BatchNormKind::kNone,
                                         recipe::BatchNormKind::kFull));

TEST(BiasCorrection, OfALayerWithoutABiasMovesTheRunningMeanBehind) {
  graph::TestGraph test({4});
  const auto weight = test.floats("fc.weight", graph::Role::kWeight, {2, 4},
                                  {0.9F, -0.2F, 0.4F, 0.3F, -0.7F, 0.1F, 0.6F, -0.5F});
  test.node("fc", graph::Linear{weight});
  test.node("bn", graph::BatchNorm{
                      .mean = test.floats("mean", graph::Role::kMean, {2}, {0, 0}),
                      .variance = test.floats("variance", graph::Role::kVariance, {2}, {1, 1})});
  torch::manual_seed(2);
  const Tensor x = torch::rand({500, 4});
  const recipe::Quantize options{
      .weight_bits = 2, .calibration = Calibration::kMinMax, .bias_correction = true};
  const Graph corrected = quantize_post_training(test.graph, options, x);
  const auto wanted = mean_outputs(test.graph, x, {"bn"});
  const auto found = mean_outputs(corrected, x, {"bn"});
  EXPECT_TRUE(found.at("bn").allclose(wanted.at("bn"), 0, 1e-5));
  EXPECT_NE(corrected.parameter(*graph::find_parameter(corrected, "mean")).stored.as<float>()[0],
            0);

  graph::TestGraph bare({4});
  bare.node("fc", graph::Linear{bare.floats("fc.weight", graph::Role::kWeight, {2, 4},
                                            {1, 2, 3, 4, 5, 6, 7, 8})});
  try {
    quantize_post_training(bare.graph, options, x);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("layer 'fc' has neither a bias"));
  }
}

TEST(PostTraining, KeepsPrunedWeightsZero) {
  const Graph pruned = rewrite::prune(trained_mlp(), {.sparsity = 0.8});
  const Graph quantized = quantize_post_training(
      pruned, {.weight_bits = 4, .calibration = Calibration::kPercentile, .percentile = 99},
      samples(100));
  const auto& weight = quantized.parameter(*graph::find_parameter(quantized, "fc1.weight"));
  const auto codes = graph::codes_of(quantized, weight);
  const auto mask = weight.mask->as<std::uint8_t>();
  int alive = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) {
      EXPECT_EQ(codes.as<std::int32_t>()[i], 0);
    }
    alive += codes.as<std::int32_t>()[i] != 0 ? 1 : 0;
  }
  EXPECT_GT(alive, 5);
}

rewrite::MagnitudeHistogram magnitudes_of(const torch::Tensor& x) {
  rewrite::MagnitudeHistogram magnitudes;
  add_magnitudes(x, magnitudes);
  return magnitudes;
}

TEST(InputRange, LeavesOutliersOutside) {
  // 999 magnitudes up to 1 and one of 100: bins of 4096 up to 128 are 1/32 wide.
  torch::Tensor x = torch::linspace(-1, 1, 1000).view({100, 10}).clone();
  x[7][3] = -100;
  EXPECT_EQ(input_range(magnitudes_of(x), 100), 100);
  EXPECT_GE(input_range(magnitudes_of(x), 99.9), 1);
  EXPECT_LE(input_range(magnitudes_of(x), 99.9), 1 + 1.0F / 32);
  EXPECT_NEAR(input_range(magnitudes_of(x), 50), 0.5, 1.0 / 32 + 0.002);
}

TEST(InputRange, IsRefusedWhereItIsNone) {
  torch::Tensor x = torch::zeros({10, 10});
  x[0][0] = 3;
  EXPECT_EQ(input_range(magnitudes_of(x), 100), 3);
  EXPECT_THROW(input_range(magnitudes_of(x), 90), InputError);
}

}  // namespace
}  // namespace pare::compress
