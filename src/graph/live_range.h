#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/format.h"
#include "graph/quantize.h"

namespace pare::graph {

// Ranges that are statistics of the weights themselves, as they are at this moment. Training and
// freezing call these, so that both quantize by the same numbers.
//
// Exact zeros do not count in means and deviations: pruned weights are zeros, and a tensor of which
// 80 % is pruned would otherwise get a fifth of its range.

/// Whether a rule takes the range from the very values that are quantized.
bool is_live(RangeRule rule);

/// Ranges of a live rule for `num_groups` equal runs of `values`:
///
/// - kMaxAbs: max |w|.
/// - kMeanAbs: mean |w|. Ref: Rastegari et al. 2016, arXiv:1603.05279.
/// - kTwiceMeanAbs: 2 mean |w|.
/// - kSawb: sd(w) / z0 - (z1 / z0) mean |w| with (z0, z1) = (0.077, 1.013) for 4 bits and
///   (0.027, 1.114) for 8; sd divides by n - 1. The line was fitted to bell-shaped weights; where
///   it falls below mean |w|, as for weights of one magnitude, mean |w| is taken. Ref: Choi et al.
///   2018, arXiv:1807.06964.
/// - kThresholdMean: mean of the |w| that are at least ternary_threshold; 0 if there are none.
/// - kMinMax: max(w, 0) - min(w, 0).
///
/// Sums are in double, in a fixed order. `codes`, one or one a group, are needed by kSawb alone.
/// REQUIRES: is_live(rule); the groups divide the values; kSawb: top codes of 4 or 8 bits.
std::vector<float> live_ranges(RangeRule rule, std::span<const CodeRange> codes,
                               std::span<const float> values, std::size_t num_groups);

/// Delta = 0.05 max |w| of thresholded ternary weights, in float32. A largest weight below
/// kMinRange counts as kMinRange, so that zeros stay zeros.
float ternary_threshold(std::span<const float> values);

/// One a group.
std::vector<float> ternary_thresholds(std::span<const float> values, std::size_t num_groups);

}  // namespace pare::graph
