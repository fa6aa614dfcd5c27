#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metrics/accuracy.h"
#include "metrics/scores.h"

namespace pare::metrics {

/// How well a classifier did on a set of samples (docs/metrics.md).
struct Classification {
  std::int64_t samples = 0;
  double accuracy = 0;                        ///< overall ("OA")
  double auc_macro = 0;                       ///< mean of `auc`
  std::vector<double> auc;                    ///< by class, one against the rest; NaN: undefined
  std::vector<double> background_efficiency;  ///< by class, at 50 % signal efficiency
  ConfusionMatrix confusion;
  std::vector<double> recall;   ///< by class; NaN: without samples
  double average_accuracy = 0;  ///< mean of `recall` ("AA")
  double kappa = 0;             ///< Cohen's
};

/// `outputs` decide the class of a sample; `probabilities`, which compare across samples, rank the
/// samples of a class. They may be the same; where they are not, rounding a softmax can make ties
/// that the outputs do not have. REQUIRES: equal sizes; labels that fit them.
Classification classify(const Scores& outputs, const Scores& probabilities,
                        std::span<const std::int64_t> labels);

/// The same of a classifier's outputs in double, row-major [N, classes]: they decide the class,
/// rounded to float32, and their softmax in double (`are_probabilities`: they themselves) ranks the
/// samples.
Classification classify_outputs(std::span<const double> outputs, std::size_t classes,
                                bool are_probabilities, std::span<const std::int64_t> labels);

}  // namespace pare::metrics
