#include "graph/check.h"

#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "graph/test_graphs.h"

namespace pare::graph {
namespace {

using testing::HasSubstr;

TestGraph three_layers() {
  TestGraph test({16});
  test.node("q", Quantize{test.fixed("q", 8, true, 4)});
  test.linear("fc1", {64, 16}, std::vector<float>(1024, 1), std::vector<float>(64, 0));
  test.quantize_layer("fc1", 6);
  test.linear("fc2", {48, 64}, std::vector<float>(3072, 1), std::vector<float>(48, 0));
  test.linear("fc3", {32, 48}, std::vector<float>(1536, 1), std::vector<float>(32, 0));
  test.node("bn", BatchNorm{.mean = test.floats("mean", Role::kMean, {32}, std::vector<float>(32)),
                            .variance = test.floats("variance", Role::kVariance, {32},
                                                    std::vector<float>(32, 1))});
  return test;
}

std::string message_after(const std::function<void(TestGraph&)>& change) {
  TestGraph test = three_layers();
  check(test.graph);
  change(test);
  try {
    check(test.graph);
  } catch (const InputError& error) {
    return error.what();
  }
  return "passed";
}

TEST(Check, NamesTheLayerWhoseShapeDoesNotFit) {
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc3.weight").stored = Tensor(DType::kF32, {32, 64});
              }),
              HasSubstr("layer 3 'fc3': weight [32, 64] but input [48]"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc2.bias").stored = Tensor(DType::kF32, {47});
              }),
              HasSubstr("layer 2 'fc2': 'fc2.bias' is [47], expected [48]"));
}

TEST(Check, KeepsIdsInsideTheGraph) {
  EXPECT_THAT(message_after([](TestGraph& test) {
                std::get<Linear>(test.graph.nodes[1].op).weight.value = 99;
              }),
              HasSubstr("node 'fc1' refers to parameter 99"));
  EXPECT_THAT(message_after([](TestGraph& test) { test.graph.nodes[1].inputs[0].value = 99; }),
              HasSubstr("wire 99"));
  EXPECT_THAT(message_after([](TestGraph& test) { test.graph.output.value = 99; }),
              HasSubstr("the graph's output refers to wire 99"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight").quantizer->range = ParameterId{77};
              }),
              HasSubstr("parameter 'fc1.weight': its quantizer refers to parameter 77"));
}

TEST(Check, WantsEveryWireWrittenOnceBeforeItIsRead) {
  EXPECT_THAT(
      message_after([](TestGraph& test) { std::swap(test.graph.nodes[1], test.graph.nodes[2]); }),
      HasSubstr("node 'fc2' reads wire 'fc1' before it is written"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.graph.nodes[2].outputs = test.graph.nodes[1].outputs;
              }),
              HasSubstr("writes wire 'fc1', which is written already"));
  EXPECT_THAT(message_after([](TestGraph& test) { test.graph.nodes[2].inputs.clear(); }),
              HasSubstr("has 0 inputs, expected 1"));
}

TEST(Check, WantsUniqueNames) {
  EXPECT_THAT(message_after([](TestGraph& test) { test.graph.nodes[2].name = "fc1"; }),
              HasSubstr("two nodes are called 'fc1'"));
  EXPECT_THAT(message_after([](TestGraph& test) { test.graph.wires[2].name = ""; }),
              HasSubstr("a wire has no name"));
  EXPECT_THAT(message_after([](TestGraph& test) { test.parameter("fc2.bias").name = "a.mask"; }),
              HasSubstr("must not end in '.mask'"));
}

TEST(Check, LooksAtParameters) {
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc2.weight").stored = Tensor(DType::kF64, {48, 64});
              }),
              HasSubstr("parameter 'fc2.weight': is f64, expected f32"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc2.weight").mask = Tensor(DType::kU8, {48, 63});
              }),
              HasSubstr("its mask is u8 [48, 63], expected u8 [48, 64]"));
  EXPECT_THAT(
      message_after([](TestGraph& test) { test.parameter("variance").stored.as<float>()[3] = -1; }),
      HasSubstr("parameter 'variance': holds -1"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("q.range").stored.as<float>()[0] =
                    std::numeric_limits<float>::infinity();
              }),
              HasSubstr("parameter 'q.range': holds inf"));
  EXPECT_THAT(message_after([](TestGraph& test) { test.parameter("fc2.bias").role = Role::kGain; }),
              HasSubstr("layer 2 'fc2': 'fc2.bias' is its bias"));
}

TEST(Check, LooksAtQuantizers) {
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight.bits").stored.as<std::int32_t>()[0] = 33;
              }),
              HasSubstr("'fc1.weight.bits' is 33 bits; allowed: 1 to 32"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                std::get<Quantize>(test.graph.nodes[0].op).quantizer.range.reset();
              }),
              HasSubstr("node 'q': a fixed quantizer needs a range"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("q.range").stored = Tensor::from<float>({3}, {1, 1, 1});
              }),
              HasSubstr("'q.range' has 3 elements"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                std::get<Quantize>(test.graph.nodes[0].op).quantizer.range_rule =
                    RangeRule::kMaxAbs;
              }),
              HasSubstr("node 'q': a wire's range"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight").quantizer->format = Levels{{0, 0.5, 1}};
              }),
              HasSubstr("level 0.5"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight").quantizer->format = Binary{};
                test.parameter("fc1.weight").mask = Tensor(DType::kU8, {64, 16});
              }),
              HasSubstr("use ternary"));
}

TEST(Check, HoldsStatisticsToTheirFormats) {
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight").quantizer->range_rule = RangeRule::kThresholdMean;
              }),
              HasSubstr("threshold_mean is of ternary codes"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight").quantizer->range_rule = RangeRule::kSawb;
              }),
              HasSubstr("sawb knows ranges for 4 and 8 bits"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight").quantizer->range_rule = RangeRule::kSawb;
                test.parameter("fc1.weight").quantizer->format = Ternary{};
              }),
              HasSubstr("sawb is of signed codes"));
  EXPECT_EQ(message_after([](TestGraph& test) {
              test.parameter("fc1.weight").quantizer->range_rule = RangeRule::kThresholdMean;
              test.parameter("fc1.weight").quantizer->format = Ternary{};
            }),
            "passed");
}

TEST(Check, HoldsTrainingMapsToSymmetricWeights) {
  const auto message = [](auto change) {
    return message_after([&](TestGraph& test) {
      Quantizer& quantizer = *test.parameter("fc1.weight").quantizer;
      quantizer.training_map = TrainingMap::kAffine;
      change(quantizer);
    });
  };
  EXPECT_EQ(message([](Quantizer&) {}), "passed");
  EXPECT_THAT(message([](Quantizer& of) { of.format = Ternary{}; }),
              HasSubstr("training map 'affine' goes with uniform signed codes of rule max_abs"));
  EXPECT_THAT(message([](Quantizer& of) { std::get<Uniform>(of.format).is_signed = false; }),
              HasSubstr("training map 'affine'"));
  EXPECT_THAT(message([](Quantizer& of) { of.range_rule = RangeRule::kTwiceMeanAbs; }),
              HasSubstr("training map 'affine'"));
}

TEST(Check, HoldsTheAffineRuleToAllCodesOfSignedWeights) {
  const auto message = [](auto change) {
    return message_after([&](TestGraph& test) {
      Quantizer& quantizer = *test.parameter("fc1.weight").quantizer;
      quantizer.range_rule = RangeRule::kMinMax;
      std::get<Uniform>(quantizer.format).is_narrow = false;
      change(quantizer);
    });
  };
  EXPECT_EQ(message([](Quantizer&) {}), "passed");
  const auto refuses = HasSubstr("a range of rule min_max is of signed uniform codes, not narrow");
  EXPECT_THAT(message([](Quantizer& of) { of.format = Ternary{}; }), refuses);
  EXPECT_THAT(message([](Quantizer& of) { std::get<Uniform>(of.format).is_narrow = true; }),
              refuses);
  EXPECT_THAT(message([](Quantizer& of) { std::get<Uniform>(of.format).is_signed = false; }),
              refuses);
  EXPECT_THAT(message([](Quantizer& of) { of.zero_point = ParameterId{0}; }), refuses);
}

TEST(Check, WantsGivenStepsThatArePositive) {
  const auto given = [](TestGraph& test, float step) -> Quantizer& {
    auto& quantizer = std::get<Quantize>(test.graph.nodes[0].op).quantizer;
    quantizer = test.stepped("given", 8, true, step);
    return quantizer;
  };
  EXPECT_EQ(message_after([&](TestGraph& test) { given(test, 0.3F); }), "passed");
  EXPECT_EQ(message_after([&](TestGraph& test) { given(test, 0); }),
            "node 'q': its step 'given.step' holds 0; expected positive numbers");
  EXPECT_THAT(message_after([&](TestGraph& test) { given(test, -0.5F); }),
              HasSubstr("its step 'given.step' holds -0.5"));
  EXPECT_THAT(
      message_after([&](TestGraph& test) { given(test, std::numeric_limits<float>::infinity()); }),
      HasSubstr("parameter 'given.step': holds inf"));
  EXPECT_THAT(message_after([&](TestGraph& test) { given(test, 1).range.reset(); }),
              HasSubstr("node 'q': a quantizer of a given step needs one"));
  EXPECT_THAT(message_after([&](TestGraph& test) { given(test, 1).step = StepRule::kPow2; }),
              HasSubstr("the step rule must be 'float', not 'pow2'"));
  EXPECT_THAT(
      message_after([&](TestGraph& test) { given(test, 1).range_rule = RangeRule::kFixed; }),
      HasSubstr("its quantizer uses 'given.step', which is no range"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                std::get<Quantize>(test.graph.nodes[0].op).quantizer.range_rule = RangeRule::kStep;
              }),
              HasSubstr("its quantizer uses 'q.range', which is no step"));
}

TEST(Check, WantsPositiveVariancesWhereEpsilonIsZero) {
  const auto norm = [](TestGraph& test) -> BatchNorm& {
    return std::get<BatchNorm>(test.graph.nodes.back().op);
  };
  EXPECT_EQ(message_after([&](TestGraph& test) { norm(test).epsilon = 0; }), "passed");
  EXPECT_EQ(message_after([&](TestGraph& test) {
              norm(test).epsilon = 0;
              test.parameter("variance").stored.as<float>()[3] = 0;
            }),
            "node 'bn': epsilon 0; allowed only where all running variances are positive");
  EXPECT_THAT(message_after([&](TestGraph& test) {
                norm(test).epsilon = 0;
                norm(test).mean = norm(test).variance = std::nullopt;
              }),
              HasSubstr("all running variances"));
  EXPECT_THAT(message_after([&](TestGraph& test) { norm(test).epsilon = -1e-3; }),
              HasSubstr("node 'bn': epsilon -0.001; expected 0 or a positive number"));
}

TEST(Check, WantsAnAccumulatorForBiasesOnItsGrid) {
  EXPECT_THAT(message_after([](TestGraph& test) { test.quantize_layer("fc3", 6); }),
              HasSubstr("layer 3 'fc3': 'fc3.bias' is to lie on the accumulator's grid"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc1.weight").quantizer->range_rule = RangeRule::kAccumulator;
              }),
              HasSubstr("only biases"));
}

TEST(Check, LooksAtInputsAndHead) {
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.graph.inputs[0].mean = {1, 2};
              }),
              HasSubstr("input 'input': mean has 2 elements, expected 16"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.graph.inputs[0].mean = std::vector<double>(16, 0);
                test.graph.inputs[0].scale = std::vector<double>(16, 0);
              }),
              HasSubstr("scale holds 0"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.graph.inputs[0].shape = {1 << 20, 1 << 20};
              }),
              HasSubstr("allowed: 1 to"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.graph.head.classes = {"a", "b"};
              }),
              HasSubstr("the head names 2 classes, but the output is [32]"));
}

TEST(Check, BoundsWhatGrowsFromNothing) {
  EXPECT_THAT(message_after([](TestGraph& test) {
                for (int i = 0; i < 60; ++i) {
                  test.node("c" + std::to_string(i), Concat{}, {test.last, test.last});
                }
              }),
              HasSubstr("joins too many channels"));
  EXPECT_THAT(message_after([](TestGraph& test) {
                test.parameter("fc3.weight").structure = BlockCirculant{1 << 20};
                test.parameter("fc3.weight").stored = Tensor(DType::kF32, {1, 1, 1 << 20});
              }),
              HasSubstr("has more than"));
}

RC_GTEST_PROP(Check, PassesEveryGraphThatIsWhole, ()) { check(random_graph()); }

}  // namespace
}  // namespace pare::graph
