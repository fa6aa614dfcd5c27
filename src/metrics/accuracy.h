#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/scores.h"

namespace pare::metrics {

/// The class of each sample: the first index of its largest score.
std::vector<std::int64_t> predictions(const Scores& scores);

/// Share of the samples whose largest score is their label's (top-1), 0 … 1. NaN without samples.
double accuracy(const Scores& scores, std::span<const std::int64_t> labels);

/// How often samples of one class were taken for another.
struct ConfusionMatrix {
  std::size_t classes = 0;
  std::vector<std::int64_t> counts;  ///< [truth, predicted], row-major

  std::int64_t at(std::size_t truth, std::size_t predicted) const {
    return counts.at(truth * classes + predicted);
  }
};

ConfusionMatrix confusion_matrix(const Scores& scores, std::span<const std::int64_t> labels);

/// The same of classes that were decided before. REQUIRES: as many predictions as labels, all in 0
/// … classes-1.
ConfusionMatrix confusion_matrix(std::span<const std::int64_t> predicted,
                                 std::span<const std::int64_t> labels, std::size_t classes);

/// Share of the samples that were taken for their class, 0 … 1. NaN without samples.
double accuracy(const ConfusionMatrix& confusion);

}  // namespace pare::metrics
