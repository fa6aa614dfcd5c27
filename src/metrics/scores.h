#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pare::metrics {

/// What a classifier gave each sample: row-major [N, C], higher is likelier. Only the order counts:
/// for the accuracy the order within a row, so that logits will do; for one class against the rest
/// the order within a column, and for that logits have no common scale: give probabilities. NaN
/// counts as minus infinity, so that a network that diverged is merely bad.
struct Scores {
  std::span<const float> values;
  std::size_t classes = 0;  ///< C, at least 1

  std::size_t size() const { return values.size() / classes; }
  std::span<const float> row(std::size_t sample) const {
    return values.subspan(sample * classes, classes);
  }
};

/// Throws InternalError unless there is one label for each row, and each is in 0 … C-1.
void check_labels(const Scores& scores, std::span<const std::int64_t> labels);

}  // namespace pare::metrics
