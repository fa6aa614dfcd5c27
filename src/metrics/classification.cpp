#include "metrics/classification.h"

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

}  // namespace pare::metrics
