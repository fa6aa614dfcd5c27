#include "graph/live_range.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace pare::graph {
namespace {

constexpr float kTernaryThreshold = 0.05F;

/// Sum of term(x) over the values, in lanes that a compiler may run side by side.
template <class Term>
double sum(std::span<const float> values, Term term) {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(values[i + lane]);
  }
  for (std::size_t lane = 0; i < values.size(); ++i, ++lane) lanes[lane] += term(values[i]);
  double total = 0;
  for (const double lane : lanes) total += lane;
  return total;
}

double count_nonzero(std::span<const float> values) {
  return sum(values, [](float x) { return x != 0 ? 1.0 : 0.0; });
}

double mean_abs(std::span<const float> values) {
  const double count = count_nonzero(values);
  if (count == 0) return 0;
  return sum(values, [](float x) { return std::abs(static_cast<double>(x)); }) / count;
}

/// Of the values that are not zero.
double standard_deviation(std::span<const float> values) {
  const double count = count_nonzero(values);
  if (count < 2) return 0;
  const double mean = sum(values, [](float x) { return static_cast<double>(x); }) / count;
  const double squares = sum(values, [mean](float x) {
    const double deviation = static_cast<double>(x) - mean;
    return x != 0 ? deviation * deviation : 0.0;
  });
  return std::sqrt(squares / (count - 1));
}

float max_abs_of(std::span<const float> values) {
  float largest = 0;
  for (const float x : values) largest = std::max(largest, std::abs(x));
  return largest;
}

float width(std::span<const float> values) {
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return std::max(*highest, 0.0F) - std::min(*lowest, 0.0F);
}

double sawb(std::span<const float> values, const CodeRange& codes) {
  check(codes.top == 7 || codes.top == 127, "SAWB has coefficients for 4 and 8 bits");
  const double z0 = codes.top == 7 ? 0.077 : 0.027;
  const double z1 = codes.top == 7 ? 1.013 : 1.114;
  const double mean = mean_abs(values);
  return std::max(standard_deviation(values) / z0 - z1 / z0 * mean, mean);
}

double threshold_mean(std::span<const float> values) {
  const float threshold = ternary_threshold(values);
  const double count = sum(values, [=](float x) { return std::abs(x) >= threshold ? 1.0 : 0.0; });
  if (count == 0) return 0;
  return sum(values,
             [=](float x) {
               return std::abs(x) >= threshold ? std::abs(static_cast<double>(x)) : 0.0;
             }) /
         count;
}

float live_range(RangeRule rule, const CodeRange& codes, std::span<const float> values) {
  switch (rule) {
    case RangeRule::kMaxAbs:
      return max_abs_of(values);
    case RangeRule::kMeanAbs:
      return static_cast<float>(mean_abs(values));
    case RangeRule::kTwiceMeanAbs:
      return static_cast<float>(2 * mean_abs(values));
    case RangeRule::kSawb:
      return static_cast<float>(sawb(values, codes));
    case RangeRule::kThresholdMean:
      return static_cast<float>(threshold_mean(values));
    case RangeRule::kMinMax:
      return width(values);
    case RangeRule::kLearned:
    case RangeRule::kFixed:
    case RangeRule::kStep:
    case RangeRule::kAccumulator:
      break;
  }
  throw_internal("a range that is no statistic of the values", __FILE__, __LINE__);
}

/// Calls f(run of values) for each group and lists what it returns.
template <class F>
std::vector<float> for_each_group(std::span<const float> values, std::size_t num_groups, F&& f) {
  check(num_groups > 0 && values.size() % num_groups == 0, "live_ranges: groups do not fit");
  const std::size_t run = values.size() / num_groups;
  std::vector<float> results;
  for (std::size_t group = 0; group < num_groups; ++group) {
    results.push_back(f(values.subspan(group * run, run), group));
  }
  return results;
}

}  // namespace

bool is_live(RangeRule rule) {
  switch (rule) {
    case RangeRule::kMaxAbs:
    case RangeRule::kMeanAbs:
    case RangeRule::kTwiceMeanAbs:
    case RangeRule::kSawb:
    case RangeRule::kThresholdMean:
    case RangeRule::kMinMax:
      return true;
    case RangeRule::kLearned:
    case RangeRule::kFixed:
    case RangeRule::kStep:
    case RangeRule::kAccumulator:
      return false;
  }
  return false;
}

std::vector<float> live_ranges(RangeRule rule, std::span<const CodeRange> codes,
                               std::span<const float> values, std::size_t num_groups) {
  const auto range = [&](std::span<const float> run, std::size_t group) {
    const CodeRange none;
    const CodeRange& of = codes.empty() ? none : codes[codes.size() == 1 ? 0 : group];
    return live_range(rule, of, run);
  };
  return for_each_group(values, num_groups, range);
}

float ternary_threshold(std::span<const float> values) {
  return kTernaryThreshold * std::max(max_abs_of(values), kMinRange);
}

std::vector<float> ternary_thresholds(std::span<const float> values, std::size_t num_groups) {
  return for_each_group(values, num_groups, [](std::span<const float> run, std::size_t) {
    return ternary_threshold(run);
  });
}

}  // namespace pare::graph
