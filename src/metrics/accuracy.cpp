#include "metrics/accuracy.h"

#include <limits>

#include "base/error.h"

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
  return confusion_matrix(predictions(scores), labels, scores.classes);
}

ConfusionMatrix confusion_matrix(std::span<const std::int64_t> predicted,
                                 std::span<const std::int64_t> labels, std::size_t classes) {
  check(predicted.size() == labels.size(), "confusion_matrix: numbers of samples differ");
  const auto size = static_cast<std::int64_t>(classes);
  ConfusionMatrix matrix{classes, std::vector<std::int64_t>(classes * classes)};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    check(labels[i] >= 0 && labels[i] < size && predicted[i] >= 0 && predicted[i] < size,
          "confusion_matrix: a class that there is not");
    ++matrix.counts[static_cast<std::size_t>(labels[i] * size + predicted[i])];
  }
  return matrix;
}

double accuracy(const ConfusionMatrix& confusion) {
  std::int64_t samples = 0;
  std::int64_t right = 0;
  for (std::size_t i = 0; i < confusion.counts.size(); ++i) {
    samples += confusion.counts[i];
    if (i / confusion.classes == i % confusion.classes) right += confusion.counts[i];
  }
  if (samples == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(right) / static_cast<double>(samples);
}

}  // namespace pare::metrics
