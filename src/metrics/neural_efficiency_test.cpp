#include "metrics/neural_efficiency.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/philox.h"

namespace pare::metrics {
namespace {

/// Samples of `neurons` values whose signs spell the states, neuron 0 in the lowest bit.
std::vector<float> values_of(const std::vector<unsigned>& states, std::size_t neurons) {
  std::vector<float> values;
  for (const unsigned state : states) {
    for (std::size_t i = 0; i < neurons; ++i) {
      values.push_back((state >> i & 1U) != 0 ? 0.5F : -0.5F);
    }
  }
  return values;
}

LayerEfficiency single(const std::vector<float>& values, std::size_t neurons) {
  NeuralEfficiency gathered;
  gathered.add("fc1", values, neurons);
  return gathered.result().layers.at(0);
}

// T4 of Ps and Qs, section 11.

TEST(NeuralEfficiency, OfStatesSeenFourTwoOneAndOneTimes) {
  const auto layer = single(values_of({5, 5, 5, 5, 2, 2, 0, 7}, 3), 3);
  EXPECT_EQ(layer.states, 4);
  EXPECT_EQ(layer.entropy, 1.75);
  EXPECT_NEAR(layer.efficiency, 0.583333, 1e-6);
  EXPECT_EQ(layer.bound, 1);
}

TEST(NeuralEfficiency, OfANetworkIsTheGeometricMean) {
  NeuralEfficiency gathered;
  gathered.add("fc1", values_of({5, 5, 5, 5, 2, 2, 0, 7}, 3), 3);
  gathered.add("fc2", values_of({0, 1, 0, 1, 0, 1, 0, 1}, 1), 1);
  // Two bits of entropy in five neurons.
  gathered.add("output", values_of({0, 0, 3, 3, 17, 17, 30, 30}, 5), 5);
  const NetworkEfficiency network = gathered.result();
  EXPECT_EQ(network.samples, 8);
  EXPECT_EQ(network.layers.at(1).efficiency, 1);
  EXPECT_EQ(network.layers.at(2).efficiency, 0.4);
  EXPECT_NEAR(network.efficiency, 0.615638, 1e-6);
  EXPECT_NEAR(network.bound, std::cbrt(3.0 / 5), 1e-12);
  EXPECT_NEAR(artificial_iq(0.94, network.efficiency), 0.816320, 1e-6);
}

TEST(NeuralEfficiency, AConstantLayerMakesTheNetworkZero) {
  NeuralEfficiency gathered;
  gathered.add("fc1", values_of({0, 1, 2, 3, 0, 1, 3}, 2), 2);
  gathered.add("fc2", values_of({2, 2, 2, 2, 2, 2, 2}, 2), 2);
  EXPECT_GT(gathered.result().layers.at(0).efficiency, 0.9);
  EXPECT_EQ(gathered.result().layers.at(1).efficiency, 0);
  EXPECT_EQ(gathered.result().efficiency, 0);
  EXPECT_EQ(artificial_iq(0.9, 0), 0);
}

TEST(NeuralEfficiency, OfAllStatesAlikeIsOne) {
  for (const std::size_t neurons : {1U, 3U, 6U}) {
    std::vector<unsigned> states;
    for (unsigned state = 0; state < 1U << neurons; ++state) states.push_back(state);
    EXPECT_EQ(single(values_of(states, neurons), neurons).efficiency, 1) << neurons;
  }
}

TEST(NeuralEfficiency, ZeroAndNanAreNotAboveZero) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto layer = single({0.0F, -0.0F, -1, nan, 1e-30F}, 1);
  EXPECT_EQ(layer.states, 2);
  EXPECT_NEAR(layer.entropy, -(0.8 * std::log2(0.8) + 0.2 * std::log2(0.2)), 1e-12);
}

// Bounds of section 7: with n samples no layer can show more than log2 n bits.
TEST(NeuralEfficiency, BoundsFollowFromTheNumberOfSamples) {
  NeuralEfficiency gathered;
  const std::vector<float> zeros(20000 * 64);
  for (const std::size_t neurons : {64U, 32U, 5U}) {
    gathered.add(std::to_string(neurons), std::span(zeros).first(20000 * neurons), neurons);
  }
  gathered.add("32 again", std::span(zeros).first(20000 * 32), 32);
  const NetworkEfficiency network = gathered.result();
  EXPECT_NEAR(network.layers.at(0).bound, std::log2(20000) / 64, 1e-12);
  EXPECT_EQ(network.layers.at(2).bound, 1);
  EXPECT_NEAR(network.bound, 0.459, 5e-4);
}

TEST(NeuralEfficiency, TellsWideStatesApartByAnyOfTheirBits) {
  constexpr std::size_t kNeurons = 150;
  std::vector<float> values(kNeurons * kNeurons, -1.0F);
  for (std::size_t i = 0; i < kNeurons; ++i) values[i * kNeurons + i] = 1;
  EXPECT_EQ(single(values, kNeurons).states, static_cast<std::int64_t>(kNeurons));
}

TEST(NeuralEfficiency, OfNothingIsZero) {
  EXPECT_EQ(NeuralEfficiency().result().efficiency, 0);
  NeuralEfficiency gathered;
  gathered.add("fc1", {}, 3);
  EXPECT_EQ(gathered.result().efficiency, 0);
  EXPECT_EQ(gathered.result().bound, 0);
}

TEST(NeuralEfficiency, RefusesLayersOfUnequalSamplesOrWidth) {
  NeuralEfficiency gathered;
  gathered.add("fc1", std::vector<float>{1, 2}, 1);
  gathered.add("fc2", std::vector<float>{1, 2}, 2);
  EXPECT_THROW(gathered.result(), InternalError);
  EXPECT_THROW(gathered.add("fc1", std::vector<float>{1, 2}, 2), InternalError);
  EXPECT_THROW(gathered.add("fc3", std::vector<float>{1, 2, 3}, 2), InternalError);
}

RC_GTEST_PROP(NeuralEfficiency, DependsNeitherOnTheOrderOfSamplesNorOfNeuronsNorOnBatches, ()) {
  constexpr std::size_t kNeurons = 5;
  const auto states = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 1U << kNeurons)));
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const std::vector<float> values = values_of(states, kNeurons);
  const auto samples =
      Philox(seed, RandomStream::kShuffle).permutation(static_cast<std::int64_t>(states.size()));
  const auto neurons = Philox(seed, RandomStream::kInit).permutation(kNeurons);
  NeuralEfficiency shuffled;
  for (const std::int64_t sample : samples) {
    std::vector<float> row;
    for (const std::int64_t neuron : neurons) {
      row.push_back(
          values[static_cast<std::size_t>(sample) * kNeurons + static_cast<std::size_t>(neuron)]);
    }
    shuffled.add("fc1", row, kNeurons);
  }
  RC_ASSERT(shuffled.result().layers.at(0).efficiency == single(values, kNeurons).efficiency);
}

RC_GTEST_PROP(NeuralEfficiency, StaysBelowItsBound, ()) {
  constexpr std::size_t kNeurons = 4;
  const auto states = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 1U << kNeurons)));
  const auto layer = single(values_of(states, kNeurons), kNeurons);
  RC_ASSERT(layer.efficiency >= 0);
  RC_ASSERT(layer.efficiency <= layer.bound + 1e-12);
}

}  // namespace
}  // namespace pare::metrics
