#include "lower/requantize.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fixed_point.h"
#include "program/rounding.h"

namespace pare::lower {
namespace {

using program::BufferId;
using program::Interval;

/// What a program takes as input of a requantize.
constexpr int kMaxInputBits = 40;
/// Longer tables need more bits than a multiplier, an addend and a shift, whatever the sums.
constexpr std::int64_t kMaxThresholds = 3;

/// code = scale * acc + offset, before it is rounded.
struct Line {
  double scale = 1;
  double offset = 0;

  friend bool operator==(const Line&, const Line&) = default;
};

/// The forms of all elements; channels share theirs, so that the constants stay small.
Broadcasting<FixedPoint> fixed_points(const ProgramBuilder& builder, BufferId input,
                                      const Affine& affine, const CodeGrid& grid,
                                      const std::string& who) {
  const auto size = static_cast<std::size_t>(num_elements(builder.shape(input)));
  std::vector<Line> lines;
  lines.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double per_value =
        grid.codes_per_value.size() == 1 ? grid.codes_per_value.front() : grid.codes_per_value[i];
    lines.push_back({affine.scale_of(i) * per_value, affine.offset_of(i) * per_value});
  }
  const auto groups = broadcasting(lines, builder.shape(input));
  // Elements of a channel must agree on their form: all take the hull.
  const Interval hull = program::hull(builder.intervals(input));
  Broadcasting<FixedPoint> forms{groups.shape, {}};
  for (const Line& line : groups.values) {
    forms.values.push_back(fixed_point(line.scale, line.offset, hull, who));
  }
  return forms;
}

template <class Field>
Broadcasting<std::int64_t> values_of(const Broadcasting<FixedPoint>& forms, Field field) {
  std::vector<std::int64_t> values;
  values.reserve(forms.values.size());
  for (const FixedPoint& form : forms.values) values.push_back(form.*field);
  return broadcasting(values, forms.shape);
}

/// The least x of `range` for which holds(x), one beyond the range if there is none. `holds` is
/// false up to some x and true from there on.
template <class Holds>
std::int64_t first_that(Interval range, Holds&& holds) {
  std::int64_t below = range.lowest;
  std::int64_t above = range.highest + 1;
  while (below < above) {
    const std::int64_t middle = below + (above - below) / 2;
    if (holds(middle)) {
      above = middle;
    } else {
      below = middle + 1;
    }
  }
  return below;
}

/// The thresholds of one element: where its code takes the next of highest - lowest steps.
std::vector<std::int64_t> thresholds_of(const FixedPoint& form, const CodeGrid& grid,
                                        Interval range) {
  const auto code = [&](std::int64_t x) {
    return pare_requantize(x, form.multiplier, form.addend, form.shift,
                           program::to_fixed_point(grid.rounding), grid.lowest, grid.highest);
  };
  std::vector<std::int64_t> thresholds;
  for (std::int64_t k = 1; k <= grid.highest - grid.lowest; ++k) {
    thresholds.push_back(first_that(range, [&](std::int64_t x) {
      return form.multiplier < 0 ? code(x) <= grid.highest - k : code(x) >= grid.lowest + k;
    }));
  }
  return thresholds;
}

std::vector<std::int64_t> codes_of(const FixedPoint& form, const CodeGrid& grid) {
  std::vector<std::int64_t> codes;
  for (std::int64_t k = 0; k <= grid.highest - grid.lowest; ++k) {
    codes.push_back(form.multiplier < 0 ? grid.highest - k : grid.lowest + k);
  }
  return codes;
}

struct Table {
  std::vector<std::int64_t> thresholds;
  std::vector<std::int64_t> codes;
};

int bits_of(std::int64_t value) { return program::narrowest({value, value}).bits; }

int table_bits(const Table& table) {
  int bits = 0;
  for (const std::int64_t threshold : table.thresholds) bits += bits_of(threshold);
  return bits;
}

int form_bits(const FixedPoint& form) {
  return bits_of(form.multiplier) + bits_of(form.addend) + bits_of(form.shift);
}

/// The tables of all elements, if they need fewer bits than multipliers, addends and shifts.
std::vector<Table> smaller_tables(const Broadcasting<FixedPoint>& forms, const CodeGrid& grid,
                                  Interval range) {
  if (grid.highest - grid.lowest > kMaxThresholds || grid.highest == grid.lowest) return {};
  std::vector<Table> tables;
  std::int64_t bits_of_tables = 0;
  std::int64_t bits_of_forms = 0;
  for (const FixedPoint& form : forms.values) {
    tables.push_back({thresholds_of(form, grid, range), codes_of(form, grid)});
    bits_of_tables += table_bits(tables.back());
    bits_of_forms += form_bits(form);
  }
  if (bits_of_tables >= bits_of_forms) return {};
  return tables;
}

/// One row for all elements, or one each, in a shape that broadcasts with a last axis more.
Broadcasting<std::int64_t> rows_of(const std::vector<Table>& tables,
                                   std::vector<std::int64_t> Table::*field, const Shape& shape) {
  std::vector<std::int64_t> representative;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    std::size_t first = 0;
    while (tables[first].*field != tables[i].*field) ++first;
    representative.push_back(static_cast<std::int64_t>(first));
  }
  Broadcasting<std::int64_t> rows = broadcasting(representative, shape);
  std::vector<std::int64_t> values;
  for (const std::int64_t i : rows.values) {
    const auto& row = tables[static_cast<std::size_t>(i)].*field;
    values.insert(values.end(), row.begin(), row.end());
  }
  rows.shape.push_back(static_cast<std::int64_t>((tables.front().*field).size()));
  if (num_elements(rows.shape) == rows.shape.back()) rows.shape = {rows.shape.back()};
  return {rows.shape, values};
}

/// The threshold op of tables that broadcast as `shape`.
BufferId look_up(ProgramBuilder& builder, const std::vector<Table>& tables, const Shape& shape,
                 BufferId input, program::Buffer output) {
  const std::string name = output.name;
  auto thresholds = rows_of(tables, &Table::thresholds, shape);
  auto codes = rows_of(tables, &Table::codes, shape);
  const program::Threshold op{
      builder.constant(name + ".thresholds", thresholds.shape, thresholds.values),
      builder.constant(name + ".codes", codes.shape, codes.values)};
  return builder.op(op, {input}, std::move(output));
}

}  // namespace

program::BufferId requantize(ProgramBuilder& builder, BufferId input, const Affine& affine,
                             const CodeGrid& grid, program::Buffer output, const std::string& who) {
  const program::Width width = builder.program().buffer(input).width;
  if (width.bits > kMaxInputBits) {
    throw InputError(
        fmt::format("{} cannot be frozen: its sums need {} bits, at most {}; use "
                    "fewer bits for its weights or its input",
                    who, width.bits, kMaxInputBits));
  }
  output.shape = builder.shape(input);
  const std::string name = output.name;
  const auto forms = fixed_points(builder, input, affine, grid, who);
  const auto tables = smaller_tables(forms, grid, program::hull(builder.intervals(input)));
  if (!tables.empty()) return look_up(builder, tables, forms.shape, input, std::move(output));
  auto multiplier = values_of(forms, &FixedPoint::multiplier);
  auto addend = values_of(forms, &FixedPoint::addend);
  auto shift = values_of(forms, &FixedPoint::shift);
  program::Requantize op;
  op.multiplier = builder.constant(name + ".multiplier", multiplier.shape, multiplier.values);
  op.addend = builder.constant(name + ".addend", addend.shape, addend.values);
  op.shift = builder.constant(name + ".shift", shift.shape, shift.values);
  op.rounding = grid.rounding;
  op.lowest = grid.lowest;
  op.highest = grid.highest;
  return builder.op(op, {input}, std::move(output));
}

program::BufferId signs(ProgramBuilder& builder, BufferId input, const Affine& affine,
                        program::Buffer output) {
  output.shape = builder.shape(input);
  const auto size = static_cast<std::size_t>(num_elements(output.shape));
  const Interval hull = program::hull(builder.intervals(input));
  std::vector<Line> lines;
  lines.reserve(size);
  for (std::size_t i = 0; i < size; ++i) lines.push_back({affine.scale_of(i), affine.offset_of(i)});
  const auto groups = broadcasting(lines, output.shape);
  std::vector<Table> tables;
  for (const Line& line : groups.values) {
    const auto is_positive = [&](std::int64_t x) {
      return line.scale * static_cast<double>(x) + line.offset >= 0;
    };
    const bool falls = line.scale < 0;
    const std::int64_t threshold =
        first_that(hull, [&](std::int64_t x) { return is_positive(x) != falls; });
    tables.push_back(
        {{threshold}, falls ? std::vector<std::int64_t>{1, -1} : std::vector<std::int64_t>{-1, 1}});
  }
  return look_up(builder, tables, groups.shape, input, std::move(output));
}

}  // namespace pare::lower
