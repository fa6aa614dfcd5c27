#pragma once

#include <span>

namespace pare::metrics {

/// exp(x_i) / sum_j exp(x_j) in place, computed from differences to the largest, so that large
/// values stay finite. REQUIRES: not empty.
void softmax(std::span<double> values);

/// What a classifier's outputs say of one sample: their softmax; a single one is the log-odds of a
/// class, and becomes 1 / (1 + exp(-x)).
void to_probabilities(std::span<double> outputs);

}  // namespace pare::metrics
