#include "emit/c/unrolled_linear.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

namespace pare::emit::c {
namespace {

/// Of one sum: magnitude -> what it multiplies, with signs.
struct Term {
  std::size_t input;
  bool is_negative;
};
using Terms = std::map<std::int64_t, std::vector<Term>>;

class LinearUnroller {
 public:
  LinearUnroller(std::span<const Value> x, std::span<const std::int64_t> weight,
                 Statements& statements)
      : x_(x), weight_(weight), statements_(statements) {
    const std::size_t m = weight.size() / x.size();
    for (std::size_t i = 0; i < m; ++i) {
      Terms terms;
      for (std::size_t j = 0; j < x.size(); ++j) {
        const std::int64_t w = weight[i * x.size() + j];
        if (w == 0 || x[j].is_constant()) continue;
        terms[std::abs(w)].push_back({j, w < 0});
      }
      for (const auto& [magnitude, group] : terms) {
        if (group.size() == 1 && magnitude > 1) ++num_uses_[{group.front().input, magnitude}];
      }
      terms_.push_back(std::move(terms));
    }
  }

  Value sum(std::size_t i, std::int64_t bias, Interval interval) {
    Interval partial = {std::min<std::int64_t>(bias, 0), std::max<std::int64_t>(bias, 0)};
    for (std::size_t j = 0; j < x_.size(); ++j) {
      const std::int64_t w = weight_[i * x_.size() + j];
      if (x_[j].is_constant()) bias += w * x_[j].interval.lowest;
      const std::int64_t a = w * x_[j].interval.lowest;
      const std::int64_t b = w * x_[j].interval.highest;
      partial.lowest += std::min<std::int64_t>({a, b, 0});
      partial.highest += std::max<std::int64_t>({a, b, 0});
    }
    // Symmetric: a term that is subtracted is computed without its sign.
    const std::int64_t largest = std::max(-partial.lowest, partial.highest);
    type_ = computing_type({-largest, largest});
    uses_.clear();
    text_ = bias == 0 ? "" : literal(bias, type_);
    // What is added comes first: so no sum begins with a minus where that can be.
    for (const bool is_negative : {false, true}) {
      for (const auto& [magnitude, group] : terms_[i]) {
        if (group.front().is_negative == is_negative) add(magnitude, group);
      }
    }
    if (text_.empty()) return Statements::constant(0);
    return statements_.define(text_, type_, interval, uses_);
  }

 private:
  void add_term(bool is_negative, const std::string& term) {
    if (text_.empty()) {
      text_ = is_negative ? "-" + term : term;
    } else {
      text_ += (is_negative ? " - " : " + ") + term;
    }
  }

  void add(std::int64_t magnitude, const std::vector<Term>& group) {
    if (magnitude == 1) {
      for (const Term& term : group) {
        add_term(term.is_negative, Statements::as(type_, x_[term.input]));
        uses_.push_back(x_[term.input]);
      }
      return;
    }
    const bool is_negative = group.front().is_negative;
    if (group.size() == 1) {
      const Value product = shared_product(group.front().input, magnitude);
      if (!product.text.empty()) {
        add_term(is_negative, Statements::as(type_, product));
        uses_.push_back(product);
        return;
      }
    }
    std::string inner;
    for (const Term& term : group) {
      if (!inner.empty()) inner += term.is_negative == is_negative ? " + " : " - ";
      inner += Statements::as(type_, x_[term.input]);
      uses_.push_back(x_[term.input]);
    }
    if (group.size() > 1) inner = "(" + inner + ")";
    add_term(is_negative, inner + " * " + literal(magnitude, type_));
  }

  /// magnitude * x[input] if several sums need it; else without text.
  Value shared_product(std::size_t input, std::int64_t magnitude) {
    if (num_uses_[{input, magnitude}] < 2) return {};
    Value& product = products_[{input, magnitude}];
    if (!product.text.empty()) return product;
    const Interval x = x_[input].interval;
    const Interval interval{x.lowest * magnitude, x.highest * magnitude};
    const CType type = computing_type(hull_of(interval, x));
    product = statements_.define(Statements::as(type, x_[input]) + " * " + literal(magnitude, type),
                                 type, interval, {x_[input]});
    return product;
  }

  std::span<const Value> x_;
  std::span<const std::int64_t> weight_;
  Statements& statements_;
  std::vector<Terms> terms_;
  std::map<std::pair<std::size_t, std::int64_t>, int> num_uses_;
  std::map<std::pair<std::size_t, std::int64_t>, Value> products_;
  // Of the sum at hand:
  CType type_;
  std::string text_;
  std::vector<Value> uses_;
};

}  // namespace

Interval sum_interval(std::span<const Value> x, std::span<const std::int64_t> weight,
                      std::int64_t bias) {
  Interval sum{bias, bias};
  for (std::size_t j = 0; j < x.size(); ++j) {
    const std::int64_t a = weight[j] * x[j].interval.lowest;
    const std::int64_t b = weight[j] * x[j].interval.highest;
    sum.lowest += std::min(a, b);
    sum.highest += std::max(a, b);
  }
  return sum;
}

std::vector<Value> unroll_linear(std::span<const Value> x, std::span<const std::int64_t> weight,
                                 std::span<const std::int64_t> bias,
                                 std::span<const Interval> intervals, Statements& statements) {
  LinearUnroller unroller(x, weight, statements);
  std::vector<Value> y;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    y.push_back(unroller.sum(i, bias.empty() ? 0 : bias[i], intervals[i]));
  }
  return y;
}

}  // namespace pare::emit::c
