#include "graph/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "graph/graph.h"

namespace pare::graph {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

/// A graph that holds one weight quantized to its largest magnitude.
struct OneWeight {
  Graph graph;
  ParameterId weight;

  OneWeight(const std::vector<float>& values, int bits, StepRule step = StepRule::kFloat,
            bool is_narrow = true) {
    const auto width = add_parameter(graph, {.name = "w.bits",
                                             .role = Role::kBits,
                                             .stored = Tensor::scalar<std::int32_t>(bits),
                                             .is_trainable = false});
    const auto size = static_cast<std::int64_t>(values.size());
    weight = add_parameter(graph, {.name = "w",
                                   .role = Role::kWeight,
                                   .stored = Tensor::from<float>({size}, values),
                                   .quantizer = Quantizer{.format = Uniform{width, true, is_narrow},
                                                          .range_rule = RangeRule::kMaxAbs,
                                                          .step = step}});
  }

  std::vector<std::int32_t> codes() const {
    const Tensor codes = codes_of(graph, graph.parameter(weight));
    return {codes.as<std::int32_t>().begin(), codes.as<std::int32_t>().end()};
  }
  std::vector<float> values() const {
    const Tensor value = value_of(graph, graph.parameter(weight));
    return {value.as<float>().begin(), value.as<float>().end()};
  }
};

std::vector<float> negated(std::vector<float> values) {
  for (float& value : values) value = -value;
  return values;
}

/// Weights between -8 and 8 with all their bits in use.
rc::Gen<std::vector<float>> weights() {
  const auto one = rc::gen::map(rc::gen::inRange<int>(-(1 << 24), 1 << 24),
                                [](int n) { return static_cast<float>(n) * 0x1p-21F; });
  return rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(one));
}

rc::Gen<int> widths() { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(1, 17)); }

TEST(UniformCodes, AreThoseOfTheWidth) {
  EXPECT_EQ(uniform_codes(6, true, true), (CodeRange{-31, 31, 31}));
  EXPECT_EQ(uniform_codes(6, true, false), (CodeRange{-32, 31, 31}));
  EXPECT_EQ(uniform_codes(6, false, true), (CodeRange{0, 63, 63}));
  EXPECT_EQ(uniform_codes(1, true, true), (CodeRange{-1, 1, 1}));
  EXPECT_EQ(uniform_codes(1, true, false), (CodeRange{-1, 0, 1}));
  EXPECT_EQ(uniform_codes(32, false, false), (CodeRange{0, 4294967295, 4294967295}));
}

TEST(UniformCodes, RefusesImpossibleWidths) {
  EXPECT_THROW(uniform_codes(0, true, true), InputError);
  EXPECT_THROW(uniform_codes(33, true, true), InputError);
  EXPECT_THROW(uniform_codes(-1, false, true), InputError);
}

// docs/methods/ps_and_qs.md, test T3.
TEST(WeightQuantizer, MatchesTheWorkedExample) {
  const OneWeight w({1, -0.5F, 0.02F, 0}, 4);
  EXPECT_THAT(w.codes(), ElementsAre(7, -4, 0, 0));
  const auto values = w.values();
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_NEAR(values[1], -0.571429F, 1e-6F);
  EXPECT_EQ(values[2], 0.0F);
  EXPECT_EQ(values[3], 0.0F);
}

TEST(WeightQuantizer, MapsZerosToZeros) {
  const OneWeight w({0, 0, 0}, 6);
  EXPECT_THAT(w.codes(), ElementsAre(0, 0, 0));
  EXPECT_THAT(w.values(), ElementsAre(0, 0, 0));
}

// docs/methods/ps_and_qs.md, test T3.
TEST(ActivationQuantizer, MatchesTheWorkedExample) {
  const CodeRange codes = uniform_codes(4, false, true);
  const Scale scale = make_scale(6, codes.top, StepRule::kFloat, Pow2Choice::kNearest);
  const auto rounded = [&](float x) {
    return from_code(to_code(x, scale, codes, Rounding::kHalfEven, 0), scale, 0);
  };
  EXPECT_EQ(rounded(7), 6.0F);
  EXPECT_EQ(rounded(-1), 0.0F);
  EXPECT_EQ(to_code(1, scale, codes, Rounding::kHalfEven, 0), 2.0F);
  EXPECT_EQ(rounded(1), 0.8F);
}

RC_GTEST_PROP(WeightQuantizer, IsIdempotent, ()) {
  const OneWeight once(*weights(), *widths());
  OneWeight twice = once;
  const auto values = once.values();
  auto& stored = twice.graph.parameter(twice.weight).stored;
  stored = Tensor::from<float>(stored.shape(), values);
  RC_ASSERT(twice.codes() == once.codes());
  // s * q / q may miss s by one rounding: the codes are the same, the scale may move by one ulp.
  const auto again = twice.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    RC_ASSERT(std::abs(again[i] - values[i]) <= std::abs(values[i]) * 0x1p-22F);
  }
}

RC_GTEST_PROP(WeightQuantizer, IsIdempotentBitForBitWhenTheRangeStays, ()) {
  const OneWeight w(*weights(), *widths(), *rc::gen::element(StepRule::kFloat, StepRule::kPow2));
  const auto& parameter = w.graph.parameter(w.weight);
  const Codec codec = make_codec(w.graph, *parameter.quantizer, parameter.stored);
  for (const float value : w.values()) {
    RC_ASSERT(codec.from_code(codec.to_code(value, 0), 0) == value);
  }
}

RC_GTEST_PROP(WeightQuantizer, CommutesWithNegation, ()) {
  const auto values = *weights();
  const int bits = *widths();
  const OneWeight plus(values, bits);
  const OneWeight minus(negated(values), bits);
  RC_ASSERT(negated(plus.values()) == minus.values());
}

RC_GTEST_PROP(WeightQuantizer, ScalesWithItsInput, ()) {
  auto values = *weights();
  const int bits = *widths();
  // Ranges below kMinRange are not scaled.
  values.push_back(1);
  const auto before = OneWeight(values, bits).values();
  for (float& value : values) value *= 4;
  const auto after = OneWeight(values, bits).values();
  for (std::size_t i = 0; i < values.size(); ++i) RC_ASSERT(after[i] == 4 * before[i]);
}

RC_GTEST_PROP(WeightQuantizer, HasAtMostTheLevelsOfItsWidth, ()) {
  const int bits = *rc::gen::inRange(2, 6);
  const auto values = OneWeight(*weights(), bits).values();
  const std::set<float> distinct(values.begin(), values.end());
  RC_ASSERT(distinct.size() <= (std::size_t{1} << bits) - 1);
}

RC_GTEST_PROP(WeightQuantizer, ErrsByAtMostHalfAStep, ()) {
  const auto values = *weights();
  const OneWeight w(values, *rc::gen::inRange(2, 13));
  const auto& parameter = w.graph.parameter(w.weight);
  const auto scale = scales_of(w.graph, *parameter.quantizer, parameter.stored).front();
  const auto rounded = w.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    RC_ASSERT(std::abs(rounded[i] - values[i]) <= 0.5001F * scale.step());
  }
}

RC_GTEST_PROP(PowerOfTwoStep, IsExactAndCoversTheRange, ()) {
  const auto values = *weights();
  const int bits = *widths();
  const OneWeight w(values, bits, StepRule::kPow2);
  const auto& parameter = w.graph.parameter(w.weight);
  const auto scale = scales_of(w.graph, *parameter.quantizer, parameter.stored).front();
  int exponent = 0;
  RC_ASSERT(std::frexp(scale.step(), &exponent) == 0.5F);
  const double top = static_cast<double>(uniform_codes(bits, true, true).top);
  const double range = std::max(max_abs(parameter.stored, 1).front(), kMinRange);
  RC_ASSERT(scale.step() * top >= range);
  RC_ASSERT(scale.step() * top < 2 * range);
  const auto codes = w.codes();
  const auto rounded = w.values();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    RC_ASSERT(static_cast<double>(rounded[i]) == codes[i] * static_cast<double>(scale.step()));
  }
}

TEST(PowerOfTwoStep, ChoosesTheNearestOfALearnedRange) {
  const auto step = [](float range, Pow2Choice choice) {
    return make_scale(range, 1, StepRule::kPow2, choice).step();
  };
  EXPECT_EQ(step(1, Pow2Choice::kNeverClip), 1);
  EXPECT_EQ(step(1, Pow2Choice::kNearest), 1);
  EXPECT_EQ(step(1.001F, Pow2Choice::kNeverClip), 2);
  EXPECT_EQ(step(1.001F, Pow2Choice::kNearest), 1);
  EXPECT_EQ(step(1.4142135F, Pow2Choice::kNearest), 1);
  EXPECT_EQ(step(1.4142137F, Pow2Choice::kNearest), 2);
  EXPECT_EQ(step(0.75F, Pow2Choice::kNearest), 1);
}

TEST(MakeScale, HasASmallestRange) {
  EXPECT_EQ(make_scale(0, 31, StepRule::kFloat, Pow2Choice::kNearest), (Scale{31, kMinRange}));
  EXPECT_EQ(make_scale(-1, 31, StepRule::kFloat, Pow2Choice::kNearest), (Scale{31, kMinRange}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(make_scale(nan, 31, StepRule::kFloat, Pow2Choice::kNearest), (Scale{31, kMinRange}));
}

TEST(RoundTo, FollowsItsMode) {
  struct Case {
    Rounding rounding;
    std::vector<float> expected;
  };
  const std::vector<float> inputs = {-2.5F, -1.5F, -0.4F, 0.49999997F, 0.5F, 1.5F, 2.5F, 2.6F};
  const std::vector<Case> cases = {{Rounding::kHalfEven, {-2, -2, 0, 0, 0, 2, 2, 3}},
                                   {Rounding::kHalfUp, {-2, -1, 0, 0, 1, 2, 3, 3}},
                                   {Rounding::kHalfAway, {-3, -2, 0, 0, 1, 2, 3, 3}},
                                   {Rounding::kFloor, {-3, -2, -1, 0, 0, 1, 2, 2}},
                                   {Rounding::kCeil, {-2, -1, 0, 1, 1, 2, 3, 3}},
                                   {Rounding::kTowardZero, {-2, -1, 0, 0, 0, 1, 2, 2}},
                                   {Rounding::kHalfTowardZero, {-2, -1, 0, 0, 0, 1, 2, 3}},
                                   {Rounding::kAwayFromZero, {-3, -2, -1, 1, 1, 2, 3, 3}}};
  for (const auto& [rounding, expected] : cases) {
    std::vector<float> rounded;
    for (const float x : inputs) rounded.push_back(round_to(x, rounding));
    EXPECT_THAT(rounded, ElementsAreArray(expected)) << static_cast<int>(rounding);
  }
}

TEST(ToCode, SaturatesAndSurvivesNanAndInfinity) {
  const CodeRange codes = uniform_codes(4, true, false);
  const float infinity = std::numeric_limits<float>::infinity();
  const auto code = [&](float x) { return to_code(x, {1, 1}, codes, Rounding::kHalfEven, 3); };
  EXPECT_EQ(code(100), 7);
  EXPECT_EQ(code(-100), -8);
  EXPECT_EQ(code(infinity), 7);
  EXPECT_EQ(code(-infinity), -8);
  EXPECT_EQ(code(std::numeric_limits<float>::quiet_NaN()), 3);
  EXPECT_EQ(code(-1), 2);
}

TEST(ToCode, NeverLeavesAWideRange) {
  const CodeRange codes = uniform_codes(32, true, true);
  EXPECT_EQ(to_code(1e20F, {1, 1}, codes, Rounding::kHalfEven, 0), 2147483520.0F);
  EXPECT_EQ(to_code(-1e20F, {1, 1}, codes, Rounding::kHalfEven, 0), -2147483520.0F);
}

TEST(CodesOf, UsesOneScaleAChannel) {
  OneWeight w({4, 2, 0.5F, -1}, 3);
  w.graph.parameter(w.weight).stored = Tensor::from<float>({2, 2}, {4, 2, 0.5F, -1});
  const auto range = add_parameter(
      w.graph, {.name = "w.range", .role = Role::kRange, .stored = Tensor(DType::kF32, {2})});
  w.graph.parameter(w.weight).quantizer->range = range;
  EXPECT_THAT(w.codes(), ElementsAre(3, 2, 2, -3));
}

TEST(CodesOf, PutsABiasOnTheAccumulatorsGrid) {
  OneWeight w({0.5F, -0.25F, 1e30F}, 32);
  w.graph.parameter(w.weight).quantizer->range_rule = RangeRule::kAccumulator;
  const std::vector<float> steps = {0.125F};
  const Tensor codes = codes_of(w.graph, w.graph.parameter(w.weight), steps);
  EXPECT_THAT(codes.as<std::int32_t>(), ElementsAre(4, -2, 2147483520));
  const Tensor values = value_of(w.graph, w.graph.parameter(w.weight), steps);
  EXPECT_THAT(values.as<float>().subspan(0, 2), ElementsAre(0.5F, -0.25F));
}

/// Puts `w` on steps that are given.
Quantizer& give_steps(OneWeight& w, const Tensor& steps) {
  const auto id = add_parameter(w.graph, {.name = "w.step", .role = Role::kStep, .stored = steps});
  auto& quantizer = *w.graph.parameter(w.weight).quantizer;
  quantizer.range_rule = RangeRule::kStep;
  quantizer.range = id;
  return quantizer;
}

// The step is no quotient of a range and a top code: the division is by itself.
TEST(GivenStep, IsTakenAsItIs) {
  constexpr float kStep = 0.1F;
  std::vector<float> values;
  for (int i = -300; i <= 300; ++i) values.push_back(static_cast<float>(i) * 0.0037F);
  OneWeight w(values, 4, StepRule::kFloat, false);
  const auto& quantizer = give_steps(w, Tensor::scalar(kStep));
  EXPECT_THAT(scales_of(w.graph, quantizer, Tensor()), ElementsAre(Scale{1, kStep}));
  const auto codes = w.codes();
  const auto rounded = w.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float code = std::clamp(std::nearbyint(values[i] / kStep), -8.0F, 7.0F);
    EXPECT_EQ(static_cast<float>(codes[i]), code) << values[i];
    EXPECT_EQ(rounded[i], code * kStep);
  }
}

TEST(GivenStep, ServesEveryFormat) {
  OneWeight w({0.7F, 0.29F, 0.1F, -0.2F, -1}, 4);
  auto& quantizer = give_steps(w, Tensor::scalar(0.1F));
  EXPECT_THAT(w.codes(), ElementsAre(7, 3, 1, -2, -7));
  quantizer.format = SignedDigits{*find_parameter(w.graph, "w.bits"), 1};
  EXPECT_THAT(w.codes(), ElementsAre(4, 2, 1, -2, -4));
  quantizer.format = Ternary{};
  EXPECT_THAT(w.codes(), ElementsAre(1, 1, 1, -1, -1));
  quantizer.format = Binary{};
  EXPECT_THAT(w.codes(), ElementsAre(1, 1, 1, -1, -1));
  EXPECT_THAT(w.values(), ElementsAre(0.1F, 0.1F, 0.1F, -0.1F, -0.1F));
  quantizer.format = Levels{{-4, 0, 7}};
  EXPECT_THAT(w.codes(), ElementsAre(7, 0, 0, -4, -4));
}

TEST(GivenStep, HasOneAChannelAndAZeroPoint) {
  OneWeight w({0}, 8, StepRule::kFloat, false);
  w.graph.parameter(w.weight).stored = Tensor::from<float>({2, 2}, {0.3F, -1, 2e-7F, 1});
  const auto zero = add_parameter(
      w.graph,
      {.name = "w.zero", .role = Role::kZeroPoint, .stored = Tensor::scalar<std::int32_t>(3)});
  give_steps(w, Tensor::from<float>({2}, {0.3F, 1e-7F})).zero_point = zero;
  EXPECT_THAT(w.codes(), ElementsAre(4, 0, 5, 127));
  EXPECT_THAT(w.values(), ElementsAre(0.3F, -3 * 0.3F, 2 * 1e-7F, 124 * 1e-7F));
}

TEST(ValueOf, MasksBeforeItLooksForTheRange) {
  OneWeight w({8, 1, -0.5F}, 2);
  w.graph.parameter(w.weight).mask = Tensor::from<std::uint8_t>({3}, {0, 1, 1});
  EXPECT_THAT(w.values(), ElementsAre(0, 1, 0));
}

TEST(ValueOf, ChoosesLevelsOfFormatsWithGaps) {
  // Codes 0, ±1, ±2, ±3, ±4, ±5, ±6, ±7 that are sums of at most one signed power of two: not 3, 5,
  // 6, 7. A tie goes to the smaller power.
  OneWeight w({7, 6, 3, 2.9F, -3, -1}, 4);
  auto& parameter = w.graph.parameter(w.weight);
  const auto bits = *find_parameter(w.graph, "w.bits");
  parameter.quantizer->format = SignedDigits{bits, 1};
  EXPECT_THAT(w.codes(), ElementsAre(4, 4, 2, 2, -2, -1));
  parameter.quantizer->format = SignedDigits{bits, 2};
  EXPECT_THAT(w.codes(), ElementsAre(7, 6, 3, 3, -3, -1));
  parameter.quantizer->format = Ternary{};
  EXPECT_THAT(w.codes(), ElementsAre(1, 1, 0, 0, 0, 0));
  parameter.quantizer->format = Binary{};
  EXPECT_THAT(w.codes(), ElementsAre(1, 1, 1, 1, -1, -1));
  parameter.quantizer->format = Levels{{-4, 0, 7}};
  EXPECT_THAT(w.codes(), ElementsAre(7, 7, 0, 0, -4, 0));
}

TEST(ValueOf, ThresholdsTernaryWeights) {
  // Delta = 0.05 * 1; the step is the mean of 1, 0.05, 0.05 and 0.5. The pruned 9 does not count.
  OneWeight w({1, 0.05F, -0.05F, 0.04F, -0.5F, 9}, 2);
  auto& parameter = w.graph.parameter(w.weight);
  parameter.mask = Tensor::from<std::uint8_t>({6}, {1, 1, 1, 1, 1, 0});
  parameter.quantizer->format = Ternary{};
  parameter.quantizer->range_rule = RangeRule::kThresholdMean;
  EXPECT_THAT(w.codes(), ElementsAre(1, 1, 0, 0, -1, 0));
  const auto step = static_cast<float>((1 + 2 * double{0.05F} + 0.5) / 4);
  EXPECT_THAT(w.values(), ElementsAre(step, step, 0, 0, -step, 0));
}

TEST(ValueOf, GivesBinaryWeightsTheirMeanAndZeroAPlus) {
  OneWeight w({3, 0, -0.0F, -1, std::nanf("")}, 1);
  auto& parameter = w.graph.parameter(w.weight);
  parameter.quantizer->format = Binary{};
  EXPECT_THAT(w.codes(), ElementsAre(1, 1, 1, -1, 1));
  w.graph.parameter(w.weight).stored = Tensor::from<float>({3}, {3, 0, -1});
  parameter.quantizer->range_rule = RangeRule::kMeanAbs;
  EXPECT_THAT(w.values(), ElementsAre(2, 2, -2));
}

TEST(ValueOf, ClipsAtTwiceTheMean) {
  // mean |w| = 1.75, s = 3.5, two bits and a sign: step 3.5 / 3.
  OneWeight w({1, -1, 4, -1}, 3);
  w.graph.parameter(w.weight).quantizer->range_rule = RangeRule::kTwiceMeanAbs;
  EXPECT_THAT(w.codes(), ElementsAre(1, -1, 3, -1));
  EXPECT_EQ(w.values()[2], 3.5F);
}

TEST(ValueOf, WritesBlockCirculantsOut) {
  Graph graph;
  const Parameter parameter{.name = "w",
                            .role = Role::kWeight,
                            .stored = Tensor::from<float>({1, 2, 2}, {1, 2, 3, 4}),
                            .structure = BlockCirculant{2}};
  const Tensor value = value_of(graph, parameter);
  EXPECT_EQ(value, Tensor::from<float>({2, 4}, {1, 2, 3, 4, 2, 1, 4, 3}));
}

TEST(WidthOf, IsTheWidest) {
  const OneWeight w({1}, 5);
  EXPECT_EQ(width_of(w.graph, w.graph.parameter(w.weight).quantizer->format), 5);
  EXPECT_EQ(width_of(w.graph, Ternary{}), 2);
  EXPECT_EQ(width_of(w.graph, Binary{}), 1);
  EXPECT_EQ(width_of(w.graph, Levels{{-1, 0, 1, 2, 3}}), 3);
}

TEST(RangeOfLog, IsThePowerOfTwo) {
  EXPECT_EQ(range_of_log(3), 8.0F);
  EXPECT_EQ(range_of_log(-1), 0.5F);
  EXPECT_FLOAT_EQ(range_of_log(std::log2(6.0F)), 6.0F);
}

}  // namespace
}  // namespace pare::graph
