#include "emit/c/unrolled_ops.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/transpose.h"
#include "emit/c/unrolled_linear.h"
#include "emit/c/unrolled_requantize.h"
#include "emit/c/unrolled_windows.h"
#include "program/broadcast.h"
#include "program/windows.h"

namespace pare::emit::c {
namespace {

using program::Broadcast;
using program::Constant;

class UnrolledOp {
 public:
  UnrolledOp(const Frame& frame, const Node& node, const std::vector<Values>& inputs,
             Tables& tables, Statements& statements)
      : frame_(frame),
        program_(frame.program),
        node_(node),
        inputs_(inputs),
        x_(inputs.front()),
        shape_(frame.program.buffer(node.inputs.front()).shape),
        y_size_(static_cast<std::size_t>(frame.size(node.outputs.front()))),
        tables_(tables),
        statements_(statements) {}

  Values operator()(const program::Linear& op) {
    const Constant& constant = program_.constant(op.weight);
    const auto weight = expand(constant);
    const auto m = static_cast<std::size_t>(constant.shape[0]);
    const auto n = static_cast<std::size_t>(constant.shape[1]);
    std::vector<std::int64_t> bias;
    if (op.bias) bias = program_.constant(*op.bias).values;
    Values y;
    for (std::size_t row = 0; row < y_size_ / m; ++row) {
      const auto x = std::span(x_).subspan(row * n, n);
      std::vector<Interval> intervals;
      for (std::size_t i = 0; i < m; ++i) {
        intervals.push_back(
            sum_interval(x, std::span(weight).subspan(i * n, n), bias.empty() ? 0 : bias[i]));
      }
      for (const Value& sum : unroll_linear(x, weight, bias, intervals, statements_)) {
        y.push_back(op.predicate_block ? predicated(op, sum, y.size() % m) : sum);
      }
    }
    return y;
  }

  Values operator()(const program::Conv& op) {
    std::vector<std::int64_t> bias;
    if (op.bias) bias = program_.constant(*op.bias).values;
    return unroll_conv(x_, program_.constant(op.weight), bias, op.groups,
                       window_of(program_, node_, op), statements_);
  }

  Values operator()(const program::MaxPool& op) {
    const graph::Window window = window_of(program_, node_, op);
    Values y;
    for (std::size_t i = 0; i < y_size_; ++i) {
      const Values elements = window_values(x_, window, i);
      Value largest = elements.front();
      for (const Value& x : std::span(elements).subspan(1)) largest = larger(largest, x);
      y.push_back(largest);
    }
    return y;
  }

  Values operator()(const program::SumPool& op) {
    const graph::Window window = window_of(program_, node_, op);
    Values y;
    for (std::size_t i = 0; i < y_size_; ++i) {
      const Values elements = window_values(x_, window, i);
      if (elements.empty()) {
        y.push_back(Statements::constant(0));
        continue;
      }
      const std::vector<std::int64_t> ones(elements.size(), 1);
      const Interval sum = sum_interval(elements, ones, 0);
      y.push_back(unroll_linear(elements, ones, {}, {&sum, 1}, statements_).front());
    }
    return y;
  }

  Values operator()(const program::Requantize& op) {
    const Constant& multiplier = program_.constant(op.multiplier);
    const Constant& addend = program_.constant(op.addend);
    const Constant& shift = program_.constant(op.shift);
    const Broadcast multipliers(multiplier.shape, shape_);
    const Broadcast addends(addend.shape, shape_);
    const Broadcast shifts(shift.shape, shape_);
    std::vector<Requantizing> functions;
    for (std::size_t i = 0; i < y_size_; ++i) {
      functions.push_back({x_[i].interval, multiplier.values[multipliers.group_of(i)],
                           addend.values[addends.group_of(i)],
                           static_cast<int>(shift.values[shifts.group_of(i)]), op.rounding,
                           op.lowest, op.highest});
    }
    return unroll_requantize(x_, functions, statements_);
  }

  Values operator()(const program::Threshold& op) {
    const Constant& thresholds = program_.constant(op.thresholds);
    const Constant& codes = program_.constant(op.codes);
    const auto size = static_cast<std::size_t>(thresholds.shape.back());
    const Broadcast tables(program::leading_axes(thresholds.shape), shape_);
    const Broadcast ranges(program::leading_axes(codes.shape), shape_);
    Values y;
    for (std::size_t i = 0; i < y_size_; ++i) {
      y.push_back(
          threshold(x_[i], std::span(thresholds.values).subspan(tables.group_of(i) * size, size),
                    std::span(codes.values).subspan(ranges.group_of(i) * (size + 1), size + 1)));
    }
    return y;
  }

  Values operator()(const program::Clamp& op) {
    Values y;
    for (const Value& x : x_) {
      const CType type = computing_type(hull_of(x.interval, {op.lowest, op.highest}));
      const Interval to{std::clamp(x.interval.lowest, op.lowest, op.highest),
                        std::clamp(x.interval.highest, op.lowest, op.highest)};
      if (to == x.interval) {
        y.push_back(x);
        continue;
      }
      std::string text = Statements::as(type, x);
      if (x.interval.highest > op.highest) {
        text = fmt::format("({0} > {1} ? {1} : {0})", text, literal(op.highest, type));
      }
      if (x.interval.lowest < op.lowest) {
        text = fmt::format("({0} < {1} ? {1} : {2})", Statements::as(type, x),
                           literal(op.lowest, type), text);
      }
      y.push_back(statements_.define(text, type, to, {x}));
    }
    return y;
  }

  Values operator()(const program::Add&) {
    return combined('+', [](Interval a, Interval b) {
      return Interval{a.lowest + b.lowest, a.highest + b.highest};
    });
  }

  Values operator()(const program::Multiply&) { return combined('*', program::product); }

  Values operator()(const program::Maximum&) {
    Values y;
    for (std::size_t i = 0; i < y_size_; ++i) y.push_back(larger(inputs_[0][i], inputs_[1][i]));
    return y;
  }

  Values operator()(const program::Concat&) {
    Values y;
    for (const Values& x : inputs_) y.insert(y.end(), x.begin(), x.end());
    return y;
  }

  Values operator()(const program::Copy&) { return x_; }

  Values operator()(const program::Transpose& op) {
    Values y;
    for (const std::size_t element : transposed_elements(shape_, op.order)) {
      y.push_back(x_[element]);
    }
    return y;
  }

  Values operator()(const program::Lookup& op) {
    const Constant& table = program_.constant(op.table);
    const std::int64_t size = table.shape.back();
    const Broadcast tables(program::leading_axes(table.shape), shape_);
    Values y;
    for (std::size_t i = 0; i < y_size_; ++i) {
      const auto row = static_cast<std::int64_t>(tables.group_of(i)) * size;
      y.push_back(lookup(op, x_[i], row, size));
    }
    return y;
  }

  Values operator()(const program::ArgMax&) {
    const std::size_t n = x_.size() / y_size_;
    Values y;
    for (std::size_t row = 0; row < y_size_; ++row) {
      Value best = x_[row * n];
      Value index = Statements::constant(0);
      for (std::size_t i = 1; i < n; ++i) {
        const Value& x = x_[row * n + i];
        const CType type = computing_type(hull_of(best.interval, x.interval));
        const auto number = static_cast<std::int64_t>(i);
        const std::string is_larger =
            fmt::format("{} > {}", Statements::as(type, x), Statements::as(type, best));
        if (x.interval.highest <= best.interval.lowest || x.text == best.text) continue;
        index = statements_.define(
            fmt::format("{} ? {} : {}", is_larger, number, Statements::as({32, true}, index)),
            CType{32, true}, {index.interval.lowest, number}, {x, best, index});
        best = statements_.define(fmt::format("{} ? {} : {}", is_larger, Statements::as(type, x),
                                              Statements::as(type, best)),
                                  type,
                                  {std::max(best.interval.lowest, x.interval.lowest),
                                   std::max(best.interval.highest, x.interval.highest)},
                                  {x, best});
      }
      y.push_back(index);
    }
    return y;
  }

 private:
  /// a `sign` b, element by element; `result` says what it can be.
  Values combined(char sign, Interval (*result)(Interval, Interval)) {
    Values y;
    for (std::size_t i = 0; i < y_size_; ++i) {
      const Value& a = inputs_[0][i];
      const Value& b = inputs_[1][i];
      const Interval all = result(a.interval, b.interval);
      const CType type = computing_type(hull_of(hull_of(a.interval, b.interval), all));
      y.push_back(statements_.define(
          Statements::as(type, a) + ' ' + sign + ' ' + Statements::as(type, b), type, all, {a, b}));
    }
    return y;
  }

  Value larger(const Value& a, const Value& b) {
    if (a.interval.lowest >= b.interval.highest || a.text == b.text) return a;
    if (b.interval.lowest >= a.interval.highest) return b;
    const CType type = computing_type(hull_of(a.interval, b.interval));
    const Interval interval{std::max(a.interval.lowest, b.interval.lowest),
                            std::max(a.interval.highest, b.interval.highest)};
    return statements_.define(
        fmt::format("{0} > {1} ? {0} : {1}", Statements::as(type, a), Statements::as(type, b)),
        type, interval, {a, b});
  }

  Value predicated(const program::Linear& op, const Value& sum, std::size_t i) {
    const Value& p = inputs_[1][i / static_cast<std::size_t>(*op.predicate_block)];
    if (p.is_constant()) return p.interval.lowest == 0 ? Statements::constant(0) : sum;
    if (!p.interval.contains(0)) return sum;
    const Interval interval = hull_of(sum.interval, {0, 0});
    return statements_.define(
        fmt::format("{} != 0 ? {} : 0", p.text, Statements::as(computing_type(interval), sum)),
        computing_type(interval), interval, {p, sum});
  }

  /// A tree of comparisons: codes[number of thresholds that x reaches].
  Value threshold(const Value& x, std::span<const std::int64_t> thresholds,
                  std::span<const std::int64_t> codes) {
    const auto reached = [&](std::int64_t of) {
      return std::ranges::count_if(thresholds, [&](std::int64_t t) { return of >= t; });
    };
    const auto from = static_cast<std::size_t>(reached(x.interval.lowest));
    const auto to = static_cast<std::size_t>(reached(x.interval.highest));
    const auto [low, high] = std::ranges::minmax(codes.subspan(from, to - from + 1));
    const Interval interval{low, high};
    return statements_.define(tree(x, thresholds, codes, from, to, computing_type(interval)),
                              computing_type(interval), interval, {x});
  }

  static std::string tree(const Value& x, std::span<const std::int64_t> thresholds,
                          std::span<const std::int64_t> codes, std::size_t from, std::size_t to,
                          CType type) {
    const auto part = codes.subspan(from, to - from + 1);
    if (std::ranges::count(part, part.front()) == std::ssize(part)) {
      return literal(part.front(), type);
    }
    const std::size_t middle = from + (to - from) / 2;
    return fmt::format("({} < {} ? {} : {})", x.text, literal(thresholds[middle], x.type()),
                       tree(x, thresholds, codes, from, middle, type),
                       tree(x, thresholds, codes, middle + 1, to, type));
  }

  Value lookup(const program::Lookup& op, const Value& x, std::int64_t row, std::int64_t size) {
    const Constant& table = program_.constant(op.table);
    const auto index_of = [&](std::int64_t of) {
      return std::clamp<std::int64_t>(of - op.first, 0, size - 1);
    };
    const std::int64_t from = index_of(x.interval.lowest);
    const std::int64_t to = index_of(x.interval.highest);
    const auto part =
        std::span(table.values)
            .subspan(static_cast<std::size_t>(row + from), static_cast<std::size_t>(to - from + 1));
    const auto [low, high] = std::ranges::minmax(part);
    if (low == high) return Statements::constant(low);
    const Interval moved{x.interval.lowest - op.first, x.interval.highest - op.first};
    const CType type =
        computing_type(hull_of(hull_of(x.interval, moved),
                               {std::min<std::int64_t>(op.first, 0), std::max(op.first, size)}));
    Value index = statements_.define(
        fmt::format("{} - {}", Statements::as(type, x), literal(op.first, type)), type, moved, {x});
    std::string text = index.text;
    if (moved.highest >= size) text = fmt::format("({0} > {1} ? {1} : {0})", text, size - 1);
    if (moved.lowest < 0) text = fmt::format("({} < 0 ? 0 : {})", index.text, text);
    tables_.stored.insert(op.table.value);
    return statements_.define(
        fmt::format("{}[{} + {}]", frame_.constants[op.table.value], row, text), std::nullopt,
        {low, high}, {index});
  }

  const Frame& frame_;
  const Program& program_;
  const Node& node_;
  const std::vector<Values>& inputs_;
  const Values& x_;
  const Shape& shape_;
  std::size_t y_size_;
  Tables& tables_;
  Statements& statements_;
};

}  // namespace

Values unroll(const Frame& frame, const Node& node, const std::vector<Values>& inputs,
              Tables& tables, Statements& statements) {
  return std::visit(UnrolledOp(frame, node, inputs, tables, statements), node.op);
}

}  // namespace pare::emit::c
