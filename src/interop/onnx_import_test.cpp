#include "interop/onnx_import.h"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "interop/test_onnx.h"

namespace pare::interop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> kinds(const graph::Graph& graph) {
  std::vector<std::string> result;
  for (const graph::Node& node : graph.nodes) result.emplace_back(graph::kind_of(node.op));
  return result;
}

/// What the imported network makes of raw samples.
std::vector<double> output_of(const Imported& imported, const Shape& shape,
                              const std::vector<float>& raw) {
  const Tensor inputs = graph::map_input(imported.graph, Tensor::from(shape, raw));
  return graph::evaluate(imported.graph, inputs).to_doubles();
}

std::string error_of(const TestOnnx& model) {
  try {
    model.imported();
  } catch (const InputError& error) {
    return error.what();
  }
  return "(no error)";
}

/// Integers of a quantizer's parameter.
std::int64_t bits_of(const graph::Graph& graph, const graph::Quantizer& quantizer) {
  const auto& format = std::get<graph::Uniform>(quantizer.format);
  return graph.parameter(format.bits).stored.as<std::int32_t>()[0];
}

// --- batches and shapes

TEST(OnnxImport, DropsTheBatchWhateverItsSize) {
  for (const std::int64_t batch : {1, 789444, -1}) {
    TestOnnx model({batch, 2});
    model.constant("w", {2, 1}, {3, 4}).node("MatMul", {"x", "w"}, "y");
    const Imported imported = model.imported();
    EXPECT_EQ(imported.graph.inputs.front().shape, Shape{2});
    EXPECT_THAT(output_of(imported, {2, 2}, {1, 1, 1, 2}), ElementsAre(7, 11));
  }
}

TEST(OnnxImport, FoldsShapesThatAreComputedFromTheBatch) {
  for (const std::int64_t batch : {1, -1}) {
    TestOnnx model({batch, 1, 2, 2}, 9);
    model.integers("zero", {}, {0}).integers("rest", {1}, {-1});
    model.node("Shape", {"x"}, "shape")
        .node("Gather", {"shape", "zero"}, "n")
        .with("axis", std::int64_t{0})
        .node("Unsqueeze", {"n"}, "list")
        .with("axes", {0})
        .node("Concat", {"list", "rest"}, "target")
        .with("axis", std::int64_t{0})
        .node("Reshape", {"x", "target"}, "flat")
        .constant("w", {4, 1}, {1, 2, 3, 4})
        .node("MatMul", {"flat", "w"}, "y");
    const Imported imported = model.imported();
    EXPECT_THAT(kinds(imported.graph), ElementsAre("flatten", "linear"));
    EXPECT_EQ(imported.graph.nodes.front().name, "flat");
    EXPECT_THAT(output_of(imported, {1, 1, 2, 2}, {1, 0, 0, 1}), ElementsAre(5));
  }
}

TEST(OnnxImport, AnAxisPutInAroundABatchNormLeavesNoTrace) {
  TestOnnx model({1, 2}, 6);
  model.constant("one", {2}, {1, 1}).constant("zero", {2}, {0, 0});
  model.node("Unsqueeze", {"x"}, "a")
      .with("axes", {2})
      .node("BatchNormalization", {"a", "one", "zero", "zero", "one"}, "b")
      .node("Squeeze", {"b"}, "c")
      .with("axes", {2})
      .node("Relu", {"c"}, "y");
  EXPECT_THAT(kinds(model.imported().graph), ElementsAre("batch_norm", "relu"));
}

TEST(OnnxImport, TranspositionsThatUndoEachOtherGo) {
  TestOnnx model({1, 2, 3});
  model.node("Transpose", {"x"}, "a")
      .with("perm", {0, 2, 1})
      .node("Transpose", {"a"}, "b")
      .with("perm", {0, 2, 1})
      .node("Relu", {"b"}, "y");
  EXPECT_THAT(kinds(model.imported().graph), ElementsAre("relu"));
}

TEST(OnnxImport, ChannelsLastBecomeChannelsFirst) {
  TestOnnx model({1, 2, 2});  // [length, channels]
  model.node("Transpose", {"x"}, "a")
      .with("perm", {0, 2, 1})
      .constant("w", {1, 2, 1}, {10, 1})
      .node("Conv", {"a", "w"}, "y");
  const Imported imported = model.imported();
  EXPECT_THAT(output_of(imported, {1, 2, 2}, {1, 2, 3, 4}), ElementsAre(12, 34));
}

TEST(OnnxImport, JoinsValuesAlongAnyAxisOfASample) {
  for (const std::int64_t axis : {1, 2, -1}) {
    TestOnnx model({1, 1, 2});
    model.node("Relu", {"x"}, "r").node("Concat", {"x", "r"}, "y").with("axis", axis);
    EXPECT_THAT(output_of(model.imported(), {1, 1, 2}, {1, -2}), ElementsAre(1, -2, 1, 0));
  }
}

TEST(OnnxImport, APadBelongsToTheConvolutionBehindIt) {
  TestOnnx model({1, 1, 3});
  model.integers("pads", {6}, {0, 0, 1, 0, 0, 2})
      .node("Pad", {"x", "pads"}, "a")
      .constant("w", {1, 1, 2}, {1, 10})
      .node("Conv", {"a", "w"}, "y");
  const Imported imported = model.imported();
  EXPECT_THAT(kinds(imported.graph), ElementsAre("conv"));
  EXPECT_THAT(output_of(imported, {1, 1, 3}, {1, 2, 3}), ElementsAre(10, 21, 32, 3, 0));
}

// --- arithmetic with constants

TEST(OnnxImport, ArithmeticInFrontBelongsToTheInput) {
  TestOnnx model({1, 1, 2});
  model.constant("two", {}, {2})
      .constant("one", {1}, {1})
      .node("Mul", {"x", "two"}, "a")
      .node("Sub", {"a", "one"}, "b")
      .node("Relu", {"b"}, "y");
  const Imported plain = model.imported();
  EXPECT_THAT(kinds(plain.graph), ElementsAre("relu"));
  EXPECT_THAT(plain.graph.inputs.front().mean, ElementsAre(0.5));
  EXPECT_THAT(plain.graph.inputs.front().scale, ElementsAre(0.5));
  EXPECT_THAT(output_of(plain, {1, 1, 2}, {1, 0.25}), ElementsAre(1, 0));

  // Pixels from 0 to 255, at once.
  const Imported pixels = model.imported({.input_mean = 0, .input_scale = 255});
  EXPECT_THAT(pixels.graph.inputs.front().mean, ElementsAre(127.5));
  EXPECT_THAT(pixels.graph.inputs.front().scale, ElementsAre(127.5));
}

TEST(OnnxImport, AChainOfConstantsIsOneScaleAndShift) {
  TestOnnx model({1, 2});
  model.constant("c", {2}, {2, 4}).constant("s", {}, {3}).node("Relu", {"x"}, "r");
  model.node("Sub", {"r", "c"}, "a")
      .node("Div", {"a", "c"}, "b")
      .node("Mul", {"b", "s"}, "d")
      .node("Add", {"d", "s"}, "y");
  const Imported imported = model.imported();
  EXPECT_THAT(kinds(imported.graph), ElementsAre("relu", "batch_norm"));
  // (x - c) / c * 3 + 3
  EXPECT_THAT(output_of(imported, {1, 2}, {8, 8}), ElementsAre(12, 6));
}

TEST(OnnxImport, AnAddBehindALayerIsItsBias) {
  TestOnnx model({1, 2});
  model.constant("w", {2, 2}, {1, 0, 0, 1})
      .constant("b", {1, 2}, {5, 6})
      .node("MatMul", {"x", "w"}, "m")
      .node("Add", {"m", "b"}, "y");
  const Imported imported = model.imported();
  EXPECT_THAT(kinds(imported.graph), ElementsAre("linear"));
  EXPECT_THAT(output_of(imported, {1, 2}, {1, 2}), ElementsAre(6, 8));
}

TEST(OnnxImport, ALayerThatIsReadTwiceKeepsItsOutput) {
  TestOnnx model({1, 2});
  model.constant("w", {2, 2}, {1, 0, 0, 1})
      .constant("b", {2}, {5, 6})
      .node("MatMul", {"x", "w"}, "m")
      .node("Add", {"m", "b"}, "a")
      .node("Add", {"m", "a"}, "y");
  EXPECT_THAT(output_of(model.imported(), {1, 2}, {1, 2}), ElementsAre(7, 10));
}

TEST(OnnxImport, ElementsMayHaveScalesOfTheirOwn) {
  TestOnnx model({1, 1, 2});
  model.constant("c", {2}, {2, 4}).node("Relu", {"x"}, "r").node("Mul", {"r", "c"}, "y");
  EXPECT_THAT(output_of(model.imported(), {1, 1, 2}, {1, 1}), ElementsAre(2, 4));
}

TEST(OnnxImport, ClipsAtBothEnds) {
  TestOnnx model({1, 4});
  model.constant("low", {}, {-1}).constant("high", {}, {2}).node("Clip", {"x", "low", "high"}, "y");
  EXPECT_THAT(output_of(model.imported(), {1, 4}, {-3, -0.5, 1.5, 6}),
              ElementsAre(-1, -0.5, 1.5, 2));
}

// --- quantizers

TEST(OnnxImport, AQuantRoundsByItsScale) {
  TestOnnx model({1, 5});
  model.constant("scale", {}, {0.3F})
      .constant("zero", {}, {0})
      .constant("bits", {}, {3})
      .quant({"x", "scale", "zero", "bits"}, "y")
      .with("narrow", std::int64_t{1})
      .with("signed", std::int64_t{1});
  const Imported imported = model.imported();
  const float step = 0.3F;
  EXPECT_THAT(output_of(imported, {1, 5}, {0.5F, -0.4F, 9, -9, 0.1F}),
              ElementsAre(2 * step, -step, 3 * step, -3 * step, 0));
  EXPECT_EQ(
      bits_of(imported.graph, std::get<graph::Quantize>(imported.graph.nodes[0].op).quantizer), 3);
}

TEST(OnnxImport, AZeroPointIsTheCodeOfZero) {
  TestOnnx model({1, 3});
  model.constant("scale", {}, {0.5F})
      .constant("zero", {}, {2})
      .constant("bits", {}, {2})
      .quant({"x", "scale", "zero", "bits"}, "y")
      .with("signed", std::int64_t{0});
  EXPECT_THAT(output_of(model.imported(), {1, 3}, {-5, 0, 5}), ElementsAre(-1, 0, 0.5));
}

TEST(OnnxImport, RoundingModesAreKept) {
  const std::vector<float> raw = {0.5F, 1.5F, -0.5F, 0.2F, -0.2F};
  const std::vector<std::pair<std::string, std::vector<double>>> modes = {
      {"ROUND", {0, 2, 0, 0, 0}},     {"HALF_UP", {1, 2, -1, 0, 0}},
      {"FLOOR", {0, 1, -1, 0, -1}},   {"CEIL", {1, 2, 0, 1, 0}},
      {"DOWN", {0, 1, 0, 0, 0}},      {"ROUND_TO_ZERO", {0, 1, 0, 0, 0}},
      {"HALF_EVEN", {0, 2, 0, 0, 0}}, {"HALF_DOWN", {0, 1, 0, 0, 0}},
      {"UP", {1, 2, -1, 1, -1}},
  };
  for (const auto& [mode, expected] : modes) {
    TestOnnx model({1, 5});
    model.constant("scale", {}, {1})
        .constant("zero", {}, {0})
        .constant("bits", {}, {4})
        .quant({"x", "scale", "zero", "bits"}, "y")
        .with("rounding_mode", mode);
    EXPECT_EQ(output_of(model.imported(), {1, 5}, raw), expected) << mode;
  }
}

TEST(OnnxImport, AWeightsQuantizerGoesWithItThroughATransposition) {
  TestOnnx model({1, 2});
  // Scales of the file's rows, which are the outputs: [outputs, inputs], then exchanged.
  model.constant("w", {2, 2}, {0.9F, 2.2F, 11, 19})
      .constant("scale", {2, 1}, {1, 10})
      .constant("zero", {}, {0})
      .constant("bits", {}, {3})
      .quant({"w", "scale", "zero", "bits"}, "q")
      .node("Transpose", {"q"}, "t")
      .with("perm", {1, 0})
      .node("MatMul", {"x", "t"}, "y");
  const Imported imported = model.imported();
  EXPECT_THAT(output_of(imported, {2, 2}, {1, 0, 0, 1}), ElementsAre(1, 10, 2, 20));
  const auto id = std::get<graph::Linear>(imported.graph.nodes[0].op).weight;
  const auto& quantizer = imported.graph.parameter(id).quantizer;
  ASSERT_TRUE(quantizer);
  EXPECT_EQ(imported.graph.parameter(*quantizer->range).stored.size(), 2U);
}

TEST(OnnxImport, ABipolarQuantIsASign) {
  TestOnnx model({1, 3});
  model.constant("scale", {}, {0.25F}).node("BipolarQuant", {"x", "scale"}, "y", "onnx.brevitas");
  EXPECT_THAT(output_of(model.imported(), {1, 3}, {-3, 0, 2}), ElementsAre(-0.25, 0.25, 0.25));
}

TEST(OnnxImport, ATruncDropsBits) {
  TestOnnx model({1, 3});
  model.constant("scale", {}, {0.5F})
      .constant("zero", {}, {0})
      .constant("in", {}, {6})
      .constant("out", {}, {4})
      .node("Trunc", {"x", "scale", "zero", "in", "out"}, "y", "qonnx.custom_op.general")
      .with("rounding_mode", "FLOOR");
  // Codes 7, 8, -1 by 4.
  EXPECT_THAT(output_of(model.imported(), {1, 3}, {3.5F, 4, -0.5F}), ElementsAre(0.5, 1, -0.5));
}

TEST(OnnxImport, QuantizeAndDequantizeAreOneQuantizer) {
  TestOnnx model({1, 3});
  model.constant("scale", {}, {0.5F})
      .integers("zero", {}, {128}, onnx::TensorProto::UINT8)
      .node("QuantizeLinear", {"x", "scale", "zero"}, "q")
      .node("DequantizeLinear", {"q", "scale", "zero"}, "y");
  const Imported imported = model.imported();
  EXPECT_THAT(kinds(imported.graph), ElementsAre("quantize"));
  EXPECT_THAT(output_of(imported, {1, 3}, {0.6F, -100, 100}), ElementsAre(0.5, -64, 63.5));
}

TEST(OnnxImport, AClipBetweenThemIsFewerBits) {
  TestOnnx model({1, 3});
  model.constant("scale", {}, {0.5F})
      .integers("zero", {}, {0}, onnx::TensorProto::INT8)
      .integers("low", {}, {-7}, onnx::TensorProto::INT8)
      .integers("high", {}, {7}, onnx::TensorProto::INT8)
      .node("QuantizeLinear", {"x", "scale", "zero"}, "q")
      .node("Clip", {"q", "low", "high"}, "c")
      .node("DequantizeLinear", {"c", "scale", "zero"}, "y");
  const Imported imported = model.imported();
  const auto& quantizer = std::get<graph::Quantize>(imported.graph.nodes.at(0).op).quantizer;
  EXPECT_EQ(bits_of(imported.graph, quantizer), 4);
  EXPECT_THAT(output_of(imported, {1, 3}, {0.6F, -100, 100}), ElementsAre(0.5, -3.5, 3.5));
}

TEST(OnnxImport, AQLinearConvHasItsBiasOnTheGridOfItsSums) {
  TestOnnx model({1, 1, 2});
  model.constant("sx", {}, {0.5F})
      .integers("zx", {}, {128}, onnx::TensorProto::UINT8)
      .integers("w", {2, 1, 1}, {2, -3}, onnx::TensorProto::INT8)
      .constant("sw", {2}, {0.25F, 0.5F})
      .integers("zw", {}, {0}, onnx::TensorProto::INT8)
      .constant("sy", {}, {0.125F})
      .integers("zy", {}, {128}, onnx::TensorProto::UINT8)
      .integers("b", {2}, {4, 4}, onnx::TensorProto::INT32)
      .node("QuantizeLinear", {"x", "sx", "zx"}, "q")
      .node("QLinearConv", {"q", "sx", "zx", "w", "sw", "zw", "sy", "zy", "b"}, "c")
      .node("DequantizeLinear", {"c", "sy", "zy"}, "y");
  const Imported imported = model.imported();
  EXPECT_THAT(kinds(imported.graph), ElementsAre("quantize", "conv", "quantize"));
  // 0.5 x + 4 * 0.125 and -1.5 x + 4 * 0.25.
  EXPECT_THAT(output_of(imported, {1, 1, 2}, {1, 2}), ElementsAre(1, 1.5, -0.5, -2));
  const auto& conv = std::get<graph::Conv>(imported.graph.nodes[1].op);
  EXPECT_EQ(imported.graph.parameter(*conv.bias).quantizer->range_rule,
            graph::RangeRule::kAccumulator);
}

TEST(OnnxImport, PoolingsMayStandBetweenIntegersAndWhatTheyMean) {
  TestOnnx model({1, 1, 4});
  model.constant("scale", {}, {0.5F})
      .integers("zero", {}, {0}, onnx::TensorProto::INT8)
      .node("QuantizeLinear", {"x", "scale", "zero"}, "q")
      .node("MaxPool", {"q"}, "p")
      .with("kernel_shape", {2})
      .with("strides", {2})
      .node("DequantizeLinear", {"p", "scale", "zero"}, "y");
  EXPECT_THAT(output_of(model.imported(), {1, 1, 4}, {1, 2, 4, 3}), ElementsAre(2, 4));
}

// --- what is refused

TEST(OnnxImport, EveryUnknownOperatorIsListed) {
  TestOnnx model({1, 4});
  model.node("Relu", {"x"}, "a").node("Erf", {"a"}, "b").node("Einsum", {"b"}, "y");
  EXPECT_THAT(error_of(model), AllOf(HasSubstr("test.onnx: 2 of 3 nodes"), HasSubstr("'b' (Erf)"),
                                     HasSubstr("'y' (Einsum)")));
}

TEST(OnnxImport, RefusalsNameTheNode) {
  TestOnnx wide({1, 4});
  wide.constant("w", {3, 2}, {1, 2, 3, 4, 5, 6}).node("MatMul", {"x", "w"}, "y");
  EXPECT_THAT(error_of(wide), AllOf(HasSubstr("test.onnx: node 'y' (MatMul)"), HasSubstr("[4]"),
                                    HasSubstr("3 inputs")));

  TestOnnx batch({2, 4});
  batch.node("Transpose", {"x"}, "y").with("perm", {1, 0});
  EXPECT_THAT(error_of(batch), HasSubstr("moves the batch"));

  TestOnnx bits({1, 4});
  bits.constant("scale", {}, {1}).constant("zero", {}, {0}).constant("bits", {}, {2.5F});
  bits.quant({"x", "scale", "zero", "bits"}, "y");
  EXPECT_THAT(error_of(bits), HasSubstr("2.5 bits"));

  TestOnnx scale({1, 4});
  scale.constant("scale", {}, {0}).constant("zero", {}, {0}).constant("bits", {}, {4});
  scale.quant({"x", "scale", "zero", "bits"}, "y");
  EXPECT_THAT(error_of(scale), HasSubstr("a scale of 0"));

  TestOnnx integers({1, 4});
  integers.constant("scale", {}, {1}).node("QuantizeLinear", {"x", "scale"}, "y");
  EXPECT_THAT(error_of(integers), HasSubstr("DequantizeLinear"));

  TestOnnx open({1, -1});
  open.node("Relu", {"x"}, "y");
  EXPECT_THAT(error_of(open), HasSubstr("size is known"));
}

TEST(OnnxImport, ManyNodesOfOneNameAreFast) {
  TestOnnx model({1, 2});
  std::string last = "x";
  for (int i = 0; i < 3000; ++i) {
    const std::string next = i == 2999 ? "y" : "v" + std::to_string(i);
    model.node("Relu", {last}, next);
    model.model().mutable_graph()->mutable_node(i)->set_name("same");
    last = next;
  }
  EXPECT_EQ(model.imported().graph.nodes.size(), 3000U);
}

}  // namespace
}  // namespace pare::interop
