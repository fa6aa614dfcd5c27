#include "train/sensitivity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <torch/torch.h>

#include "base/error.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::train {
namespace {

struct Problem {
  graph::Graph graph = rewrite::mlp({.hidden = {16, 8}}, {6}, {"a", "b", "c"}, 2);
  torch::Tensor samples;
  Part validation;

  Problem() {
    // As initialised, biases decide alone, and nothing that happens to a layer is seen.
    for (graph::Parameter& parameter : graph.parameters) {
      const float factor = parameter.role == graph::Role::kWeight ? 4.0F : 0.0F;
      const bool is_layers =
          parameter.role == graph::Role::kWeight || parameter.role == graph::Role::kBias;
      if (!is_layers) continue;
      for (float& x : parameter.stored.as<float>()) x *= factor;
    }
    torch::manual_seed(1);
    samples = torch::randn({400, 6});
    validation.inputs = samples;
    nn::Network network(graph, torch::kCPU);
    // The network's own answers are the labels: what is changed can only lose.
    validation.labels = outputs(network, validation.inputs).argmax(1);
  }
};

const SensitivityPoint& find(const Sensitivity& result, const std::string& layer,
                             SensitivityKind kind, double value) {
  for (const SensitivityPoint& point : result.points) {
    if (point.layer == layer && point.kind == kind && point.value == value) return point;
  }
  throw InternalError("no such point");
}

TEST(Sensitivity, ChangesOneLayerAtATime) {
  const Problem problem;
  const SensitivityOptions options{.bits = {16, 1}, .sparsities = {0, 1}};
  std::int64_t reports = 0;
  const Sensitivity result = sensitivity(problem.graph, options, problem.validation,
                                         problem.samples, [&](const Progress& progress) {
                                           ++reports;
                                           EXPECT_EQ(progress.done, reports);
                                           EXPECT_EQ(progress.total, 18);
                                         });
  EXPECT_EQ(result.unchanged.accuracy, 1);
  ASSERT_EQ(result.layers.size(), 3U);
  EXPECT_EQ(result.layers[0].weights, 96);
  // Three layers' weights, the input and two activations at two widths; two sparsities.
  EXPECT_EQ(result.points.size(), 18U);
  EXPECT_EQ(reports, 18);
  for (const char* layer : {"fc1", "fc2", "output"}) {
    using enum SensitivityKind;
    EXPECT_GT(find(result, layer, kWeightBits, 16).score->accuracy, 0.99);
    EXPECT_LT(find(result, layer, kWeightBits, 1).score->accuracy, 0.98);
    EXPECT_EQ(find(result, layer, kSparsity, 0).score->accuracy, 1);
    EXPECT_LT(find(result, layer, kSparsity, 1).score->accuracy, 0.8);
  }
  for (const char* layer : {"input", "fc1", "fc2"}) {
    using enum SensitivityKind;
    EXPECT_GT(find(result, layer, kActivationBits, 16).score->accuracy, 0.99);
    EXPECT_LT(find(result, layer, kActivationBits, 1).score->accuracy, 0.98);
  }
}

TEST(Sensitivity, IsThatOfTheFloatNetworkAndLeavesOutWhatIsSparserAlready) {
  const Problem problem;
  const graph::Graph pruned =
      rewrite::prune(problem.graph, {.scope = recipe::PruneScope::kLayer, .sparsity = 0.6});
  const graph::Graph quantized =
      rewrite::quantize(pruned, {.weight_bits = 2, .activation_bits = 2}, 1);
  const SensitivityOptions options{.bits = {3}, .sparsities = {0.5, 0.8}};
  const auto of = [&](const graph::Graph& graph) {
    return sensitivity(graph, options, problem.validation, problem.samples, {});
  };
  const Sensitivity a = of(pruned);
  const Sensitivity b = of(quantized);
  EXPECT_EQ(a.unchanged.loss, b.unchanged.loss);
  EXPECT_NEAR(a.layers[1].sparsity, 0.6, 0.01);
  for (std::size_t i = 0; i < a.points.size(); ++i) {
    ASSERT_EQ(a.points[i].score.has_value(), b.points[i].score.has_value());
    if (a.points[i].score) {
      EXPECT_EQ(a.points[i].score->loss, b.points[i].score->loss);
    }
  }
  EXPECT_FALSE(find(a, "fc2", SensitivityKind::kSparsity, 0.5).score);
  EXPECT_TRUE(find(a, "fc2", SensitivityKind::kSparsity, 0.8).score);
}

TEST(Sensitivity, RefusesWhatIsNoWidthOrShare) {
  const Problem problem;
  const auto with = [&](const SensitivityOptions& options) {
    return sensitivity(problem.graph, options, problem.validation, problem.samples, {});
  };
  EXPECT_THROW(with({.bits = {17}}), InputError);
  EXPECT_THROW(with({.bits = {0}}), InputError);
  EXPECT_THROW(with({.sparsities = {1.5}}), InputError);
}

}  // namespace
}  // namespace pare::train
