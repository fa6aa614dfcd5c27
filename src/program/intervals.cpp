// Every op is monotone in each input element or a table, so the ends of its output come from the
// ends of its inputs, or from the part of the table that they reach.

#include "program/intervals.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fixed_point.h"
#include "base/transpose.h"
#include "program/broadcast.h"
#include "program/rounding.h"
#include "program/windows.h"

namespace pare::program {
namespace {

Interval hull(Interval a, Interval b) {
  return {std::min(a.lowest, b.lowest), std::max(a.highest, b.highest)};
}

/// One interval where all are equal.
Intervals simplified(Intervals intervals) {
  const bool are_equal = std::all_of(intervals.begin(), intervals.end(),
                                     [&](Interval i) { return i == intervals.front(); });
  if (are_equal) intervals.resize(1);
  return intervals;
}

class Analysis {
 public:
  Analysis(const Program& program, const Node& node, const std::vector<Intervals>& buffers)
      : program_(program), node_(node), buffers_(buffers) {}

  OpIntervals operator()(const Linear& op) const {
    const Constant& weight = program_.constant(op.weight);
    const auto codes = expand(weight);
    const auto num_outputs = static_cast<std::size_t>(weight.shape[0]);
    const auto num_inputs = static_cast<std::size_t>(weight.shape[1]);
    const std::size_t num_rows = input_size(0) / num_inputs;
    const Intervals columns = column_hulls(num_inputs);
    Intervals row(num_outputs);
    Interval partial_sums;
    for (std::size_t i = 0; i < num_outputs; ++i) {
      const std::int64_t bias = op.bias ? program_.constant(*op.bias).values[i] : 0;
      Interval sum{bias, bias};
      Interval partial = hull(sum, {});
      for (std::size_t j = 0; j < num_inputs; ++j) {
        const std::int64_t code = codes[i * num_inputs + j];
        if (code == 0) continue;
        const Interval x = interval_of(columns, j);
        const Interval term = ordered(multiply(code, x.lowest), multiply(code, x.highest));
        sum = add(sum, term);
        partial = add(partial, hull(term, {}));
      }
      row[i] = op.predicate_block ? hull(sum, {}) : sum;
      partial_sums = hull(partial_sums, partial);
    }
    Intervals output;
    output.reserve(num_rows * num_outputs);
    for (std::size_t r = 0; r < num_rows; ++r) output.insert(output.end(), row.begin(), row.end());
    return {output, partial_sums};
  }

  OpIntervals operator()(const Conv& op) const {
    const Constant& weight = program_.constant(op.weight);
    const graph::Window window = window_of(program_, node_, op);
    const auto num_outputs = static_cast<std::size_t>(weight.shape[0]);
    const auto group_inputs = static_cast<std::size_t>(weight.shape[1]);
    const std::size_t group_outputs = num_outputs / static_cast<std::size_t>(op.groups);
    const Intervals channels = channel_hulls();
    const bool is_padded = window.has_padding();
    Intervals output(num_outputs);
    Interval partial_sums;
    for (std::size_t m = 0; m < num_outputs; ++m) {
      const std::int64_t bias = op.bias ? program_.constant(*op.bias).values[m] : 0;
      Interval sum{bias, bias};
      Interval partial = hull(sum, {});
      for (std::size_t i = 0; i < group_inputs * window.num_taps(); ++i) {
        const std::int64_t code = weight.values[m * group_inputs * window.num_taps() + i];
        if (code == 0) continue;
        const Interval x =
            interval_of(channels, m / group_outputs * group_inputs + i / window.num_taps());
        const Interval term = ordered(multiply(code, x.lowest), multiply(code, x.highest));
        sum = add(sum, is_padded ? hull(term, {}) : term);
        partial = add(partial, hull(term, {}));
      }
      output[m] = sum;
      partial_sums = hull(partial_sums, partial);
    }
    return {each_position(output, window.num_outputs()), partial_sums};
  }

  OpIntervals operator()(const MaxPool& op) const {
    return {each_position(channel_hulls(), window_of(program_, node_, op).num_outputs())};
  }

  OpIntervals operator()(const SumPool& op) const {
    const graph::Window window = window_of(program_, node_, op);
    const auto taps = static_cast<std::int64_t>(window.num_taps());
    Intervals sums = channel_hulls();
    for (Interval& sum : sums) {
      if (window.has_padding()) sum = hull(sum, {});
      sum = {multiply(sum.lowest, taps), multiply(sum.highest, taps)};
    }
    return {each_position(sums, window.num_outputs())};
  }

  OpIntervals operator()(const Requantize& op) const {
    const Constant& multiplier = program_.constant(op.multiplier);
    const Constant& addend = program_.constant(op.addend);
    const Constant& shift = program_.constant(op.shift);
    const Broadcast multipliers(multiplier.shape, input_shape(0));
    const Broadcast addends(addend.shape, input_shape(0));
    const Broadcast shifts(shift.shape, input_shape(0));
    const pare_rounding rounding = to_fixed_point(op.rounding);
    return each_element([&](std::size_t i, Interval x) {
      const std::int64_t b = addend.values[addends.group_of(i)];
      const int e = static_cast<int>(shift.values[shifts.group_of(i)]);
      const auto code = [&](std::int64_t acc) {
        const std::int64_t num = add(multiply(multiplier.values[multipliers.group_of(i)], acc), b);
        return pare_saturate(pare_round_shift(num, e, rounding), op.lowest, op.highest);
      };
      return ordered(code(x.lowest), code(x.highest));
    });
  }

  OpIntervals operator()(const Threshold& op) const {
    const Constant& thresholds = program_.constant(op.thresholds);
    const Constant& codes = program_.constant(op.codes);
    const auto size = static_cast<std::size_t>(thresholds.shape.back());
    const Broadcast tables(leading_axes(thresholds.shape), input_shape(0));
    const Broadcast ranges(leading_axes(codes.shape), input_shape(0));
    const std::size_t num_ranges = ranges.num_groups();
    const auto group_of = [&](std::size_t i) {
      return tables.group_of(i) * num_ranges + ranges.group_of(i);
    };
    return each_group(tables.num_groups() * num_ranges, group_of, [&](std::size_t g, Interval x) {
      const auto table = std::span(thresholds.values).subspan(g / num_ranges * size, size);
      const auto number = [&](std::int64_t value) {
        return std::upper_bound(table.begin(), table.end(), value) - table.begin();
      };
      return ends(std::span(codes.values).subspan(g % num_ranges * (size + 1), size + 1),
                  number(x.lowest), number(x.highest));
    });
  }

  OpIntervals operator()(const Clamp& op) const {
    return each_element([&](std::size_t, Interval x) {
      return Interval{pare_saturate(x.lowest, op.lowest, op.highest),
                      pare_saturate(x.highest, op.lowest, op.highest)};
    });
  }

  OpIntervals operator()(const Add&) const {
    return each_pair([&](Interval a, Interval b) { return add(a, b); });
  }

  OpIntervals operator()(const Maximum&) const {
    return each_pair([](Interval a, Interval b) {
      return Interval{std::max(a.lowest, b.lowest), std::max(a.highest, b.highest)};
    });
  }

  OpIntervals operator()(const Multiply&) const {
    return each_pair([&](Interval a, Interval b) {
      // Whether the products leave 63 bits is asked first.
      for (const std::int64_t x : {a.lowest, a.highest}) {
        multiply(x, b.lowest);
        multiply(x, b.highest);
      }
      return product(a, b);
    });
  }

  OpIntervals operator()(const Concat&) const {
    Intervals output;
    for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
      for (std::size_t i = 0; i < input_size(k); ++i) output.push_back(interval_of(input(k), i));
    }
    return {output};
  }

  OpIntervals operator()(const Copy&) const { return {input(0)}; }

  OpIntervals operator()(const Transpose& op) const {
    if (input(0).size() == 1) return {input(0)};
    Intervals output;
    for (const std::size_t element : transposed_elements(input_shape(0), op.order)) {
      output.push_back(input(0)[element]);
    }
    return {output};
  }

  OpIntervals operator()(const Lookup& op) const {
    const Constant& table = program_.constant(op.table);
    const std::int64_t size = table.shape.back();
    const Broadcast tables(leading_axes(table.shape), input_shape(0));
    const auto group_of = [&](std::size_t i) { return tables.group_of(i); };
    return each_group(tables.num_groups(), group_of, [&](std::size_t g, Interval x) {
      const auto index = [&](std::int64_t value) {
        return pare_saturate(subtract(value, op.first), 0, size - 1);
      };
      return ends(std::span(table.values)
                      .subspan(g * static_cast<std::size_t>(size), static_cast<std::size_t>(size)),
                  index(x.lowest), index(x.highest));
    });
  }

  OpIntervals operator()(const ArgMax&) const { return {{Interval{0, input_shape(0).back() - 1}}}; }

 private:
  const Intervals& input(std::size_t k) const { return buffers_[node_.inputs.at(k).value]; }
  const Shape& input_shape(std::size_t k) const {
    return program_.buffer(node_.inputs.at(k)).shape;
  }
  std::size_t input_size(std::size_t k) const { return size_of(program_, node_.inputs.at(k)); }

  OpIntervals each_element(auto&& map) const {
    Intervals output(input_size(0));
    for (std::size_t i = 0; i < output.size(); ++i) output[i] = map(i, interval_of(input(0), i));
    return {output};
  }

  OpIntervals each_pair(auto&& join) const {
    const Intervals& a = input(0);
    const Intervals& b = input(1);
    Intervals output(a.size() == 1 && b.size() == 1 ? 1 : input_size(0));
    for (std::size_t i = 0; i < output.size(); ++i) {
      output[i] = join(interval_of(a, i), interval_of(b, i));
    }
    return {output};
  }

  /// What each channel of the input can be, anywhere; one for all where they are equal.
  Intervals channel_hulls() const {
    const Intervals& x = input(0);
    if (x.size() == 1) return x;
    const std::size_t run = x.size() / static_cast<std::size_t>(input_shape(0).front());
    Intervals channels;
    for (std::size_t i = 0; i < x.size(); i += run) {
      Interval all = x[i];
      for (std::size_t k = 1; k < run; ++k) all = hull(all, x[i + k]);
      channels.push_back(all);
    }
    return channels;
  }

  /// Intervals of channels, or one for all, as those of elements.
  static Intervals each_position(const Intervals& channels, std::size_t num_positions) {
    if (channels.size() == 1) return channels;
    Intervals elements;
    elements.reserve(channels.size() * num_positions);
    for (const Interval& channel : channels) {
      elements.insert(elements.end(), num_positions, channel);
    }
    return elements;
  }

  /// Elements that share a table share the hull of their intervals: each table is walked once.
  OpIntervals each_group(std::size_t num_groups, auto&& group_of, auto&& map) const {
    std::vector<std::optional<Interval>> hulls(num_groups);
    for (std::size_t i = 0; i < input_size(0); ++i) {
      std::optional<Interval>& known = hulls[group_of(i)];
      const Interval x = interval_of(input(0), i);
      known = known ? hull(*known, x) : x;
    }
    Intervals groups(num_groups);
    for (std::size_t g = 0; g < num_groups; ++g) {
      if (hulls[g]) groups[g] = map(g, *hulls[g]);
    }
    Intervals output(input_size(0));
    for (std::size_t i = 0; i < output.size(); ++i) output[i] = groups[group_of(i)];
    return {output};
  }

  /// What each index along the last axis of the input can be, in any row.
  Intervals column_hulls(std::size_t num_columns) const {
    const Intervals& x = input(0);
    if (x.size() == 1) return x;
    Intervals columns(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(num_columns));
    for (std::size_t i = num_columns; i < x.size(); ++i) {
      columns[i % num_columns] = hull(columns[i % num_columns], x[i]);
    }
    return columns;
  }

  static Interval ordered(std::int64_t a, std::int64_t b) {
    return {std::min(a, b), std::max(a, b)};
  }

  /// The hull of entries first … last of a table.
  static Interval ends(std::span<const std::int64_t> table, std::int64_t first, std::int64_t last) {
    const auto [lowest, highest] =
        std::minmax_element(table.begin() + first, table.begin() + last + 1);
    return {*lowest, *highest};
  }

  std::int64_t multiply(std::int64_t a, std::int64_t b) const {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) fail();
    return product;
  }
  std::int64_t add(std::int64_t a, std::int64_t b) const {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) fail();
    return sum;
  }
  std::int64_t subtract(std::int64_t a, std::int64_t b) const {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference)) fail();
    return difference;
  }
  Interval add(Interval a, Interval b) const {
    return {add(a.lowest, b.lowest), add(a.highest, b.highest)};
  }

  [[noreturn]] void fail() const {
    throw InputError(fmt::format("{}: values may leave 63 bits and sign; use fewer bits or inputs",
                                 describe(program_, node_)));
  }

  const Program& program_;
  const Node& node_;
  const std::vector<Intervals>& buffers_;
};

}  // namespace

Interval hull(const Intervals& intervals) {
  check(!intervals.empty(), "hull of no interval");
  Interval all = intervals.front();
  for (const Interval interval : intervals) all = hull(all, interval);
  return all;
}

OpIntervals op_intervals(const Program& program, const Node& node,
                         const std::vector<Intervals>& buffers) {
  OpIntervals result = std::visit(Analysis(program, node, buffers), node.op);
  result.output = simplified(std::move(result.output));
  return result;
}

ProgramIntervals intervals(const Program& program) {
  ProgramIntervals all{std::vector<Intervals>(program.buffers.size()),
                       std::vector<std::optional<Interval>>(program.buffers.size())};
  const auto take_width = [&](BufferId id) {
    all.buffers[id.value] = {program.buffer(id).width.range()};
  };
  for (const BufferId id : program.inputs) take_width(id);
  for (const Section& section : program.sections) {
    for (const State& state : section.states) take_width(state.buffer);
    for (const Node& node : section.nodes) {
      OpIntervals result = op_intervals(program, node, all.buffers);
      const BufferId output = node.outputs.front();
      all.buffers[output.value] = std::move(result.output);
      all.partial_sums[output.value] = result.partial_sums;
    }
  }
  return all;
}

}  // namespace pare::program
