#include "interop/onnx_export.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "interop/onnx_import.h"
#include "interop/test_onnx.h"
#include "lower/lower.h"
#include "lower/test_networks.h"
#include "program/reference.h"
#include "rewrite/mlp.h"

namespace pare::interop {
namespace {

using ::testing::HasSubstr;

graph::Graph there_and_back(const graph::Graph& graph, OnnxForm form) {
  return import_onnx(export_onnx(graph, form), "written.onnx", "").graph;
}

/// Standardised, as training leaves it.
void standardise(graph::Graph& graph) {
  graph::Input& input = graph.inputs.front();
  for (std::int64_t c = 0; c < input.shape.front(); ++c) {
    input.mean.push_back(0.1 * static_cast<double>(c) - 0.3);
    input.scale.push_back(1.7 / static_cast<double>(c + 3));
  }
}

Tensor random_raw(const Shape& sample, std::uint64_t seed) {
  Shape shape = sample;
  shape.insert(shape.begin(), 4);
  Tensor raw(DType::kF32, shape);
  program::RandomNumbers random(seed);
  for (float& x : raw.as<float>()) x = static_cast<float>(random.in(-4096, 4096)) / 1000;
  return raw;
}

/// What a frozen network makes of raw samples: input codes, then output codes.
std::vector<program::Codes> codes_of(const graph::Graph& graph, const Tensor& raw) {
  const lower::Lowered lowered = lower::lower(graph, {.input_max_abs = 4.0});
  const auto values = raw.as<float>();
  const std::size_t size = values.size() / 4;
  std::vector<program::Codes> result;
  for (std::size_t n = 0; n < 4; ++n) {
    program::Codes codes(size);
    lower::map_input(lowered.interface, values.subspan(n * size, size), codes);
    result.push_back(codes);
    const auto outputs = run_reference(lowered.program, {{codes}, {}}).outputs;
    result.push_back(outputs.front());
  }
  return result;
}

recipe::Quantize random_options(std::uint64_t seed) {
  program::RandomNumbers random(seed + 77);
  recipe::Quantize options;
  options.step = random.one_in(2) ? recipe::Step::kFloat : recipe::Step::kPow2;
  options.weight_granularity =
      random.one_in(2) ? recipe::Granularity::kTensor : recipe::Granularity::kChannel;
  return options;
}

graph::Graph random_quantized(std::uint64_t seed) {
  const auto norm = seed % 2 == 0 ? recipe::BatchNormKind::kFull : recipe::BatchNormKind::kNone;
  graph::Graph graph = lower::random_cnn(seed, norm, random_options(seed));
  standardise(graph);
  return graph;
}

RC_GTEST_PROP(OnnxExport, QonnxBringsTheSameIntegersBack, ()) {
  const std::uint64_t seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const graph::Graph graph = random_quantized(seed);
  const graph::Graph back = there_and_back(graph, OnnxForm::kQonnx);
  const Tensor raw = random_raw(graph.inputs.front().shape, seed);
  RC_ASSERT(codes_of(graph, raw) == codes_of(back, raw));
}

RC_GTEST_PROP(OnnxExport, QuantizeLinearBringsTheSameIntegersBack, ()) {
  const std::uint64_t seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  graph::Graph graph = random_quantized(seed);
  // Inputs of more than 8 bits are written as arithmetic, which is not read back.
  for (graph::Parameter& parameter : graph.parameters) {
    if (parameter.role != graph::Role::kBits || parameter.stored.size() != 1) continue;
    auto& bits = parameter.stored.as<std::int32_t>()[0];
    if (bits > 8 && bits < 16) bits = 8;
  }
  const graph::Graph back = there_and_back(graph, OnnxForm::kQdq);
  const Tensor raw = random_raw(graph.inputs.front().shape, seed);
  RC_ASSERT(codes_of(graph, raw) == codes_of(back, raw));
}

RC_GTEST_PROP(OnnxExport, AFloatNetworkComputesTheSame, ()) {
  const std::uint64_t seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  graph::Graph graph = rewrite::mlp({.hidden = {5, 4}, .batch_norm = recipe::BatchNormKind::kFull},
                                    {6}, {"a", "b", "c"}, seed);
  lower::scramble(graph, seed);
  standardise(graph);
  for (const OnnxForm form : {OnnxForm::kFloat, OnnxForm::kQonnx, OnnxForm::kQdq}) {
    const graph::Graph back = there_and_back(graph, form);
    const Tensor raw = random_raw({6}, seed);
    RC_ASSERT(evaluate(graph, map_input(graph, raw)) == evaluate(back, map_input(back, raw)));
  }
}

TEST(OnnxExport, NamesAndNodesAreKept) {
  const graph::Graph graph =
      rewrite::mlp({.hidden = {5}, .batch_norm = recipe::BatchNormKind::kFull}, {6}, {"a", "b"}, 1);
  const graph::Graph back = there_and_back(graph, OnnxForm::kFloat);
  ASSERT_EQ(back.nodes.size(), graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    EXPECT_EQ(back.nodes[i].name, graph.nodes[i].name);
    EXPECT_EQ(graph::kind_of(back.nodes[i].op), graph::kind_of(graph.nodes[i].op));
  }
}

TEST(OnnxExport, RefusalsNameTheNode) {
  graph::Graph graph = rewrite::mlp(
      {.hidden = {5}, .batch_norm = recipe::BatchNormKind::kNoStatistics}, {6}, {"a", "b"}, 1);
  try {
    export_onnx(graph, OnnxForm::kFloat);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("node 'fc1.bn': it has no running statistics"));
  }
}

TEST(OnnxExport, MetadataThatDoNotAgreeWithTheFileAreLeftAlone) {
  TestOnnx model({1, 2});
  model.constant("scale", {}, {0.5F}).constant("zero", {}, {0}).constant("bits", {}, {4});
  model.quant({"x", "scale", "zero", "bits"}, "y");
  for (const char* text :
       {"{", "[]", "{\"quantizers\": {\"y\": 3}}", "{\"input\": {\"mean\": [1, 2, 3]}}",
        "{\"quantizers\": {\"y\": {\"bits\": 4, \"signed\": true, \"narrow\": true, \"ranges\": "
        "[9]}}}"}) {
    TestOnnx noted = model;
    auto& entry = *noted.model().add_metadata_props();
    entry.set_key("pare");
    entry.set_value(text);
    EXPECT_EQ(noted.imported().graph, model.imported().graph) << text;
  }
}

}  // namespace
}  // namespace pare::interop
