#include "metrics/accuracy.h"

#include <limits>

namespace pare::metrics {
namespace {

std::size_t argmax(std::span<const float> row) {
  // NaN is never greater: it loses to every number, and a row of NaN gives the first class.
  std::size_t best = 0;
  float best_score = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] > best_score) {
      best = i;
      best_score = row[i];
    }
  }
  return best;
}

}  // namespace

std::vector<std::int64_t> predictions(const Scores& scores) {
  std::vector<std::int64_t> classes(scores.size());
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes[i] = static_cast<std::int64_t>(argmax(scores.row(i)));
  }
  return classes;
}

double accuracy(const Scores& scores, std::span<const std::int64_t> labels) {
  check_labels(scores, labels);
  if (labels.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::int64_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (static_cast<std::int64_t>(argmax(scores.row(i))) == labels[i]) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

ConfusionMatrix confusion_matrix(const Scores& scores, std::span<const std::int64_t> labels) {
  check_labels(scores, labels);
  ConfusionMatrix matrix{scores.classes,
                         std::vector<std::int64_t>(scores.classes * scores.classes)};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++matrix.counts[static_cast<std::size_t>(labels[i]) * scores.classes + argmax(scores.row(i))];
  }
  return matrix;
}

}  // namespace pare::metrics
