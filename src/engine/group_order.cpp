#include "engine/group_order.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace pare::engine {
namespace {

/// Columns are compared with so many others at most, those with about as many weights: that keeps
/// the time in proportion to the matrix.
constexpr std::size_t kWindow = 64;
constexpr int kMostPasses = 4;

using Word = std::uint64_t;
using Rows = std::vector<Word>;

std::size_t count(std::span<const Word> a) {
  return std::transform_reduce(a.begin(), a.end(), std::size_t{0}, std::plus(), [](Word word) {
    return static_cast<std::size_t>(std::popcount(word));
  });
}

/// Of rows that either has.
std::size_t count_of_either(std::span<const Word> a, std::span<const Word> b) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<std::size_t>(std::popcount(a[i] | b[i]));
  }
  return sum;
}

void join(Rows& to, std::span<const Word> from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] |= from[i];
}

class Grouper {
 public:
  Grouper(std::span<const std::int64_t> weight, std::size_t num_outputs, std::size_t size)
      : size_(size),
        num_columns_(weight.size() / num_outputs),
        num_words_((num_outputs + 63) / 64),
        rows_(num_columns_ * num_words_),
        order_(num_columns_) {
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const std::size_t row = i / num_columns_;
      if (weight[i] == 0) continue;
      rows_[i % num_columns_ * num_words_ + row / 64] |= Word{1} << row % 64;
    }
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
  }

  std::vector<std::uint32_t> order() {
    const std::vector<std::uint32_t> before = order_;
    const std::size_t num_before = num_groups();
    fill_groups();
    for (int pass = 0; pass < kMostPasses && swap_columns(); ++pass) {
    }
    if (num_groups() >= num_before) return before;
    if (size_ == 4) pair_up();
    return order_;
  }

 private:
  std::span<const Word> rows(std::uint32_t column) const {
    return std::span(rows_).subspan(column * num_words_, num_words_);
  }
  std::size_t group_of(std::size_t place) const { return place / size_ * size_; }
  std::size_t end_of(std::size_t group) const { return std::min(group + size_, num_columns_); }

  /// How many groups of any row are left.
  std::size_t num_groups() const {
    std::size_t sum = 0;
    Rows joined(num_words_);
    for (std::size_t group = 0; group < num_columns_; group += size_) {
      join_but(group, num_columns_, joined);
      sum += count(joined);
    }
    return sum;
  }

  /// Rows that a group's columns have, but for the one at `place`.
  void join_but(std::size_t group, std::size_t place, Rows& joined) const {
    std::ranges::fill(joined, 0);
    for (std::size_t other = group; other < end_of(group); ++other) {
      if (other != place) join(joined, rows(order_[other]));
    }
  }

  void fill_groups() {
    std::vector<std::uint32_t> left = order_;
    std::ranges::stable_sort(left, std::greater(),
                             [&](auto column) { return count(rows(column)); });
    for (std::size_t place = 0; place < num_columns_; place += size_) {
      Rows joined(num_words_);
      for (std::size_t k = place; k < end_of(place); ++k) {
        const auto window = std::span(left).first(std::min(left.size(), kWindow));
        // Of those that leave as many groups, the one with most weights, which comes first.
        const auto best = std::ranges::max_element(window, {}, [&](auto column) {
          return count(joined) + count(rows(column)) - count_of_either(joined, rows(column));
        });
        order_[k] = *best;
        join(joined, rows(*best));
        left.erase(left.begin() + (best - window.begin()));
      }
    }
  }

  /// Whether any two changed places.
  bool swap_columns() {
    bool has_swapped = false;
    Rows others_of_a(num_words_);
    Rows others_of_b(num_words_);
    for (std::size_t a = 0; a < num_columns_; ++a) {
      join_but(group_of(a), a, others_of_a);
      const std::size_t end = std::min(num_columns_, a + kWindow);
      for (std::size_t b = end_of(group_of(a)); b < end; ++b) {
        join_but(group_of(b), b, others_of_b);
        const auto both = [&](std::size_t with_a, std::size_t with_b) {
          return count_of_either(others_of_a, rows(order_[with_a])) +
                 count_of_either(others_of_b, rows(order_[with_b]));
        };
        if (both(b, a) >= both(a, b)) continue;
        std::swap(order_[a], order_[b]);
        has_swapped = true;
      }
    }
    return has_swapped;
  }

  /// Other kernels skip pairs: within each group of four the best two.
  void pair_up() {
    for (std::size_t group = 0; group + 4 <= num_columns_; group += 4) {
      std::uint32_t* at = order_.data() + group;
      const auto pairs = [&](std::size_t k) {
        const std::size_t others[] = {k == 1 ? 2U : 1U, k == 3 ? 2U : 3U};
        return count_of_either(rows(at[0]), rows(at[k])) +
               count_of_either(rows(at[others[0]]), rows(at[others[1]]));
      };
      std::size_t best = 1;
      for (const std::size_t k : {std::size_t{2}, std::size_t{3}}) {
        if (pairs(k) < pairs(best)) best = k;
      }
      std::swap(at[1], at[best]);
    }
  }

  std::size_t size_;
  std::size_t num_columns_;
  std::size_t num_words_;
  Rows rows_;  ///< [column][word]: a bit for each row whose weight is not zero
  std::vector<std::uint32_t> order_;
};

}  // namespace

std::vector<std::uint32_t> group_order(std::span<const std::int64_t> weight,
                                       std::size_t num_outputs, std::size_t size) {
  return Grouper(weight, num_outputs, size).order();
}

}  // namespace pare::engine
