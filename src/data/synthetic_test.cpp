#include "data/synthetic.h"

#include <array>
#include <cmath>

#include <gmock/gmock.h>

#include "data/samples.h"

namespace pare::data {
namespace {

TEST(Mixture, SamplesDependOnSeedAndPlaceAlone) {
  const Samples few = make_mixture(20, 3);
  const Samples many = make_mixture(100, 3);
  std::vector<std::int64_t> first;
  for (std::int64_t row = 0; row < 20; ++row) first.push_back(row);
  EXPECT_EQ(few, select(many, first));
  EXPECT_NE(few, make_mixture(20, 4));
}

TEST(Mixture, ClassesAreBalanced) {
  const Samples samples = make_mixture(1000, 1);
  std::array<int, 5> counts{};
  for (const auto label : samples.labels.as<std::int64_t>())
    ++counts.at(static_cast<std::size_t>(label));
  EXPECT_THAT(counts, testing::Each(200));
}

/// Mean of feature `feature` over the samples of a class.
double class_mean(const Samples& samples, std::int64_t label, std::size_t feature) {
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples.size()); ++i) {
    if (samples.labels.as<std::int64_t>()[i] != label) continue;
    sum += static_cast<double>(samples.inputs.as<float>()[i * 16 + feature]);
    ++count;
  }
  return sum / count;
}

double correlation(const Samples& samples, std::size_t a, std::size_t b) {
  double aa = 0;
  double bb = 0;
  double ab = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples.size()); ++i) {
    const double x = static_cast<double>(samples.inputs.as<float>()[i * 16 + a]);
    const double y = static_cast<double>(samples.inputs.as<float>()[i * 16 + b]);
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return ab / std::sqrt(aa * bb);
}

TEST(Mixture, OnlySignalFeaturesTellTheClasses) {
  const Samples samples = make_mixture(50000, 1);
  double most_signal = 0;
  for (std::size_t feature = 0; feature < 16; ++feature) {
    const double difference =
        std::abs(class_mean(samples, 0, feature) - class_mean(samples, 1, feature));
    // Nuisance features deviate by at most about 3, so their class means by about 0.04.
    if (feature >= 8) {
      EXPECT_LT(difference, 0.2) << feature;
    } else {
      most_signal = std::max(most_signal, difference);
    }
  }
  EXPECT_GT(most_signal, 0.5);
}

TEST(Mixture, NuisanceFeaturesAreCorrelated) {
  const Samples samples = make_mixture(5000, 1);
  double most = 0;
  for (std::size_t a = 8; a < 16; ++a) {
    for (std::size_t b = a + 1; b < 16; ++b)
      most = std::max(most, std::abs(correlation(samples, a, b)));
  }
  EXPECT_GT(most, 0.7);
}

}  // namespace
}  // namespace pare::data
