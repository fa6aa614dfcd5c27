#include "data/synthetic.h"

#include <array>

#include "base/philox.h"

namespace pare::data {
namespace {

constexpr std::size_t kClasses = 5;
constexpr std::size_t kSignal = 8;
constexpr std::size_t kFeatures = 16;
constexpr std::size_t kLatent = 3;
constexpr double kMeanDeviation = 0.5;
constexpr double kSignalNoise = 0.7;
constexpr double kNuisanceNoise = 0.3;

constexpr std::uint64_t kProblemSeed = 20210223;
constexpr std::uint32_t kProblemStep = 0;
constexpr std::uint32_t kSampleStep = 1;

struct Problem {
  std::array<std::array<double, kSignal>, kClasses> means{};
  std::array<std::array<double, kLatent>, kFeatures> directions{};
};

Problem make_problem() {
  const Philox random(kProblemSeed, RandomStream::kSynthetic, 0, kProblemStep);
  Problem problem;
  std::uint64_t index = 0;
  for (auto& mean : problem.means) {
    for (double& value : mean) value = kMeanDeviation * random.normal(index++);
  }
  for (auto& direction : problem.directions) {
    for (double& value : direction) value = random.normal(index++);
  }
  return problem;
}

}  // namespace

Samples make_mixture(std::int64_t count, std::uint64_t seed) {
  const Problem problem = make_problem();
  const Philox random(seed, RandomStream::kSynthetic, 0, kSampleStep);
  Samples samples{.inputs = Tensor(DType::kF32, {count, static_cast<std::int64_t>(kFeatures)}),
                  .labels = Tensor(DType::kI64, {count})};
  const auto inputs = samples.inputs.as<float>();
  const auto labels = samples.labels.as<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t label = i % kClasses;
    labels[i] = static_cast<std::int64_t>(label);
    std::uint64_t index = i * (kLatent + kFeatures);
    std::array<double, kLatent> latent{};
    for (double& value : latent) value = random.normal(index++);
    for (std::size_t j = 0; j < kFeatures; ++j) {
      const bool is_signal = j < kSignal;
      double x = is_signal ? problem.means[label][j] : 0.0;
      for (std::size_t k = 0; k < kLatent; ++k) x += problem.directions[j][k] * latent[k];
      x += (is_signal ? kSignalNoise : kNuisanceNoise) * random.normal(index++);
      inputs[i * kFeatures + j] = static_cast<float>(x);
    }
  }
  return samples;
}

}  // namespace pare::data
