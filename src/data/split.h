#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pare::data {

/// Rows of a training file, each list ascending, both disjoint.
struct RowSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
};

/// Takes round(fraction * n) rows of each class, drawn at random, for validation. labels [N] in
/// 0 … classes-1; fraction in [0, 1].
RowSplit split_stratified(std::span<const std::int64_t> labels, double fraction,
                          std::uint64_t seed);

/// Takes floor(fraction * n) rows of each class, but at least one, drawn at random, for training;
/// the others are in `validation`. fraction in [0, 1].
RowSplit split_training_fraction(std::span<const std::int64_t> labels, double fraction,
                                 std::uint64_t seed);

/// Shuffles the rows, cuts them into `folds` parts whose sizes differ by at most one, and validates
/// with part `fold`. REQUIRES: 2 <= folds <= num_rows, 0 <= fold < folds.
RowSplit split_k_fold(std::int64_t num_rows, int folds, int fold, std::uint64_t seed);

/// `count` rows drawn at random, of each class in proportion (to within one row), ascending.
/// REQUIRES: 0 <= count <= labels.size().
std::vector<std::int64_t> sample_stratified(std::span<const std::int64_t> labels,
                                            std::int64_t count, std::uint64_t seed);

/// Standard error of the mean over k folds: population standard deviation / sqrt(k).
double fold_error(std::span<const double> values);

}  // namespace pare::data
