#pragma once

#include <nlohmann/json.hpp>

#include "train/evaluate.h"

namespace pare::train {

/// What classifiers without layers score on `test`, to hold a network's accuracy against:
/// {"majority", "nearest_centroid"}, accuracies 0 … 1.
///
/// - majority: everything is of the class that has most samples in `train` (the first of them).
/// - nearest_centroid: a sample is of the class whose mean in `train` has the least squared
///   distance, over all elements of a sample; classes without samples there are never chosen. It is
///   a linear classifier.
///
/// REQUIRES: samples in both; labels are 0 … classes - 1.
nlohmann::json baseline_accuracies(const Part& train, const Part& test, std::int64_t classes);

}  // namespace pare::train
