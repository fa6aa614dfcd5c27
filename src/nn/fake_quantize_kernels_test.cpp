#include "nn/fake_quantize_kernels.h"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "base/philox.h"

namespace pare::nn {
namespace {

using graph::Pow2Choice;
using graph::Rounding;
using graph::StepRule;

/// Values around the grid: random ones, and ones that lie on ties and at the ends.
std::vector<float> awkward_values(const Grid& grid, std::size_t size) {
  const Philox random(7, RandomStream::kSynthetic);
  std::vector<float> values;
  const float step = grid.scale.step();
  for (std::size_t i = 0; i < size; ++i) {
    const float x = static_cast<float>(random.normal(i)) * grid.highest_value();
    const float on_tie = (std::nearbyint(x / step) + 0.5F) * step;
    values.push_back(i % 3 == 0 ? on_tie : x);
  }
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float special : {0.0F, -0.0F, infinity, -infinity, std::nanf(""), 1e-38F, -1e38F}) {
    values.push_back(special);
  }
  return values;
}

Grid make_grid(int bits, bool is_signed, bool is_narrow, float range, StepRule rule) {
  const graph::CodeRange codes = graph::uniform_codes(bits, is_signed, is_narrow);
  return {graph::make_scale(range, codes.top, rule, Pow2Choice::kNearest), codes, 0};
}

float by_definition(float x, const Grid& grid) {
  const float code = graph::to_code(x, grid.scale, grid.codes, Rounding::kHalfEven, 0);
  return graph::from_code(code, grid.scale, 0);
}

void expect_same_bits(const std::vector<float>& x, const Grid& grid) {
  std::vector<float> plain(x.size());
  std::vector<float> behind_relu(x.size());
  quantize(x, grid, plain);
  relu_quantize(x, grid, behind_relu);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float relu = x[i] > 0 ? x[i] : 0.0F;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(plain[i]),
              std::bit_cast<std::uint32_t>(by_definition(x[i], grid)))
        << "x = " << x[i];
    ASSERT_EQ(std::bit_cast<std::uint32_t>(behind_relu[i]),
              std::bit_cast<std::uint32_t>(by_definition(relu, grid)))
        << "x = " << x[i];
  }
}

TEST(QuantizeKernel, IsTheDefinitionBitForBit) {
  int num_grids = 0;
  for (int bits = 1; bits <= 16; ++bits) {
    for (const bool is_signed : {false, true}) {
      for (const StepRule rule : {StepRule::kFloat, StepRule::kPow2}) {
        for (const float range : {0.0F, 0.37F, 6.0F, 1234.5F}) {
          const Grid grid = make_grid(bits, is_signed, bits % 2 == 0, range, rule);
          ASSERT_TRUE(is_grid_of_kernels(grid));
          expect_same_bits(awkward_values(grid, 500), grid);
          ++num_grids;
        }
      }
    }
  }
  EXPECT_EQ(num_grids, 256);
}

void expect_codes(const std::vector<float>& x, const Grid& grid, const std::vector<float>& values,
                  auto&& code_of) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]),
              std::bit_cast<std::uint32_t>(graph::from_code(code_of(x[i]), grid.scale, 0)))
        << "x = " << x[i];
  }
}

TEST(QuantizeKernel, ThresholdsAndTakesSignsAsTheDefinition) {
  for (const StepRule rule : {StepRule::kFloat, StepRule::kPow2}) {
    for (const float range : {0.0F, 0.37F, 1234.5F}) {
      Grid grid = make_grid(1, true, true, range, rule);
      grid.threshold = 0.3F * grid.highest_value();
      std::vector<float> x = awkward_values(grid, 500);
      x.insert(x.end(), {grid.threshold, -grid.threshold});
      std::vector<float> y(x.size());
      threshold_ternary(x, grid, y);
      expect_codes(x, grid, y, [&](float at) { return graph::ternary_code(at, grid.threshold); });
      sign_binary(x, grid, y);
      expect_codes(x, grid, y, [&](float at) {
        return graph::sign_code(at * grid.scale.multiply / grid.scale.divide);
      });
    }
  }
}

TEST(QuantizeKernel, LeavesWideCodesAndZeroPointsToOthers) {
  EXPECT_FALSE(is_grid_of_kernels(make_grid(24, true, true, 1, StepRule::kFloat)));
  Grid shifted = make_grid(8, false, true, 1, StepRule::kFloat);
  shifted.zero_point = 3;
  EXPECT_FALSE(is_grid_of_kernels(shifted));
}

// docs/methods/ps_and_qs.md, test T3.
TEST(QuantizeKernel, MatchesTheWorkedExamples) {
  const std::vector<float> weights{1, -0.5F, 0.02F, 0};
  std::vector<float> rounded(4);
  EXPECT_EQ(max_abs(weights), 1.0F);
  quantize(weights, make_grid(4, true, true, 1, StepRule::kFloat), rounded);
  EXPECT_EQ(rounded, (std::vector<float>{1, -4.0F / 7, 0, 0}));
  relu_quantize(std::vector<float>{7, -1, 1, 6}, make_grid(4, false, true, 6, StepRule::kFloat),
                rounded);
  EXPECT_EQ(rounded, (std::vector<float>{6, 0, 0.8F, 6}));
}

TEST(MaxAbs, IsTheLargestMagnitudeOfAnySize) {
  for (const std::size_t size : {1U, 2U, 15U, 16U, 17U, 63U, 1025U}) {
    std::vector<float> x(size, 0.5F);
    x[size / 2] = -3;
    EXPECT_EQ(max_abs(x), 3.0F);
    EXPECT_EQ(index_of_magnitude(x, 3.0F), size / 2);
  }
  EXPECT_EQ(max_abs({}), 0.0F);
  EXPECT_EQ(max_abs(std::vector<float>{std::nanf(""), -1, std::nanf("")}), 1.0F);
}

struct Backward {
  std::vector<float> x;
  std::vector<float> y;
  std::vector<float> g;
};

Backward backward_case(const Grid& grid, std::size_t size, bool has_relu) {
  const Philox random(3, RandomStream::kSynthetic);
  Backward result;
  for (std::size_t i = 0; i < size; ++i) {
    result.x.push_back(static_cast<float>(random.normal(2 * i)) * grid.highest_value());
    result.g.push_back(static_cast<float>(random.normal(2 * i + 1)));
  }
  result.y.resize(size);
  has_relu ? relu_quantize(result.x, grid, result.y) : quantize(result.x, grid, result.y);
  return result;
}

TEST(GradientKernels, AreTheirFormulas) {
  for (const std::size_t size : {1U, 15U, 16U, 17U, 1023U, 1025U, 3000U}) {
    const Grid grid = make_grid(5, true, false, 1.5F, StepRule::kFloat);
    const Backward b = backward_case(grid, size, false);
    double rounding = 0;
    double range = 0;
    std::vector<float> gx(size);
    std::vector<float> expected(size);
    for (std::size_t i = 0; i < size; ++i) {
      const bool is_inside = b.x[i] >= grid.lowest_value() && b.x[i] <= grid.highest_value();
      const double g = b.g[i];
      rounding += g * (double{b.y[i]} - b.x[i]);
      range += g * (double{b.y[i]} - (is_inside ? b.x[i] : 0.0F));
      expected[i] = is_inside ? b.g[i] : 0;
    }
    EXPECT_NEAR(rounding_gradient(b.x, b.y, b.g), rounding, 1e-4);
    EXPECT_NEAR(clamp_gradient(b.x, b.y, b.g, grid, gx), range, 1e-3);
    EXPECT_EQ(gx, expected);
  }
}

TEST(GradientKernels, PassNothingThroughAReluThatIsOff) {
  const Grid grid = make_grid(4, false, true, 1, StepRule::kFloat);
  const Backward b = backward_case(grid, 1000, true);
  std::vector<float> gx(b.x.size());
  const double range = relu_clamp_gradient(b.x, b.y, b.g, grid, gx);
  double expected = 0;
  for (std::size_t i = 0; i < b.x.size(); ++i) {
    const bool is_inside = b.x[i] > 0 && b.x[i] <= 1;
    EXPECT_EQ(gx[i], is_inside ? b.g[i] : 0);
    if (b.x[i] > 0) expected += double{b.g[i]} * (b.y[i] - (is_inside ? b.x[i] : 0.0F));
  }
  EXPECT_NEAR(range, expected, 1e-3);
}

}  // namespace
}  // namespace pare::nn
