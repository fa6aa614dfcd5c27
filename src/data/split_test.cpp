#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace pare::data {
namespace {

std::vector<std::int64_t> all_rows(std::size_t count) {
  std::vector<std::int64_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

/// Both parts together, sorted: equal to all rows if the parts are disjoint and complete.
std::vector<std::int64_t> together(const RowSplit& split) {
  std::vector<std::int64_t> rows = split.train;
  rows.insert(rows.end(), split.validation.begin(), split.validation.end());
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::map<std::int64_t, int> counts_of(const std::vector<std::int64_t>& rows,
                                      const std::vector<std::int64_t>& labels) {
  std::map<std::int64_t, int> counts;
  for (const std::int64_t row : rows) ++counts[labels[static_cast<std::size_t>(row)]];
  return counts;
}

std::vector<std::int64_t> random_labels() {
  const auto count = *rc::gen::inRange<std::size_t>(1, 200);
  return *rc::gen::container<std::vector<std::int64_t>>(count,
                                                        rc::gen::inRange<std::int64_t>(0, 5));
}

RC_GTEST_PROP(Split, StratifiedIsDisjointCompleteAndInProportion, ()) {
  const auto labels = random_labels();
  const double fraction = *rc::gen::inRange(0, 101) / 100.0;
  const RowSplit split = split_stratified(labels, fraction, 7);
  RC_ASSERT(together(split) == all_rows(labels.size()));
  auto taken = counts_of(split.validation, labels);
  for (const auto& [label, count] : counts_of(all_rows(labels.size()), labels)) {
    RC_ASSERT(taken[label] == std::llround(fraction * count));
  }
}

RC_GTEST_PROP(Split, FoldsAreDisjointCompleteAndOfEqualSize, ()) {
  const auto rows = *rc::gen::inRange<std::int64_t>(2, 100);
  const int folds = *rc::gen::inRange(2, static_cast<int>(std::min<std::int64_t>(rows, 9)) + 1);
  std::vector<std::int64_t> validated;
  for (int fold = 0; fold < folds; ++fold) {
    const RowSplit split = split_k_fold(rows, folds, fold, 42);
    RC_ASSERT(together(split) == all_rows(static_cast<std::size_t>(rows)));
    const auto size = static_cast<std::int64_t>(split.validation.size());
    RC_ASSERT(size == rows / folds || size == rows / folds + 1);
    validated.insert(validated.end(), split.validation.begin(), split.validation.end());
  }
  std::sort(validated.begin(), validated.end());
  RC_ASSERT(validated == all_rows(static_cast<std::size_t>(rows)));
}

RC_GTEST_PROP(Split, SamplesAreSoManyAndInProportion, ()) {
  const auto labels = random_labels();
  const auto count =
      *rc::gen::inRange<std::int64_t>(0, static_cast<std::int64_t>(labels.size()) + 1);
  const auto rows = sample_stratified(labels, count, 3);
  RC_ASSERT(static_cast<std::int64_t>(rows.size()) == count);
  RC_ASSERT(std::set<std::int64_t>(rows.begin(), rows.end()).size() == rows.size());
  auto taken = counts_of(rows, labels);
  for (const auto& [label, all] : counts_of(all_rows(labels.size()), labels)) {
    const double share = static_cast<double>(count) * all / static_cast<double>(labels.size());
    RC_ASSERT(std::abs(taken[label] - share) <= 1.0);
  }
}

TEST(Split, TheSeedDecides) {
  const std::vector<std::int64_t> labels(1000, 0);
  EXPECT_EQ(split_stratified(labels, 0.25, 1).validation,
            split_stratified(labels, 0.25, 1).validation);
  EXPECT_NE(split_stratified(labels, 0.25, 1).validation,
            split_stratified(labels, 0.25, 2).validation);
  EXPECT_NE(split_k_fold(1000, 4, 0, 1).validation, split_k_fold(1000, 4, 0, 2).validation);
}

TEST(Split, FoldErrorOfFourIsHalfTheDeviation) {
  // Mean 2.5, population deviation sqrt(1.25).
  EXPECT_DOUBLE_EQ(fold_error(std::vector<double>{1, 2, 3, 4}), std::sqrt(1.25) / 2);
  EXPECT_EQ(fold_error(std::vector<double>{0.7, 0.7}), 0);
}

}  // namespace
}  // namespace pare::data
