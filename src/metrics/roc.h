#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metrics/scores.h"

namespace pare::metrics {

// The receiver operating characteristic of a score: the share of the background (false-positive
// rate) and of the signal (true-positive rate) above a threshold, as the threshold falls. Samples
// of equal score enter together, so a tie is a straight (slanted) piece of the curve.

/// Area under the curve: the probability that a signal sample scores higher than a background
/// sample, ties counting half. O(N log N). NaN if either kind is missing.
/// REQUIRES: as many flags as scores; a flag is non-zero for signal.
/// Ref: Hanley and McNeil 1982 (the rank statistic of Wilcoxon, Mann and Whitney).
double roc_auc(std::span<const float> scores, std::span<const std::uint8_t> is_signal);

/// False-positive rate where the curve first reaches `signal_efficiency` (0 … 1), linearly between
/// its points. Its inverse is the background rejection. NaN if either kind is missing.
double background_efficiency(std::span<const float> scores, std::span<const std::uint8_t> is_signal,
                             double signal_efficiency);

/// The area of each class against all others, by its own column of scores.
std::vector<double> one_vs_rest_auc(const Scores& scores, std::span<const std::int64_t> labels);

/// The background efficiency of each class against all others, by its own column of scores.
std::vector<double> one_vs_rest_background_efficiency(const Scores& scores,
                                                      std::span<const std::int64_t> labels,
                                                      double signal_efficiency = 0.5);

/// Mean of the classes that have a value; NaN if none has.
double macro_mean(std::span<const double> of_classes);

}  // namespace pare::metrics
