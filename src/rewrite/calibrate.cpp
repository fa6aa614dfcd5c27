#include "rewrite/calibrate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace pare::rewrite {
namespace {

constexpr int kNumBins = 1 << MagnitudeHistogram::kLog2Bins;
constexpr int kNumCandidates = 100;

/// How many of `count` values make up `percent` of them.
std::int64_t count_of(double percent, std::int64_t count) {
  // 99.9 % of 5000 are 4995, though the product is a little more.
  const double exact = percent / 100 * static_cast<double>(count) * (1 - 1e-12);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(exact)), 1, count);
}

double squared_error_of(double value, const graph::Scale& scale, const graph::CodeRange& codes) {
  const auto x = static_cast<float>(value);
  const float code = graph::to_code(x, scale, codes, graph::Rounding::kHalfEven, 0);
  const double error = value - static_cast<double>(graph::from_code(code, scale, 0));
  return error * error;
}

graph::Scale scale_of(float range, const RangeSearch& search) {
  return graph::make_scale(range, search.codes.top, search.step, graph::Pow2Choice::kNeverClip);
}

/// The range whose step is exactly the one that `range` would be given.
float with_exact_step(float range, const RangeSearch& search) {
  if (search.step == graph::StepRule::kFloat) return range;
  return scale_of(range, search).step() * static_cast<float>(search.codes.top);
}

template <class F>
float least_error(float largest, F&& squared_error) {
  float best = largest;
  double least = std::numeric_limits<double>::infinity();
  for (int k = kNumCandidates; k >= 1; --k) {
    const float range = largest * static_cast<float>(k) / kNumCandidates;
    const double error = squared_error(range);
    if (!(error < least)) continue;
    least = error;
    best = range;
  }
  return best;
}

float percentile_of(std::span<const float> values, double percent) {
  std::vector<float> magnitudes;
  for (const float x : values) {
    if (x != 0) magnitudes.push_back(std::abs(x));
  }
  if (magnitudes.empty()) return 0;
  const std::int64_t rank = count_of(percent, static_cast<std::int64_t>(magnitudes.size()));
  const auto at = magnitudes.begin() + (rank - 1);
  std::nth_element(magnitudes.begin(), at, magnitudes.end());
  return *at;
}

float largest_of(std::span<const float> values) {
  float largest = 0;
  for (const float x : values) largest = std::max(largest, std::abs(x));
  return largest;
}

float find_range_of_weights(std::span<const float> weights, const RangeSearch& search) {
  const auto error = [&](float range) {
    const graph::Scale scale = scale_of(range, search);
    double sum = 0;
    for (const float x : weights) sum += squared_error_of(double{x}, scale, search.codes);
    return sum;
  };
  switch (search.method) {
    case recipe::Calibration::kMinMax:
      return largest_of(weights);
    case recipe::Calibration::kPercentile:
      return percentile_of(weights, search.percentile);
    case recipe::Calibration::kMse:
      return least_error(largest_of(weights), error);
    case recipe::Calibration::kNone:
      break;
  }
  throw_internal("a range without a method to find it", __FILE__, __LINE__);
}

}  // namespace

double MagnitudeHistogram::bin_width() const { return std::ldexp(1.0, exponent_); }

void MagnitudeHistogram::make_room_for(float magnitude) {
  // 2^needed is the least width with which the last bin ends above the magnitude.
  const int needed = std::ilogb(magnitude) + 1 - kLog2Bins;
  if (bins_.empty()) {
    bins_.assign(kNumBins, 0);
    exponent_ = needed;
  }
  if (needed <= exponent_) return;
  const int shift = std::min(needed - exponent_, kLog2Bins);
  std::vector<std::int64_t> wider(kNumBins, 0);
  for (std::size_t i = 0; i < bins_.size(); ++i) wider[i >> shift] += bins_[i];
  bins_ = std::move(wider);
  exponent_ = needed;
}

void MagnitudeHistogram::add(std::span<const float> values) {
  const float largest = largest_of(values);
  if (largest > 0) make_room_for(largest);
  largest_ = std::max(largest_, largest);
  count_ += static_cast<std::int64_t>(values.size());
  const double bins_per_unit = std::ldexp(1.0, -exponent_);
  for (const float x : values) {
    if (x == 0) {
      ++zeros_;
    } else {
      ++bins_[static_cast<std::size_t>(std::abs(static_cast<double>(x)) * bins_per_unit)];
    }
  }
}

float MagnitudeHistogram::percentile(double percent) const {
  check(percent > 0 && percent <= 100, "a percentile outside 0 … 100");
  if (count_ == 0) return 0;
  const std::int64_t wanted = count_of(percent, count_);
  std::int64_t seen = zeros_;
  if (seen >= wanted) return 0;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    seen += bins_[i];
    if (seen < wanted) continue;
    const double end = static_cast<double>(i + 1) * bin_width();
    return std::min(static_cast<float>(end), largest_);
  }
  return largest_;
}

double MagnitudeHistogram::squared_error(const graph::Scale& scale,
                                         const graph::CodeRange& codes) const {
  double sum = 0;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    if (bins_[i] == 0) continue;
    const double middle = (static_cast<double>(i) + 0.5) * bin_width();
    sum += static_cast<double>(bins_[i]) * squared_error_of(middle, scale, codes);
  }
  return sum;
}

float find_range(const MagnitudeHistogram& histogram, const RangeSearch& search) {
  const auto error = [&](float range) {
    return histogram.squared_error(scale_of(range, search), search.codes);
  };
  switch (search.method) {
    case recipe::Calibration::kMinMax:
      return with_exact_step(histogram.largest(), search);
    case recipe::Calibration::kPercentile:
      return with_exact_step(histogram.percentile(search.percentile), search);
    case recipe::Calibration::kMse:
      return with_exact_step(least_error(histogram.largest(), error), search);
    case recipe::Calibration::kNone:
      break;
  }
  throw_internal("a range without a method to find it", __FILE__, __LINE__);
}

std::vector<float> find_ranges(std::span<const float> weights, std::size_t num_groups,
                               const RangeSearch& search) {
  check(num_groups > 0 && weights.size() % num_groups == 0, "find_ranges: groups do not fit");
  const std::size_t run = weights.size() / num_groups;
  std::vector<float> ranges;
  for (std::size_t group = 0; group < num_groups; ++group) {
    const auto of_group = weights.subspan(group * run, run);
    ranges.push_back(with_exact_step(find_range_of_weights(of_group, search), search));
  }
  return ranges;
}

}  // namespace pare::rewrite
