#include "search/gaussian_process.h"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/philox.h"

namespace pare::search {
namespace {

/// Random inputs in the unit cube and a smooth function of them with some noise.
Samples random_samples(std::size_t count, std::size_t dimensions, double noise) {
  const Philox random(3, RandomStream::kSynthetic);
  Samples samples;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> input;
    for (std::size_t d = 0; d < dimensions; ++d) input.push_back(random.uniform(i * 16 + d));
    const double value = std::sin(5 * input[0]) + input.back() * input.back();
    samples.outputs.push_back(value + noise * random.normal(10'000 + i));
    samples.inputs.push_back(std::move(input));
  }
  return samples;
}

// Two samples at distance 1 with the length scale √5, so that √5 r = 1 and the correlation is
// c = (1 + 1 + 1/3) / e. By symmetry the mean is that of the outputs.
constexpr double kCorrelation = 7.0 / 3.0 / std::numbers::e;
const Kernel kTwoPointKernel{
    .length_scales = {std::sqrt(5.0)}, .signal_variance = 2, .noise_variance = 1};

TEST(GaussianProcess, EqualsTwoPointsByHand) {
  const GaussianProcess process({{{0}, {1}}, {3, 5}}, kTwoPointKernel);
  // K = [[3, 2c], [2c, 3]] has the eigenvectors (1, 1) with 3 + 2c and (1, -1) with 3 - 2c.
  // At 0: k = (2, 2c) = (1 + c) (1, 1) + (1 - c) (1, -1); outputs - mean = -(1, -1).
  const double c = kCorrelation;
  const double mean = 4 - 2 * (1 - c) / (3 - 2 * c);
  const double variance =
      2 - 2 * (1 + c) * (1 + c) / (3 + 2 * c) - 2 * (1 - c) * (1 - c) / (3 - 2 * c);
  const Belief belief = process.at(std::vector<double>{0});
  EXPECT_NEAR(belief.mean, mean, 1e-12);
  EXPECT_NEAR(belief.variance, variance, 1e-12);
  // Half way the mean is the outputs', and the variance by k = 2 c' (1, 1), √5 r = 1/2.
  const double half = (1 + 0.5 + 0.25 / 3) * std::exp(-0.5);
  const Belief middle = process.at(std::vector<double>{0.5});
  EXPECT_NEAR(middle.mean, 4, 1e-12);
  EXPECT_NEAR(middle.variance, 2 - 2 * 4 * half * half / (3 + 2 * c), 1e-12);
}

TEST(GaussianProcess, LikelihoodEqualsTwoPointsByHand) {
  const Samples samples{{{0}, {1}}, {3, 5}};
  const double c = kCorrelation;
  // The residual -(1, -1) has the squared length 2 along the eigenvalue 3 - 2c.
  const double expected = -0.5 * (2 / (3 - 2 * c) + std::log((3 + 2 * c) * (3 - 2 * c)) +
                                  2 * std::log(2 * std::numbers::pi));
  const std::vector<double> logs = {std::log(std::sqrt(5.0)), std::log(2.0), 0};
  EXPECT_NEAR(log_likelihood(samples, logs).value, expected, 1e-12);
}

TEST(GaussianProcess, PassesThroughSamplesWithoutNoise) {
  const Samples samples = random_samples(12, 2, 0);
  const GaussianProcess process(samples, {.length_scales = {0.5, 0.8}, .signal_variance = 1.5});
  for (std::size_t i = 0; i < samples.inputs.size(); ++i) {
    const Belief belief = process.at(samples.inputs[i]);
    EXPECT_NEAR(belief.mean, samples.outputs[i], 1e-7);
    EXPECT_NEAR(belief.variance, 0, 1e-7);
  }
}

TEST(GaussianProcess, FarAwayItKnowsTheMeanAlone) {
  const GaussianProcess process({{{0}, {1}}, {3, 5}},
                                {.length_scales = {0.01}, .signal_variance = 2});
  const Belief belief = process.at(std::vector<double>{0.5});
  EXPECT_NEAR(belief.mean, 4, 1e-12);
  EXPECT_NEAR(belief.variance, 2, 1e-12);
}

TEST(GaussianProcess, EqualInputsWithoutNoiseAreNoFailure) {
  const GaussianProcess process({{{0.5}, {0.5}}, {1, 1}}, {.length_scales = {1}});
  EXPECT_NEAR(process.at(std::vector<double>{0.5}).mean, 1, 1e-6);
}

void expect_gradient_of(const SmoothFunction& function, const std::vector<double>& at) {
  const Evaluation there = function(at);
  ASSERT_EQ(there.gradient.size(), at.size());
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < at.size(); ++i) {
    std::vector<double> above = at;
    std::vector<double> below = at;
    above[i] += kStep;
    below[i] -= kStep;
    const double difference = (function(above).value - function(below).value) / (2 * kStep);
    EXPECT_NEAR(there.gradient[i], difference, 1e-6 * (1 + std::abs(difference))) << i;
  }
}

TEST(LogLikelihood, HasTheGradientOfItsFiniteDifferences) {
  const Samples samples = random_samples(15, 3, 0.1);
  const SmoothFunction function = [&](const std::vector<double>& logs) {
    return log_likelihood(samples, logs);
  };
  expect_gradient_of(function, {-1, 0.3, 0.5, 0.2, -2});
  expect_gradient_of(function, {0.7, -0.5, -2, 1.5, -5});
}

TEST(LogPrior, HasTheGradientOfItsFiniteDifferences) {
  expect_gradient_of(log_prior, {-1, 0.3, 0.2, -2});
  // Gamma(3, 6) is largest at (3 - 1) / 6.
  EXPECT_NEAR(log_prior({std::log(1.0 / 3), 0, 0}).gradient[0], 0, 1e-12);
}

TEST(Fit, FindsWhatMatters) {
  // Of three coordinates the second has no influence: its length scale comes out the longest.
  const GaussianProcess process = fit(random_samples(40, 3, 0.01), 1);
  const std::vector<double>& lengths = process.kernel().length_scales;
  EXPECT_GT(lengths[1], 2 * lengths[0]);
  EXPECT_LT(process.kernel().noise_variance, 0.01);
  EXPECT_NEAR(process.at(std::vector<double>{0.3, 0.5, 0.5}).mean, std::sin(1.5) + 0.25, 0.05);
}

TEST(Fit, SeesNoise) {
  const double variance = fit(random_samples(60, 2, 0.5), 1).kernel().noise_variance;
  EXPECT_GT(variance, 0.1);
  EXPECT_LT(variance, 0.5);
}

TEST(Fit, DependsOnNothingButSamplesAndSeed) {
  const GaussianProcess first = fit(random_samples(10, 2, 0.1), 5);
  const GaussianProcess second = fit(random_samples(10, 2, 0.1), 5);
  EXPECT_EQ(first.kernel().length_scales, second.kernel().length_scales);
  EXPECT_EQ(first.at(std::vector<double>{0.2, 0.7}).mean,
            second.at(std::vector<double>{0.2, 0.7}).mean);
}

TEST(Fit, TakesOneSampleAndConstantOnes) {
  EXPECT_NEAR(fit({{{0.5}}, {2}}, 1).at(std::vector<double>{0.1}).mean, 2, 1e-9);
  EXPECT_NEAR(fit({{{0.5}, {0.7}, {0.1}}, {2, 2, 2}}, 1).at(std::vector<double>{0.9}).mean, 2,
              1e-9);
}

}  // namespace
}  // namespace pare::search
