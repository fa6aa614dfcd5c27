#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/philox.h"

namespace pare::data {
namespace {

// Each use of the split stream has its own step, so that none sees another's numbers.
constexpr std::uint32_t kStratifiedStep = 1;
constexpr std::uint32_t kFoldStep = 2;
constexpr std::uint32_t kSampleStep = 3;
constexpr std::uint32_t kTrainingStep = 4;  // 5 is scene_split.cpp's

/// Rows of each class, in random order. The order of one class depends on no other.
std::map<std::int64_t, std::vector<std::int64_t>> shuffled_classes(
    std::span<const std::int64_t> labels, std::uint64_t seed, std::uint32_t step) {
  std::map<std::int64_t, std::vector<std::int64_t>> classes;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    classes[labels[row]].push_back(static_cast<std::int64_t>(row));
  }
  for (auto& [label, rows] : classes) {
    const Philox random(seed, RandomStream::kSplit, static_cast<std::uint32_t>(label), step);
    const auto order = random.permutation(static_cast<std::int64_t>(rows.size()));
    std::vector<std::int64_t> shuffled;
    shuffled.reserve(rows.size());
    for (const std::int64_t place : order)
      shuffled.push_back(rows[static_cast<std::size_t>(place)]);
    rows = std::move(shuffled);
  }
  return classes;
}

}  // namespace

RowSplit split_stratified(std::span<const std::int64_t> labels, double fraction,
                          std::uint64_t seed) {
  check(fraction >= 0 && fraction <= 1, "split_stratified: fraction not in [0, 1]");
  RowSplit split;
  for (const auto& [label, rows] : shuffled_classes(labels, seed, kStratifiedStep)) {
    const auto count = std::llround(fraction * static_cast<double>(rows.size()));
    split.validation.insert(split.validation.end(), rows.begin(), rows.begin() + count);
    split.train.insert(split.train.end(), rows.begin() + count, rows.end());
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

RowSplit split_training_fraction(std::span<const std::int64_t> labels, double fraction,
                                 std::uint64_t seed) {
  check(fraction >= 0 && fraction <= 1, "split_training_fraction: fraction not in [0, 1]");
  RowSplit split;
  for (const auto& [label, rows] : shuffled_classes(labels, seed, kTrainingStep)) {
    const double share = fraction * static_cast<double>(rows.size());
    // 0.29 * 100 is a little less than 29 in double.
    const auto count = std::max<std::int64_t>(1, std::llround(std::floor(share + 1e-9)));
    split.train.insert(split.train.end(), rows.begin(), rows.begin() + count);
    split.validation.insert(split.validation.end(), rows.begin() + count, rows.end());
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

RowSplit split_k_fold(std::int64_t num_rows, int folds, int fold, std::uint64_t seed) {
  check(folds >= 2 && folds <= num_rows && fold >= 0 && fold < folds, "split_k_fold: no such fold");
  const auto order = Philox(seed, RandomStream::kSplit, 0, kFoldStep).permutation(num_rows);
  const std::int64_t size = num_rows / folds;
  const std::int64_t larger = num_rows % folds;  // so many of the first parts have one row more
  const std::int64_t begin = fold * size + std::min<std::int64_t>(fold, larger);
  const std::int64_t end = begin + size + (fold < larger ? 1 : 0);
  RowSplit split;
  for (std::int64_t i = 0; i < num_rows; ++i) {
    auto& part = i >= begin && i < end ? split.validation : split.train;
    part.push_back(order[static_cast<std::size_t>(i)]);
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

std::vector<std::int64_t> sample_stratified(std::span<const std::int64_t> labels,
                                            std::int64_t count, std::uint64_t seed) {
  const auto num_rows = static_cast<std::int64_t>(labels.size());
  check(count >= 0 && count <= num_rows, "sample_stratified: more rows than there are");
  // A class of n rows ends at the rounded share of all rows up to its end: shares sum to `count`.
  std::vector<std::int64_t> result;
  std::int64_t rows_before = 0;
  std::int64_t taken = 0;
  for (const auto& [label, rows] : shuffled_classes(labels, seed, kSampleStep)) {
    rows_before += static_cast<std::int64_t>(rows.size());
    const double share = static_cast<double>(count) * static_cast<double>(rows_before);
    const auto until = std::llround(share / static_cast<double>(num_rows));
    result.insert(result.end(), rows.begin(), rows.begin() + (until - taken));
    taken = until;
  }
  std::sort(result.begin(), result.end());
  return result;
}

double fold_error(std::span<const double> values) {
  check(!values.empty(), "fold_error: no folds");
  const auto k = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / k;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / k) / std::sqrt(k);
}

}  // namespace pare::data
