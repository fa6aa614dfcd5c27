#include "graph/affine_map.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "graph/graph.h"

namespace pare::graph {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

AffineMap map_of(const std::vector<float>& values, int bits, StepRule step = StepRule::kFloat) {
  const std::vector<CodeRange> codes = {uniform_codes(bits, true, false)};
  return affine_maps(codes, step, values, 1).front();
}

float code_of(const AffineMap& map, float x) {
  return to_code(x, map.scale, map.codes, kAffineRounding, map.zero_point);
}

std::vector<float> codes_of(const AffineMap& map, const std::vector<float>& values) {
  std::vector<float> codes;
  for (const float x : values) codes.push_back(code_of(map, x));
  return codes;
}

std::vector<float> rounded(const AffineMap& map, const std::vector<float>& values) {
  std::vector<float> result;
  for (const float x : values) {
    result.push_back(from_code(code_of(map, x), map.scale, map.zero_point));
  }
  return result;
}

// b = 6, worked by hand: s = 63 / 2 = 31.5, beta s = -25.2.
const std::vector<float> kWorked = {-0.8F, -0.31F, 0, 0.05F, 0.4F, 1.2F};

TEST(AffineMap, MatchesTheWorkedExample) {
  const AffineMap map = map_of(kWorked, 6);
  EXPECT_FLOAT_EQ(map.scale.multiply / map.scale.divide, 31.5F);
  EXPECT_EQ(map.zero_point, -7);
  EXPECT_THAT(codes_of(map, kWorked), ElementsAre(-32, -17, -7, -5, 6, 31));
  EXPECT_THAT(rounded(map, kWorked), Pointwise(FloatNear(5e-6F), {-0.79365F, -0.31746F, 0.0F,
                                                                  0.06349F, 0.41270F, 1.20635F}));
}

// The same weights by the symmetric map: s = 31 / 1.2 = 25.8333.
TEST(AffineMap, IsAnotherThanTheSymmetricOne) {
  const CodeRange codes = uniform_codes(6, true, true);
  const Scale scale = make_scale(1.2F, codes.top, StepRule::kFloat, Pow2Choice::kNeverClip);
  EXPECT_NEAR(scale.multiply / scale.divide, 25.8333F, 5e-5F);
  std::vector<float> found;
  for (const float x : kWorked) {
    found.push_back(to_code(x, scale, codes, Rounding::kHalfEven, 0));
  }
  EXPECT_THAT(found, ElementsAre(-21, -8, 0, 1, 10, 31));
}

/// A weight of rule kMinMax, [groups, elements].
Graph graph_of(const std::vector<float>& values, std::int64_t groups, int bits) {
  Graph graph;
  graph.parameters.push_back(
      {.name = "bits",
       .role = Role::kBits,
       .stored = Tensor::from<std::int32_t>({}, std::vector<std::int32_t>{bits}),
       .is_trainable = false});
  graph.parameters.push_back({.name = "range",
                              .role = Role::kRange,
                              .stored = Tensor::from<float>(
                                  {groups}, std::vector<float>(static_cast<std::size_t>(groups))),
                              .is_trainable = false});
  const auto size = static_cast<std::int64_t>(values.size());
  graph.parameters.push_back(
      {.name = "weight",
       .stored = Tensor::from<float>({groups, size / groups}, values),
       .quantizer = Quantizer{.format = Uniform{.bits = {0}, .is_signed = true, .is_narrow = false},
                              .range_rule = RangeRule::kMinMax,
                              .range = ParameterId{1}}});
  return graph;
}

TEST(AffineMap, IsTheMapOfWeightsOfRuleMinMax) {
  const Graph graph = graph_of(kWorked, 1, 6);
  const Tensor codes = codes_of(graph, graph.parameters[2]);
  EXPECT_THAT(codes.as<std::int32_t>(), ElementsAre(-32, -17, -7, -5, 6, 31));
  const Tensor values = value_of(graph, graph.parameters[2]);
  EXPECT_THAT(values.as<float>(), Pointwise(FloatNear(5e-6F), {-0.79365F, -0.31746F, 0.0F, 0.06349F,
                                                               0.41270F, 1.20635F}));
}

TEST(AffineMap, OfRuleMinMaxHasAScaleAndAZeroPointForEachRange) {
  const Graph graph = graph_of({-1, 3, -8, 0}, 2, 4);
  const Parameter& weight = graph.parameters[2];
  const Codec codec = make_codec(graph, *weight.quantizer, weight.stored);
  EXPECT_THAT(codec.zero_points, ElementsAre(-4, 7));
  EXPECT_THAT(codec.scales, ElementsAre(Scale{15, 4}, Scale{15, 8}));
  EXPECT_EQ(scales_of(graph, *weight.quantizer, weight.stored), codec.scales);
}

TEST(AffineMap, TakesTiesUpSoThatTheZeroPointIsAlwaysADifferenceOfRoundedNumbers) {
  // 2 bits: s = 3 / 3, beta s = -1.5 -> -1, zero point 1 - 2 = -1.
  const AffineMap map = map_of({-1.5F, 0.5F, 1.5F}, 2);
  EXPECT_EQ(map.zero_point, -1);
  EXPECT_THAT(codes_of(map, {-1.5F, -0.5F, 0, 0.5F, 1.5F}), ElementsAre(-2, -1, -1, 0, 1));
}

TEST(AffineMap, HasAZeroWhereAllWeightsAreOfOneSign) {
  EXPECT_THAT(rounded(map_of({5, 5.1F}, 4), {0, 5.1F}), Pointwise(FloatNear(1e-5F), {0.0F, 5.1F}));
  EXPECT_EQ(map_of({5, 5.1F}, 4).zero_point, -8);
  EXPECT_EQ(map_of({-5, -5.1F}, 4).zero_point, 7);
  EXPECT_THAT(rounded(map_of({0, 0}, 4), {0, 0}), ElementsAre(0, 0));
}

TEST(AffineMap, OfEachGroup) {
  const std::vector<CodeRange> codes = {uniform_codes(4, true, false)};
  const std::vector<float> values = {-1, 3, -8, 0};
  const auto maps = affine_maps(codes, StepRule::kFloat, values, 2);
  ASSERT_EQ(maps.size(), 2U);
  EXPECT_EQ(maps[0].scale, (Scale{15, 4}));
  EXPECT_EQ(maps[1].scale, (Scale{15, 8}));
  EXPECT_EQ(maps[0].zero_point, -4);  // -round(-3.75) - 8
  EXPECT_EQ(maps[1].zero_point, 7);
}

/// At full size from the first case on, so that weights have both signs.
rc::Gen<std::vector<float>> weights() {
  const auto one =
      rc::gen::map(rc::gen::resize(rc::kNominalSize, rc::gen::inRange<int>(-(1 << 24), 1 << 24)),
                   [](int n) { return static_cast<float>(n) * 0x1p-21F; });
  return rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(one));
}

rc::Gen<int> widths() { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(1, 17)); }

RC_GTEST_PROP(AffineMap, MovesWeightsByHalfAStepAndKeepsZero, ()) {
  const std::vector<float> values = *weights();
  const int bits = *widths();
  const auto step = *rc::gen::element(StepRule::kFloat, StepRule::kPow2);
  const AffineMap map = map_of(values, bits, step);
  const std::vector<float> found = rounded(map, values);
  // A tie that float32 sees on the other side, and division by the step, cost a few last bits.
  const float slack = 0x1p-20F * 16;
  for (std::size_t i = 0; i < values.size(); ++i) {
    RC_ASSERT(std::abs(found[i] - values[i]) <= map.scale.step() / 2 + slack);
  }
  RC_ASSERT(code_of(map, 0) == map.zero_point);
  RC_ASSERT(from_code(map.zero_point, map.scale, map.zero_point) == 0.0F);
}

RC_GTEST_PROP(AffineMap, UsesAllCodesOfItsWidth, ()) {
  const std::vector<float> values = *weights();
  const AffineMap map = map_of(values, *widths());
  const float least = std::min(0.0F, *std::min_element(values.begin(), values.end()));
  const float largest = std::max(0.0F, *std::max_element(values.begin(), values.end()));
  RC_PRE(largest - least > kMinRange);
  RC_ASSERT(code_of(map, least) == end_code(map.codes.lowest));
  // Half a last bit may turn the tie at the upper end.
  RC_ASSERT(code_of(map, largest) >= end_code(map.codes.highest) - 1);
}

// The range of rounded weights is as wide as that of the weights, so that they meet the same codes.
RC_GTEST_PROP(AffineMap, IsIdempotent, ()) {
  const std::vector<float> values = *weights();
  const int bits = *rc::gen::inRange(2, 13);
  const AffineMap map = map_of(values, bits);
  const std::vector<float> once = rounded(map, values);
  const std::vector<float> twice = rounded(map_of(once, bits), once);
  for (std::size_t i = 0; i < once.size(); ++i) {
    RC_ASSERT(std::abs(twice[i] - once[i]) <= 1e-3F * map.scale.step() + 0x1p-20F * 8);
  }
}

}  // namespace
}  // namespace pare::graph
