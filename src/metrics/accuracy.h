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

}  // namespace pare::metrics
