#pragma once

#include <vector>

#include "metrics/accuracy.h"

namespace pare::metrics {

/// Share of each class's samples that were taken for it, 0 … 1 (recall, "producer's accuracy"). NaN
/// for a class without samples.
std::vector<double> recalls(const ConfusionMatrix& confusion);

/// Mean of the recalls ("AA"); classes without samples are left out. NaN where none has any.
double average_accuracy(const ConfusionMatrix& confusion);

/// Cohen's kappa, the agreement beyond that of chance: (N t - s) / (N² - s) with N samples, t of
/// them right, and s the sum over the classes of its samples times the samples taken for it. 1 is
/// best, 0 what labels drawn by their frequencies get. NaN where chance alone explains everything:
/// without samples, or if truth and predictions are all of one class. Ref: Cohen, "A coefficient of
/// agreement for nominal scales", 1960.
double cohens_kappa(const ConfusionMatrix& confusion);

}  // namespace pare::metrics
