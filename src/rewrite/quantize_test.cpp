#include "rewrite/quantize.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/check.h"
#include "graph/quantize.h"
#include "rewrite/calibrate.h"
#include "rewrite/mlp.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::RangeRule;

Graph small_mlp(double dropout = 0) {
  return mlp({.hidden = {4, 3}, .dropout = dropout}, {2}, {"a", "b"}, 1);
}

const graph::Parameter* find(const Graph& graph, std::string_view name) {
  const auto id = graph::find_parameter(graph, name);
  return id ? &graph.parameter(*id) : nullptr;
}

int bits(const Graph& graph, const std::string& name) {
  return find(graph, name + ".bits")->stored.as<std::int32_t>()[0];
}

std::vector<std::string> node_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes) names.push_back(node.name);
  return names;
}

const graph::Quantizer& node_quantizer(const Graph& graph, std::string_view node) {
  return std::get<graph::Quantize>(graph::find_node(graph, node)->op).quantizer;
}

TEST(Quantize, PutsQuantizersAtInputsWeightsActivationsAndBiases) {
  const auto graph = quantize(small_mlp(), {.weight_bits = 6, .activation_bits = 5}, 3.5);
  EXPECT_THAT(node_names(graph),
              testing::ElementsAre("input.quantize", "fc1", "fc1.bn", "fc1.relu", "fc1.activation",
                                   "fc2", "fc2.bn", "fc2.relu", "fc2.activation", "output"));
  EXPECT_EQ(bits(graph, "input.quantize"), 16);
  EXPECT_EQ(find(graph, "input.quantize.range")->stored.as<float>()[0], 3.5F);
  EXPECT_EQ(bits(graph, "fc1.weight"), 6);
  EXPECT_EQ(bits(graph, "fc1.activation"), 5);
  EXPECT_FLOAT_EQ(find(graph, "fc1.activation.log_range")->stored.as<float>()[0], std::log2(6.0F));
  EXPECT_TRUE(find(graph, "fc1.activation.log_range")->is_trainable);
  for (const char* name : {"fc1.bias", "fc2.bias", "output.bias"}) {
    EXPECT_EQ(find(graph, name)->quantizer->range_rule, RangeRule::kAccumulator) << name;
    EXPECT_EQ(bits(graph, name), 32);
  }
  EXPECT_EQ(find(graph, "output.weight")->quantizer->range_rule, RangeRule::kMaxAbs);
  EXPECT_EQ(graph::find_node(graph, "output")->outputs.front(), graph.output);
}

TEST(Quantize, SitsBetweenReluAndDropout) {
  const auto graph = quantize(small_mlp(0.1), {}, 1);
  EXPECT_EQ(graph.wire(graph::find_node(graph, "fc1.dropout")->inputs.front()).name,
            "fc1.activation");
  EXPECT_TRUE(find(graph, "fc2.bias")->quantizer.has_value());
}

TEST(Quantize, LeavesInputAndBiasesFloatIfAsked) {
  const auto graph = quantize(small_mlp(), {.input_bits = 32}, 1);
  EXPECT_EQ(graph::find_node(graph, "input.quantize"), nullptr);
  EXPECT_FALSE(find(graph, "fc2.bias")->quantizer.has_value());
  EXPECT_TRUE(find(graph, "fc2.weight")->quantizer.has_value());
}

TEST(Quantize, ReplacesWhatAnEarlierCallPut) {
  const auto twelve = quantize(small_mlp(), {.weight_bits = 12, .activation_bits = 12}, 1);
  const auto six = quantize(twelve, {.weight_bits = 6, .activation_bits = 6}, 2);
  EXPECT_EQ(six, quantize(small_mlp(), {.weight_bits = 6, .activation_bits = 6}, 2));
}

TEST(Quantize, KeepsRangesThatTrainingHasMoved) {
  auto trained = quantize(small_mlp(), {}, 1);
  const auto id = graph::find_parameter(trained, "fc1.activation.log_range").value();
  trained.parameter(id).stored.as<float>()[0] = -1.5F;
  const auto again = quantize(trained, {.activation_bits = 4}, 1);
  EXPECT_EQ(find(again, "fc1.activation.log_range")->stored.as<float>()[0], -1.5F);
  EXPECT_EQ(bits(again, "fc1.activation"), 4);
}

TEST(Quantize, To32BitsUndoesEverything) {
  const auto quantized =
      quantize(small_mlp(0.1), {.weight_range = recipe::WeightRange::kLearned}, 1);
  const auto undone =
      quantize(quantized, {.weight_bits = 32, .activation_bits = 32, .input_bits = 32}, 1);
  EXPECT_EQ(undone, small_mlp(0.1));
}

TEST(Quantize, LetsLayersDiffer) {
  const recipe::Quantize options{
      .layers = {{.match = "fc*", .weight_bits = 4},
                 {.match = "fc2", .weight_bits = 8, .activation_bits = 32},
                 {.match = "output", .weight_bits = 32}}};
  const auto graph = quantize(small_mlp(), options, 1);
  EXPECT_EQ(bits(graph, "fc1.weight"), 4);
  EXPECT_EQ(bits(graph, "fc2.weight"), 8);
  EXPECT_EQ(bits(graph, "fc1.activation"), 6);
  EXPECT_EQ(graph::find_node(graph, "fc2.activation"), nullptr);
  EXPECT_FALSE(find(graph, "output.weight")->quantizer.has_value());
  EXPECT_FALSE(find(graph, "output.bias")->quantizer.has_value());
  EXPECT_TRUE(find(graph, "fc2.bias")->quantizer.has_value());
}

TEST(Quantize, GivesEachOutputChannelItsRange) {
  auto graph = quantize(small_mlp(),
                        {.weight_granularity = recipe::Granularity::kChannel,
                         .weight_range = recipe::WeightRange::kLearned},
                        1);
  const auto& range = *find(graph, "fc1.weight.log_range");
  EXPECT_EQ(range.stored.shape(), (Shape{4}));
  EXPECT_TRUE(range.is_trainable);
  const auto expected = graph::max_abs(find(graph, "fc1.weight")->stored, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(graph::range_of_log(range.stored.as<float>()[i]), expected[i]);
  }
  EXPECT_EQ(find(graph, "fc1.weight.range"), nullptr);
}

TEST(Quantize, PassesItsOptionsOn) {
  const auto graph = quantize(small_mlp(), {.step = recipe::Step::kPow2, .narrow = false}, 1);
  const auto& weight = *find(graph, "fc1.weight")->quantizer;
  EXPECT_EQ(weight.step, graph::StepRule::kPow2);
  EXPECT_FALSE(std::get<graph::Uniform>(weight.format).is_narrow);
  const auto& activation = node_quantizer(graph, "fc1.activation");
  EXPECT_EQ(activation.step, graph::StepRule::kPow2);
  EXPECT_FALSE(std::get<graph::Uniform>(activation.format).is_signed);
}

TEST(Quantize, GivesWeightsTheirFormats) {
  const recipe::Quantize options{
      .weight_format = recipe::WeightFormat::kTernary,
      .layers = {{.match = "fc2", .weight_format = recipe::WeightFormat::kBinary},
                 {.match = "output",
                  .weight_bits = 8,
                  .weight_format = recipe::WeightFormat::kUniform,
                  .weight_range = recipe::WeightRange::kSawb}}};
  const auto graph = quantize(small_mlp(), options, 1);
  graph::check(graph);
  const auto& ternary = *find(graph, "fc1.weight")->quantizer;
  EXPECT_TRUE(std::holds_alternative<graph::Ternary>(ternary.format));
  EXPECT_EQ(ternary.range_rule, RangeRule::kThresholdMean);
  EXPECT_EQ(find(graph, "fc1.weight.bits"), nullptr);
  EXPECT_FLOAT_EQ(find(graph, "fc1.weight.range")->stored.as<float>()[0],
                  graph::scales_of(graph, ternary, find(graph, "fc1.weight")->stored)[0].step());
  const auto& binary = *find(graph, "fc2.weight")->quantizer;
  EXPECT_TRUE(std::holds_alternative<graph::Binary>(binary.format));
  EXPECT_EQ(binary.range_rule, RangeRule::kMeanAbs);
  EXPECT_EQ(bits(graph, "output.weight"), 8);
  EXPECT_EQ(find(graph, "output.weight")->quantizer->range_rule, RangeRule::kSawb);
  EXPECT_TRUE(find(graph, "fc2.bias")->quantizer.has_value());
  const auto uniform = quantize(graph, {}, 1);
  EXPECT_EQ(bits(uniform, "fc1.weight"), 6);
  EXPECT_EQ(find(uniform, "fc1.weight")->quantizer->range_rule, RangeRule::kMaxAbs);
}

TEST(Quantize, LeavesSymmetricWeightsWhereTrainingIsAffine) {
  const recipe::Quantize options{
      .layers = {{.match = "fc*", .weight_range = recipe::WeightRange::kAffine}}};
  const auto graph = quantize(small_mlp(), options, 1);
  graph::check(graph);
  const auto& trained = *find(graph, "fc1.weight")->quantizer;
  EXPECT_EQ(trained.training_map, graph::TrainingMap::kAffine);
  EXPECT_EQ(find(graph, "output.weight")->quantizer->training_map, std::nullopt);
  // What everything but training sees is the symmetric map.
  const auto symmetric = quantize(small_mlp(), {}, 1);
  EXPECT_EQ(graph::value_of(graph, *find(graph, "fc1.weight")),
            graph::value_of(symmetric, *find(symmetric, "fc1.weight")));
  EXPECT_EQ(quantize(graph, {}, 1), symmetric);
}

TEST(Quantize, LeavesAffineWeightsWhereTheRuleIsMinMax) {
  const auto graph = quantize(small_mlp(), {.weight_range = recipe::WeightRange::kMinMax}, 1);
  graph::check(graph);
  const graph::Parameter& weight = *find(graph, "fc1.weight");
  EXPECT_EQ(weight.quantizer->training_map, std::nullopt);
  EXPECT_FALSE(std::get<graph::Uniform>(weight.quantizer->format).is_narrow);
  const auto values = weight.stored.as<float>();
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  EXPECT_EQ(find(graph, "fc1.weight.range")->stored.as<float>()[0], *largest - *least);
  // All codes are used, from end to end.
  const Tensor codes = graph::codes_of(graph, weight);
  const auto list = codes.as<std::int32_t>();
  const auto [lowest, highest] = std::minmax_element(list.begin(), list.end());
  EXPECT_EQ(*lowest, -32);
  EXPECT_GE(*highest, 30);
  // Symmetric weights come back.
  EXPECT_EQ(quantize(graph, {}, 1), quantize(small_mlp(), {}, 1));
}

TEST(Quantize, StartsLearnedTernaryWeightsAtTwiceTheirMean) {
  const auto graph = quantize(small_mlp(),
                              {.weight_format = recipe::WeightFormat::kTernary,
                               .weight_range = recipe::WeightRange::kLearned},
                              1);
  const auto weights = find(graph, "fc1.weight")->stored.as<float>();
  double sum = 0;
  for (const float w : weights) sum += std::abs(double{w});
  EXPECT_NEAR(std::exp2(find(graph, "fc1.weight.log_range")->stored.as<float>()[0]),
              2 * sum / static_cast<double>(weights.size()), 1e-5);
}

TEST(Quantize, StartsALearnedRangeAnewForOtherCodes) {
  recipe::Quantize options{.weight_range = recipe::WeightRange::kLearned};
  const auto uniform = quantize(small_mlp(), options, 1);
  options.weight_format = recipe::WeightFormat::kTernary;
  EXPECT_EQ(quantize(uniform, options, 1), quantize(small_mlp(), options, 1));
}

TEST(Quantize, FixesWeightsAtRangesOfTheLeastErrorByChannel) {
  const auto graph = quantize(small_mlp(),
                              {.weight_bits = 3,
                               .weight_granularity = recipe::Granularity::kChannel,
                               .weight_range = recipe::WeightRange::kMse},
                              1);
  const auto& weight = *find(graph, "fc1.weight");
  EXPECT_EQ(weight.quantizer->range_rule, RangeRule::kFixed);
  const auto& range = *find(graph, "fc1.weight.range");
  EXPECT_FALSE(range.is_trainable);
  const auto found = range.stored.as<float>();
  EXPECT_EQ(std::vector<float>(found.begin(), found.end()),
            find_ranges(weight.stored.as<float>(), 4,
                        {.method = recipe::Calibration::kMse,
                         .codes = graph::uniform_codes(3, true, true)}));
}

TEST(Quantize, PutsCalibratedRangesInPlaceOfLearnedOnes) {
  const auto trained = quantize(small_mlp(), {}, 1);
  const auto graph =
      quantize(trained, {}, 1, {{"input.quantize", 2.5F}, {"fc2.activation", 0.25F}});
  EXPECT_EQ(find(graph, "input.quantize.range")->stored.as<float>()[0], 2.5F);
  EXPECT_EQ(find(graph, "fc2.activation.log_range")->stored.as<float>()[0], -2);
  EXPECT_EQ(find(graph, "fc1.activation.log_range")->stored,
            find(trained, "fc1.activation.log_range")->stored);
}

TEST(WiresToQuantize, AreTheInputAndWhatReluNodesWrite) {
  const auto wires = wires_to_quantize(
      small_mlp(), {.activation_bits = 5, .layers = {{.match = "fc1", .activation_bits = 32}}});
  ASSERT_EQ(wires.size(), 2U);
  EXPECT_EQ(wires[0].node, "input.quantize");
  EXPECT_EQ(wires[0].codes, graph::uniform_codes(16, true, true));
  EXPECT_EQ(wires[1].node, "fc2.activation");
  EXPECT_EQ(wires[1].wire, "fc2.relu");
  EXPECT_EQ(wires[1].codes, graph::uniform_codes(5, false, false));
  EXPECT_EQ(without_quantizers(quantize(small_mlp(0.1), {}, 1)), small_mlp(0.1));
}

TEST(Quantize, RefusesImpossibleWidthsAndUnknownLayers) {
  EXPECT_THROW(quantize(small_mlp(), {.weight_bits = 0}, 1), InputError);
  EXPECT_THROW(quantize(small_mlp(), {.activation_bits = 17}, 1), InputError);
  EXPECT_THROW(quantize(small_mlp(), {.input_bits = 33}, 1), InputError);
  EXPECT_THROW(quantize(small_mlp(), {.activation_range = 0}, 1), InputError);
  try {
    quantize(small_mlp(), {.layers = {{.match = "fc9", .weight_bits = 4}}}, 1);
    FAIL() << "a pattern matched nothing";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("fc1, fc2, output"));
  }
}

}  // namespace
}  // namespace pare::rewrite
