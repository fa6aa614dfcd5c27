#include "data/standardise.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace pare::data {
namespace {

/// Calls f(element, feature) for every element of inputs [N, F, …] in order.
template <class F>
void for_each_feature(const Tensor& inputs, F&& f) {
  check(inputs.rank() >= 2, "standardise: inputs are not [N, F, …]");
  const auto features = static_cast<std::size_t>(inputs.dim(1));
  const auto rows = static_cast<std::size_t>(inputs.dim(0));
  const std::size_t inner = inputs.size() / std::max<std::size_t>(rows * features, 1);
  std::size_t element = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t feature = 0; feature < features; ++feature) {
      for (std::size_t i = 0; i < inner; ++i) f(element++, feature);
    }
  }
}

/// Each element x of feature f as map(x, f), in double, rounded once.
template <class Map>
Tensor mapped(const Tensor& inputs, Map&& map) {
  Tensor result(DType::kF32, inputs.shape());
  const auto from = inputs.as<float>();
  const auto to = result.as<float>();
  for_each_feature(inputs, [&](std::size_t element, std::size_t feature) {
    to[element] = static_cast<float>(map(static_cast<double>(from[element]), feature));
  });
  return result;
}

}  // namespace

Standardisation statistics(const Tensor& inputs) {
  const auto features = static_cast<std::size_t>(inputs.dim(1));
  const double count = static_cast<double>(inputs.size()) / static_cast<double>(features);
  const auto values = inputs.as<float>();
  std::vector<double> sums(features);
  std::vector<double> squares(features);
  std::vector<float> least(features, std::numeric_limits<float>::infinity());
  std::vector<float> largest(features, -std::numeric_limits<float>::infinity());
  for_each_feature(inputs, [&](std::size_t element, std::size_t feature) {
    sums[feature] += static_cast<double>(values[element]);
    least[feature] = std::min(least[feature], values[element]);
    largest[feature] = std::max(largest[feature], values[element]);
  });
  Standardisation result{.mean = sums, .scale = std::vector<double>(features, 1.0)};
  for (double& mean : result.mean) mean /= count;
  for_each_feature(inputs, [&](std::size_t element, std::size_t feature) {
    const double difference = static_cast<double>(values[element]) - result.mean[feature];
    squares[feature] += difference * difference;
  });
  for (std::size_t feature = 0; feature < features; ++feature) {
    // Of a constant, rounding of the mean would leave a tiny deviation to divide by.
    if (least[feature] < largest[feature])
      result.scale[feature] = std::sqrt(squares[feature] / count);
  }
  return result;
}

Tensor standardise(const Tensor& inputs, const Standardisation& by) {
  if (by.mean.empty()) return inputs;
  check(inputs.rank() >= 2 && by.mean.size() == static_cast<std::size_t>(inputs.dim(1)) &&
            by.scale.size() == by.mean.size(),
        "standardise: one mean and one scale a feature");
  return mapped(inputs, [&](double x, std::size_t f) { return (x - by.mean[f]) / by.scale[f]; });
}

Tensor remap(const Tensor& inputs, const Standardisation& by_own,
             const Standardisation& by_others) {
  check(by_own.mean.size() == by_others.mean.size(), "remap: other features");
  return mapped(inputs, [&](double x, std::size_t f) {
    const double standardised = (x - by_own.mean[f]) / by_own.scale[f];
    return standardised * by_others.scale[f] + by_others.mean[f];
  });
}

}  // namespace pare::data
