#include "metrics/classification.h"

#include <algorithm>

#include "metrics/agreement.h"
#include "metrics/roc.h"
#include "metrics/softmax.h"

namespace pare::metrics {
namespace {

std::vector<float> to_floats(std::span<const double> values) {
  std::vector<float> floats(values.size());
  std::transform(values.begin(), values.end(), floats.begin(),
                 [](double x) { return static_cast<float>(x); });
  return floats;
}

}  // namespace

Classification classify(const Scores& outputs, const Scores& probabilities,
                        std::span<const std::int64_t> labels) {
  Classification result;
  result.samples = static_cast<std::int64_t>(labels.size());
  result.accuracy = accuracy(outputs, labels);
  result.auc = one_vs_rest_auc(probabilities, labels);
  result.auc_macro = macro_mean(result.auc);
  result.background_efficiency = one_vs_rest_background_efficiency(probabilities, labels);
  result.confusion = confusion_matrix(outputs, labels);
  result.recall = recalls(result.confusion);
  result.average_accuracy = average_accuracy(result.confusion);
  result.kappa = cohens_kappa(result.confusion);
  return result;
}

Classification classify_outputs(std::span<const double> outputs, std::size_t classes,
                                bool are_probabilities, std::span<const std::int64_t> labels) {
  const std::vector<float> scores = to_floats(outputs);
  std::vector<double> probabilities(outputs.begin(), outputs.end());
  for (std::size_t i = 0; !are_probabilities && i < probabilities.size(); i += classes) {
    to_probabilities(std::span(probabilities).subspan(i, classes));
  }
  const std::vector<float> ranks = to_floats(probabilities);
  return classify({scores, classes}, {ranks, classes}, labels);
}

}  // namespace pare::metrics
