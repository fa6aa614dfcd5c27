#include "metrics/classification.h"

#include <algorithm>
#include <cmath>

#include "metrics/roc.h"

namespace pare::metrics {

Classification classify(const Scores& outputs, const Scores& probabilities,
                        std::span<const std::int64_t> labels) {
  Classification result;
  result.samples = static_cast<std::int64_t>(labels.size());
  result.accuracy = accuracy(outputs, labels);
  result.auc = one_vs_rest_auc(probabilities, labels);
  result.auc_macro = macro_mean(result.auc);
  result.background_efficiency = one_vs_rest_background_efficiency(probabilities, labels);
  result.confusion = confusion_matrix(outputs, labels);
  return result;
}

std::vector<float> softmax(const Scores& logits) {
  std::vector<float> probabilities(logits.values.size());
  std::vector<double> powers(logits.classes);
  for (std::size_t sample = 0; sample < logits.size(); ++sample) {
    const auto row = logits.row(sample);
    // Subtracting the largest changes nothing and keeps exp within range.
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      powers[i] = std::exp(static_cast<double>(row[i]) - largest);
      sum += powers[i];
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      probabilities[sample * logits.classes + i] = static_cast<float>(powers[i] / sum);
    }
  }
  return probabilities;
}

}  // namespace pare::metrics
