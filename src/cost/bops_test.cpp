#include "cost/bops.h"

#include <array>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"

namespace pare::cost {
namespace {

constexpr std::array<std::int64_t, 5> kJets{16, 64, 32, 32, 5};
using Layers = std::array<double, 4>;

/// BOPs of the four layers of the jets network, with `bits` everywhere but at the input.
Layers jets(int bits, int input_bits, const Layers& alive) {
  Layers result{};
  for (std::size_t i = 0; i < 4; ++i) {
    result[i] = bops(kJets[i + 1], kJets[i], alive[i], i == 0 ? input_bits : bits, bits);
  }
  return result;
}

Layers uniform(double alive) { return {alive, alive, alive, alive}; }

double total(const Layers& layers) { return std::accumulate(layers.begin(), layers.end(), 0.0); }

/// Alive fractions from counts of alive weights (and biases, as the authors' code counts).
Layers fractions(const std::array<double, 4>& alive_weights, bool with_biases) {
  Layers result{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto m = static_cast<double>(kJets[i + 1]);
    const double weights = m * static_cast<double>(kJets[i]);
    result[i] = with_biases ? (alive_weights[i] + m) / (weights + m) : alive_weights[i] / weights;
  }
  return result;
}

void expect_layers(const Layers& found, const Layers& expected) {
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(found[i], expected[i], 1e-6) << "layer " << i + 1;
}

// T1 of Ps and Qs, section 11.

TEST(Bops, FloatDense) {
  const Layers layers = jets(32, 32, uniform(1));
  expect_layers(layers, {1118208, 2240512, 1119232, 174880});
  EXPECT_DOUBLE_EQ(total(layers), 4652832);
}

TEST(Bops, FloatPruned80) {
  const Layers layers = jets(32, 32, uniform(0.2));
  expect_layers(layers, {279347.2, 562790.4, 280371.2, 43808});
  EXPECT_NEAR(total(layers), 1166316.8, 1e-6);
}

TEST(Bops, SixBitDense) {
  const Layers layers = jets(6, 32, uniform(1));
  expect_layers(layers, {239616, 110592, 54272, 8480});
  EXPECT_DOUBLE_EQ(total(layers), 412960);
}

TEST(Bops, SixBitPruned80) {
  const Layers layers = jets(6, 32, uniform(0.2));
  expect_layers(layers, {82329.6, 51609.6, 24780.8, 3872});
  EXPECT_NEAR(total(layers), 162592, 1e-6);
  EXPECT_NEAR(total(jets(32, 32, uniform(1))) / total(layers), 28.62, 5e-3);
}

TEST(Bops, SixBitPruned80CountingBiases) {
  Layers alive{};
  for (std::size_t i = 0; i < 4; ++i) {
    alive[i] = 0.2 * static_cast<double>(kJets[i] * kJets[i + 1]);
  }
  EXPECT_NEAR(total(jets(6, 32, fractions(alive, true))), 173784.87, 5e-3);
}

TEST(Bops, AllPrunedLeavesTheAccumulators) {
  EXPECT_DOUBLE_EQ(total(jets(6, 32, uniform(0))), 100000);
}

TEST(Bops, OtherWidths) {
  EXPECT_DOUBLE_EQ(total(jets(12, 32, uniform(1))), 1003552);
  EXPECT_DOUBLE_EQ(total(jets(4, 32, uniform(1))), 267808);
  EXPECT_DOUBLE_EQ(total(jets(16, 32, uniform(1))), 1526560);
  EXPECT_DOUBLE_EQ(total(jets(6, 6, uniform(1))), 226592);
  EXPECT_NEAR(total(jets(6, 6, uniform(0.2))), 104019.2, 1e-6);
}

TEST(Bops, GlobalPruningOfOneSparsityGivesManyCosts) {
  EXPECT_NEAR(total(jets(6, 32, fractions({244, 375, 184, 49}, false))), 168736, 1e-6);
  EXPECT_NEAR(total(jets(6, 32, fractions({244, 375, 184, 49}, true))), 179509.45, 5e-3);
  EXPECT_NEAR(total(jets(6, 32, fractions({411, 195, 225, 21}, false))), 194788, 1e-6);
  EXPECT_NEAR(total(jets(6, 32, fractions({411, 195, 225, 21}, true))), 203760.84, 5e-3);
}

RC_GTEST_PROP(Bops, GrowsWithBitsSizeAndAliveWeights, ()) {
  const auto m = *rc::gen::inRange<std::int64_t>(1, 500);
  const auto n = *rc::gen::inRange<std::int64_t>(1, 500);
  const auto input_bits = *rc::gen::inRange(1, 33);
  const auto weight_bits = *rc::gen::inRange(1, 33);
  const auto alive = *rc::gen::inRange(0, 100);
  const double cost = bops(m, n, alive / 100.0, input_bits, weight_bits);
  RC_ASSERT(bops(m, n, (alive + 1) / 100.0, input_bits, weight_bits) > cost);
  RC_ASSERT(bops(m, n, alive / 100.0, input_bits + 1, weight_bits) > cost);
  RC_ASSERT(bops(m, n, alive / 100.0, input_bits, weight_bits + 1) > cost);
  RC_ASSERT(bops(m + 1, n, alive / 100.0, input_bits, weight_bits) > cost);
  RC_ASSERT(bops(m, n + 1, alive / 100.0, input_bits, weight_bits) > cost);
}

TEST(Bops, RefusesWhatIsNoLayer) {
  EXPECT_THROW(bops(0, 1, 1, 8, 8), InternalError);
  EXPECT_THROW(bops(1, 0, 1, 8, 8), InternalError);
  EXPECT_THROW(bops(1, 1, 1.01, 8, 8), InternalError);
}

}  // namespace
}  // namespace pare::cost
