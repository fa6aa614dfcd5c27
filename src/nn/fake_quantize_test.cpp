#include "nn/fake_quantize.h"

#include <cmath>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "graph/quantize.h"
#include "nn/quantizer_plan.h"

namespace pare::nn {
namespace {

using graph::Pow2Choice;
using graph::StepRule;
using torch::Tensor;

Grid grid_of(double range, int bits, bool is_signed, StepRule rule = StepRule::kFloat,
             Pow2Choice choice = Pow2Choice::kNearest) {
  const graph::CodeRange codes = graph::uniform_codes(bits, is_signed, true);
  return {graph::make_scale(static_cast<float>(range), codes.top, rule, choice), codes, 0};
}

Tensor leaf(const Tensor& values) { return values.clone().set_requires_grad(true); }

struct Gradients {
  Tensor y;
  Tensor x;
  Tensor log2_range;
};

/// Forward and backward with the given gradient of y.
Gradients differentiate(const Tensor& values, const Tensor& log2_values, const Tensor& g,
                        const Grids& grids, const GroupLayout& layout,
                        const FakeQuantizer& quantizer, Path path) {
  const Tensor x = leaf(values);
  const Tensor log2_range = leaf(log2_values);
  const Tensor y = fake_quantize(x, log2_range, grids, layout, quantizer, path);
  y.backward(g);
  return {y.detach(), x.grad(), log2_range.grad()};
}

/// The surrogate that gradients are declared to be of: what rounding adds to x, in units of s, is
/// held as it is at the point, and then x and s move.
struct SurrogateFunction {
  Tensor offset;   ///< (y - x) / s inside
  Tensor at_ends;  ///< y / s outside
  Tensor is_inside;

  SurrogateFunction(const Tensor& x, const Tensor& y, const Tensor& s, const Tensor& inside)
      : offset((y - x) / s), at_ends(y / s), is_inside(inside) {}

  Tensor operator()(const Tensor& x, const Tensor& s) const {
    return torch::where(is_inside, x + offset * s, at_ends * s);
  }
};

/// d f / d x by central differences, element by element, in double.
template <class F>
Tensor finite_differences(F&& f, const Tensor& x) {
  constexpr double kStep = 1e-5;
  Tensor result = torch::zeros_like(x);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const auto moved = [&](double by) {
      Tensor copy = x.clone();
      copy.view(-1)[i] += by;
      return f(copy).template item<double>();
    };
    result.view(-1)[i] = (moved(kStep) - moved(-kStep)) / (2 * kStep);
  }
  return result;
}

// Groups of rows: each has a range of its own.
constexpr std::int64_t kRows = 3;
constexpr std::int64_t kColumns = 7;
constexpr GroupLayout kLayout{1, kRows, kColumns};

Tensor random_matrix(std::uint64_t seed, double deviation) {
  torch::manual_seed(seed);
  return torch::randn({kRows, kColumns}, torch::kFloat64) * deviation;
}

Tensor ranges_of(const Grids& grids) {
  std::vector<double> ranges;
  for (const Grid& grid : grids) {
    ranges.push_back(double{grid.scale.step()} * static_cast<double>(grid.codes.top));
  }
  return torch::tensor(ranges, torch::kFloat64).view({-1, 1});
}

class LearnedRange : public testing::TestWithParam<std::tuple<bool, StepRule>> {};

TEST_P(LearnedRange, HasTheGradientsOfItsSurrogate) {
  const auto [has_relu, rule] = GetParam();
  const Grids grids{grid_of(0.8, 4, !has_relu, rule), grid_of(1.3, 3, !has_relu, rule),
                    grid_of(2.5, 6, !has_relu, rule)};
  const Tensor x = random_matrix(1, 1.5);
  const Tensor g = random_matrix(2, 1);
  const Tensor s = ranges_of(grids);
  const FakeQuantizer quantizer{.surrogate = Surrogate::kClamp, .has_relu = has_relu};
  const Gradients found =
      differentiate(x, s.log2().flatten(), g, grids, kLayout, quantizer, Path::kAten);

  const Tensor low = has_relu ? torch::zeros_like(s) : -s;
  const SurrogateFunction surrogate(x, found.y, s, (x > low).logical_and(x <= s));
  EXPECT_TRUE(surrogate(x, s).allclose(found.y, 1e-6, 1e-7));
  EXPECT_GT(surrogate.is_inside.sum().item<int>(), 3);
  EXPECT_GT(surrogate.is_inside.logical_not().sum().item<int>(), 3);
  const auto of_x = [&](const Tensor& at) { return (g * surrogate(at, s)).sum(); };
  const auto of_p = [&](const Tensor& p) {
    return (g * surrogate(x, torch::exp2(p).view({-1, 1}))).sum();
  };
  EXPECT_TRUE(found.x.allclose(finite_differences(of_x, x), 1e-6, 1e-8));
  EXPECT_TRUE(found.log2_range.allclose(finite_differences(of_p, s.log2().flatten()), 1e-6, 1e-6));
}

INSTANTIATE_TEST_SUITE_P(All, LearnedRange,
                         testing::Combine(testing::Bool(),
                                          testing::Values(StepRule::kFloat, StepRule::kPow2)));

class MaxAbsRange : public testing::TestWithParam<StepRule> {};

TEST_P(MaxAbsRange, HasTheGradientsOfItsSurrogate) {
  const Tensor x = random_matrix(3, 0.4).to(torch::kFloat32).to(torch::kFloat64);
  const Tensor g = random_matrix(4, 1);
  Grids grids;
  for (const float s : max_abs_of_groups(x, kRows)) {
    grids.push_back(grid_of(s, 4, true, GetParam(), Pow2Choice::kNeverClip));
  }
  const FakeQuantizer quantizer{.surrogate = Surrogate::kMaxAbs};
  const Gradients found = differentiate(x, torch::empty({0}, torch::kFloat64), g, grids, kLayout,
                                        quantizer, Path::kAten);
  // The step follows max |x| in proportion, with a power of two too.
  const auto largest = [](const Tensor& at) { return std::get<0>(at.abs().max(1, true)); };
  const Tensor offset = (found.y - x) / largest(x);
  const auto loss = [&](const Tensor& at) { return (g * (at + offset * largest(at))).sum(); };
  EXPECT_TRUE(found.x.allclose(finite_differences(loss, x), 1e-6, 1e-8));
  EXPECT_FALSE(found.x.allclose(g)) << "the range has a gradient";
}

INSTANTIATE_TEST_SUITE_P(All, MaxAbsRange, testing::Values(StepRule::kFloat, StepRule::kPow2));

struct PathCase {
  Surrogate surrogate;
  bool is_signed;
  bool has_relu;
};

class BothPaths : public testing::TestWithParam<PathCase> {};

TEST_P(BothPaths, AreEqual) {
  const PathCase c = GetParam();
  torch::manual_seed(5);
  const Tensor x = torch::randn({3, 1111});
  const Tensor g = torch::randn({3, 1111});
  const GroupLayout layout{1, 3, 1111};
  const FakeQuantizer quantizer{.surrogate = c.surrogate, .has_relu = c.has_relu};
  for (const StepRule rule : {StepRule::kFloat, StepRule::kPow2}) {
    Grids grids;
    for (const float s : max_abs_of_groups(x, 3)) {
      const float range = c.surrogate == Surrogate::kMaxAbs ? s : s / 2;
      grids.push_back(grid_of(range, 6, c.is_signed, rule, Pow2Choice::kNeverClip));
    }
    ASSERT_EQ(fastest_path(x, grids, layout, quantizer), Path::kKernels);
    const Tensor p = torch::zeros({3});
    const Gradients fast = differentiate(x, p, g, grids, layout, quantizer, Path::kKernels);
    const Gradients twin = differentiate(x, p, g, grids, layout, quantizer, Path::kAten);
    EXPECT_TRUE(fast.y.equal(twin.y));
    EXPECT_TRUE(fast.x.allclose(twin.x, 1e-5, 1e-5));
    if (c.surrogate != Surrogate::kClamp) continue;
    EXPECT_TRUE(fast.x.equal(twin.x));
    EXPECT_TRUE(fast.log2_range.allclose(twin.log2_range, 1e-5, 1e-3));
    EXPECT_GT(fast.log2_range.abs().min().item<float>(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(All, BothPaths,
                         testing::Values(PathCase{Surrogate::kMaxAbs, true, false},
                                         PathCase{Surrogate::kClamp, true, false},
                                         PathCase{Surrogate::kClamp, false, false},
                                         PathCase{Surrogate::kClamp, false, true}));

TEST(AtenPath, RoundsAndShiftsAsTheDefinition) {
  torch::manual_seed(6);
  const Tensor x = torch::randn({2, 3, 50}) * 3;
  for (const graph::Rounding rounding :
       {graph::Rounding::kHalfEven, graph::Rounding::kHalfUp, graph::Rounding::kHalfAway,
        graph::Rounding::kFloor, graph::Rounding::kCeil, graph::Rounding::kTowardZero,
        graph::Rounding::kHalfTowardZero, graph::Rounding::kAwayFromZero}) {
    Grids grids{grid_of(2, 5, false), grid_of(3, 4, true), grid_of(1.5, 24, true)};
    grids[0].zero_point = 9;
    const GroupLayout layout{2, 3, 50};
    const Tensor y = fake_quantize(x, {}, grids, layout, {.rounding = rounding}, Path::kAten);
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      const Grid& grid = grids[static_cast<std::size_t>(i / 50 % 3)];
      const float from = x.data_ptr<float>()[i];
      const float code = graph::to_code(from, grid.scale, grid.codes, rounding, grid.zero_point);
      ASSERT_EQ(y.data_ptr<float>()[i], graph::from_code(code, grid.scale, grid.zero_point));
    }
  }
}

TEST(StraightThrough, PassesGradientsOfWideCodesOnBothPaths) {
  torch::manual_seed(7);
  const Tensor x = torch::randn({40});
  const Tensor g = torch::randn({40});
  Grids grids{{{1, 3e-8F}, graph::uniform_codes(32, true, true), 0}};
  const FakeQuantizer quantizer{.surrogate = Surrogate::kStraightThrough};
  const Tensor none = torch::empty({0});
  const Gradients fast = differentiate(x, none, g, grids, {1, 1, 40}, quantizer, Path::kKernels);
  const Gradients twin = differentiate(x, none, g, grids, {1, 1, 40}, quantizer, Path::kAten);
  EXPECT_TRUE(fast.y.equal(twin.y));
  EXPECT_TRUE(fast.x.equal(g));
  EXPECT_TRUE(twin.x.equal(g));
}

// No weight lies outside of its affine range: not even the least, which is rounded upwards here.
TEST(Affine, IsTheSameOnBothPathsAndLetsAllGradientsPass) {
  torch::manual_seed(9);
  const Tensor x = torch::randn({3, 1111});
  const Tensor g = torch::randn({3, 1111});
  QuantizerPlan plan;
  plan.num_ranges = 3;
  plan.affine_codes = {graph::uniform_codes(6, true, false)};
  const Grids grids = make_affine_grids(plan, x);
  const GroupLayout layout{1, 3, 1111};
  const Tensor none = torch::empty({0});
  const Gradients fast = differentiate(x, none, g, grids, layout, kAffineQuantizer, Path::kKernels);
  const Gradients twin = differentiate(x, none, g, grids, layout, kAffineQuantizer, Path::kAten);
  EXPECT_TRUE(fast.y.equal(twin.y));
  EXPECT_TRUE(fast.x.equal(g));
  EXPECT_TRUE(twin.x.equal(g));
  const Tensor step = torch::tensor(steps_of(grids), torch::kFloat64).view({3, 1});
  EXPECT_LE(((fast.y - x).abs() / step).max().item<double>(), 0.5001);
  EXPECT_EQ(fastest_path(x, grids, layout, kAffineQuantizer), Path::kKernels);
}

class Decisions : public testing::TestWithParam<Decision> {};

TEST_P(Decisions, AreTheDefinitionOnBothPathsAndLetAllGradientsPass) {
  torch::manual_seed(8);
  Tensor x = torch::randn({3, 1111});
  x.view(-1)[0] = 0.25F;
  x.view(-1)[1] = -0.25F;
  x.view(-1)[2] = 0;
  const Tensor g = torch::randn({3, 1111});
  Grids grids{grid_of(0.7, 1, true), grid_of(1.1, 1, true), grid_of(2, 1, true, StepRule::kPow2)};
  for (Grid& grid : grids) grid.threshold = 0.25F;
  const GroupLayout layout{1, 3, 1111};
  const FakeQuantizer quantizer{.surrogate = Surrogate::kStraightThrough, .decision = GetParam()};
  const Tensor none = torch::empty({0});
  const Gradients fast = differentiate(x, none, g, grids, layout, quantizer, Path::kKernels);
  const Gradients twin = differentiate(x, none, g, grids, layout, quantizer, Path::kAten);
  EXPECT_TRUE(fast.y.equal(twin.y));
  EXPECT_TRUE(fast.x.equal(g));
  EXPECT_TRUE(twin.x.equal(g));
  const bool is_ternary = GetParam() == Decision::kThreshold;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const Grid& grid = grids[static_cast<std::size_t>(i / 1111)];
    const float from = x.data_ptr<float>()[i];
    const float code =
        is_ternary ? graph::ternary_code(from, grid.threshold) : graph::sign_code(from);
    ASSERT_EQ(fast.y.data_ptr<float>()[i], graph::from_code(code, grid.scale, 0)) << from;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Decisions, testing::Values(Decision::kThreshold, Decision::kSign));

TEST(MaxAbsRange, OfZerosIsZerosWithoutNaN) {
  const Tensor x = torch::zeros({8});
  const Grids grids{grid_of(0, 6, true)};
  const FakeQuantizer quantizer{.surrogate = Surrogate::kMaxAbs};
  for (const Path path : {Path::kKernels, Path::kAten}) {
    const Gradients found =
        differentiate(x, torch::empty({0}), torch::ones({8}), grids, {1, 1, 8}, quantizer, path);
    EXPECT_TRUE(found.y.equal(x));
    EXPECT_TRUE(found.x.equal(torch::ones({8})));
  }
}

}  // namespace
}  // namespace pare::nn
