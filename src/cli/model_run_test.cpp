#include "cli/model_run.h"

#include <array>

#include <gmock/gmock.h>

#include "base/error.h"
#include "cost/test_graphs.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;

/// `size` samples of 16 features that differ from each other, of five classes.
SplitData jets(std::int64_t size) {
  SplitData data{"made", "synthetic", {"g", "q", "w", "z", "t"}, {}};
  std::vector<float> inputs;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t j = 0; j < 16; ++j) inputs.push_back(static_cast<float>((i * 7 + j) % 23));
    labels.push_back(i % 5);
  }
  data.samples.inputs = Tensor::from<float>({size, 16}, inputs);
  data.samples.labels = Tensor::from<std::int64_t>({size}, labels);
  return data;
}

/// A network whose five outputs are its first five inputs, standardised.
graph::Graph first_five() {
  graph::Graph graph;
  const auto x = cost::add_input(graph, {16});
  graph.inputs[0].mean.assign(16, 3.0);
  graph.inputs[0].scale.assign(16, 2.0);
  graph.output = cost::add_linear(graph, "output", x, 16, 5, cost::kFloatBits);
  const auto weight = graph.parameters[0].stored.as<float>();
  std::fill(weight.begin(), weight.end(), 0.0F);
  for (std::size_t i = 0; i < 5; ++i) weight[i * 16 + i] = 1;
  return graph;
}

std::vector<double> outputs_of(const graph::Graph& graph, const SplitData& data, int* batches) {
  std::vector<double> outputs;
  const std::array graphs{&graph};
  evaluate_in_batches(graphs, data.samples, {}, {},
                      [&](std::int64_t first, std::span<const graph::Evaluation> of) {
                        EXPECT_EQ(first * 5, static_cast<std::int64_t>(outputs.size()));
                        const auto batch = of.front().output.as<double>();
                        outputs.insert(outputs.end(), batch.begin(), batch.end());
                        ++*batches;
                      });
  return outputs;
}

std::string refusal(const graph::Graph& graph, const SplitData& data) {
  try {
    check_fits(graph, "model.pare", data);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(EvaluateInBatches, MapsRawInputsAndGivesEverySampleOnce) {
  const SplitData data = jets(10000);
  int batches = 0;
  const std::vector<double> outputs = outputs_of(first_five(), data, &batches);
  EXPECT_GT(batches, 1);
  ASSERT_EQ(outputs.size(), 50000U);
  const auto raw = data.samples.inputs.as<float>();
  for (std::size_t i = 0; i < 10000; i += 37) {
    // The linear layer adds 1.
    EXPECT_EQ(outputs[i * 5 + 2], (raw[i * 16 + 2] - 3) / 2 + 1) << i;
  }
}

TEST(EvaluateInBatches, DoesNotSplitWhatUsesBatchStatistics) {
  graph::Graph graph = first_five();
  graph.output = graph::add_node(graph, "bn", graph::BatchNorm{}, {graph.output});
  int batches = 0;
  EXPECT_EQ(outputs_of(graph, jets(10000), &batches).size(), 50000U);
  EXPECT_EQ(batches, 1);
}

TEST(EvaluateInBatches, ReportsProgressToTheEnd) {
  const graph::Graph graph = first_five();
  const std::array graphs{&graph};
  std::vector<std::int64_t> done;
  evaluate_in_batches(
      graphs, jets(5000).samples, {},
      [&](const Progress& progress) {
        EXPECT_EQ(progress.total, 5000);
        done.push_back(progress.done);
      },
      [](std::int64_t, std::span<const graph::Evaluation>) {});
  ASSERT_GE(done.size(), 2U);
  EXPECT_EQ(done.back(), 5000);
}

TEST(ClassifyOutputs, RanksByProbabilityAcrossSamples) {
  // By the logit of class 0 the second sample is ahead, by its probability the first.
  const std::vector<double> outputs{1, -5, /**/ 2, 9};
  const std::vector<std::int64_t> labels{0, 1};
  graph::Graph graph;
  graph.output = cost::add_linear(graph, "output", cost::add_input(graph, {2}), 2, 2, 32);
  EXPECT_EQ(classify_outputs(graph, outputs, labels).auc[0], 1);
  // Behind a softmax the outputs are probabilities already.
  graph.output = graph::add_node(graph, "softmax", graph::Softmax{}, {graph.output});
  EXPECT_EQ(classify_outputs(graph, outputs, labels).auc[0], 0);
}

TEST(CheckFits, AcceptsWhatFits) {
  graph::Graph graph = first_five();
  EXPECT_EQ(refusal(graph, jets(3)), "");
  graph.head.classes = {"g", "q", "w", "z", "t"};
  EXPECT_EQ(refusal(graph, jets(3)), "");
}

TEST(CheckFits, NamesWhatDoesNotFit) {
  graph::Graph graph = first_five();
  SplitData data = jets(3);
  data.classes.pop_back();
  EXPECT_THAT(refusal(graph, data), HasSubstr("output is [5], but there are 4 classes"));
  graph.head.classes = {"q", "g", "w", "z", "t"};
  EXPECT_THAT(refusal(graph, jets(3)), HasSubstr("q, g, w, z, t"));
  data.samples.inputs = Tensor(DType::kF32, {3, 8});
  EXPECT_THAT(refusal(graph, data), HasSubstr("a sample is [8], the network takes [16]"));
  EXPECT_THAT(refusal(graph, data), HasSubstr("model.pare does not fit data 'made'"));
}

}  // namespace
}  // namespace pare::cli
