#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/quantize.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// The magnitudes of numbers that stream by, counted in one pass. Bins are 2^k wide, and pairs of
/// them merge when a larger number comes; bins of one width lie in those of the next, so that the
/// counts are a function of the numbers, not of their order or batches. Zeros are counted apart:
/// behind a ReLU they are many, and no grid gets them wrong.
class MagnitudeHistogram {
 public:
  static constexpr int kLog2Bins = 12;

  /// REQUIRES: finite values.
  void add(std::span<const float> values);

  std::int64_t count() const { return count_; }  ///< zeros included
  float largest() const { return largest_; }     ///< exact; 0 without values

  /// The end of the first bin up to which at least `percent` of all values lie, but at most the
  /// largest magnitude; 100 gives that. REQUIRES: 0 < percent <= 100.
  float percentile(double percent) const;

  /// Sum over the values of (x - Q(x))^2 with each value in the middle of its bin.
  double squared_error(const graph::Scale& scale, const graph::CodeRange& codes) const;

 private:
  double bin_width() const;
  void make_room_for(float magnitude);

  std::vector<std::int64_t> bins_;
  int exponent_ = 0;  ///< bins are 2^exponent wide
  std::int64_t zeros_ = 0;
  std::int64_t count_ = 0;
  float largest_ = 0;
};

/// What a range is sought for, and how.
struct RangeSearch {
  recipe::Calibration method = recipe::Calibration::kMinMax;
  double percentile = 99.99;
  graph::CodeRange codes;
  graph::StepRule step = graph::StepRule::kFloat;
};

/// The range of a wire whose values a histogram has seen. kMinMax: the largest magnitude;
/// kPercentile: the histogram's; kMse: that of k / 100 times the largest magnitude, k = 1 … 100,
/// with the least squared error (the larger one on a tie). With a power-of-two step the range is
/// one whose step is exact, the next above. REQUIRES: a method that is not kNone.
float find_range(const MagnitudeHistogram& histogram, const RangeSearch& search);

/// The same of weights, one range for each of `num_groups` equal runs, from the weights themselves.
/// Zeros, which pruned weights are, do not count in percentiles.
std::vector<float> find_ranges(std::span<const float> weights, std::size_t num_groups,
                               const RangeSearch& search);

}  // namespace pare::rewrite
