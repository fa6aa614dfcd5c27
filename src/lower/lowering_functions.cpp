// Functions of one element: bends, which the next rounding takes in, and curves, which become
// tables of the codes in front of them.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "lower/lowering.h"

namespace pare::lower {
namespace {

/// A table has an entry for each code of its input: with more bits the input is rounded first.
constexpr int kTableBits = 12;

}  // namespace

void Lowering::operator()(const graph::Relu&) { bend(0); }
void Lowering::operator()(const graph::LeakyRelu& op) { bend(op.slope); }

void Lowering::bend(double slope) {
  WireValue x = input();
  if (!x.curve.empty()) {
    for (double& value : x.curve) value = value < 0 ? slope * value : value;
  } else if (!x.negative_slope || *x.negative_slope >= 0) {
    x.negative_slope = x.negative_slope.value_or(1) * slope;
  }
  write(std::move(x));
}

void Lowering::operator()(const graph::Sigmoid&) {
  // Beyond 12 it is within 2^-17 of its limits.
  apply([](double x) { return 1 / (1 + std::exp(-x)); }, 12);
}

void Lowering::operator()(const graph::Tanh&) {
  // Beyond 6 it is within 2^-16 of its limits.
  apply([](double x) { return std::tanh(x); }, 6);
}

void Lowering::apply(double (*function)(double), double saturation) {
  WireValue x = input();
  if (x.curve.empty()) x = indexed(std::move(x), saturation);
  for (double& value : x.curve) value = function(value);
  write(std::move(x));
}

void Lowering::operator()(const graph::Table& op) {
  WireValue x = input();
  const auto& grid = info(node_->inputs.front()).grid;
  if (!x.is_affine() || !x.affine.is_one_grid() || !grid) {
    refuse("a table's input must be quantized with one step");
  }
  // Dead codes are no part of the interval: the table is cut to what is left.
  const program::Interval range = hull(builder_.intervals(x.buffer));
  const auto values = value_of(graph_, graph_.parameter(op.values)).to_doubles();
  for (std::int64_t code = range.lowest; code <= range.highest; ++code) {
    const std::int64_t entry = code + grid->zero_point - grid->lowest;
    const auto last = static_cast<std::int64_t>(values.size()) - 1;
    x.curve.push_back(values[static_cast<std::size_t>(std::clamp<std::int64_t>(entry, 0, last))]);
  }
  write(std::move(x));
}

/// The value as the curve of its codes; rounded first where they are too many, have different
/// steps or are not its own: to kTableBits over ± saturation.
WireValue Lowering::indexed(WireValue value, double saturation) {
  const graph::WireId wire = node_->inputs.front();
  const program::Interval known = hull(builder_.intervals(value.buffer));
  const bool is_small = known.highest - known.lowest < (std::int64_t{1} << kTableBits);
  if (!value.is_affine() || !value.affine.is_one_grid() || !is_small) {
    const std::int64_t top = (std::int64_t{1} << (kTableBits - 1)) - 1;
    const double step = saturation / static_cast<double>(top);
    notes_.push_back(
        fmt::format("{}: its input '{}' rounded to {} bits of step {:g}: a table has "
                    "an entry for each code",
                    who(), graph_.wire(wire).name, kTableBits, step));
    const CodeGrid grid{.codes_per_value = {1 / step}, .lowest = -top, .highest = top};
    WireValue y;
    y.affine.scale = {step};
    y.buffer = rounded(value, grid, new_buffer(node_->name + ".input", info(wire)));
    value = std::move(y);
  }
  const program::Interval range = hull(builder_.intervals(value.buffer));
  for (std::int64_t code = range.lowest; code <= range.highest; ++code) {
    value.curve.push_back(value.affine.scale.front() * static_cast<double>(code));
  }
  return value;
}

/// The codes of a curve, by a table with a row for each step.
program::BufferId Lowering::looked_up(const WireValue& value, const graph::Codec& codec,
                                      program::Buffer output) {
  const auto zero_point = static_cast<std::int64_t>(codec.zero_points.front());
  std::vector<std::int64_t> codes;
  for (std::size_t group = 0; group < codec.num_groups(); ++group) {
    for (const double x : value.curve) {
      codes.push_back(static_cast<std::int64_t>(codec.to_code(static_cast<float>(x), group)) -
                      zero_point);
    }
  }
  Shape shape = {static_cast<std::int64_t>(value.curve.size())};
  if (codec.num_groups() > 1) {
    Shape leading(output.shape.size(), 1);
    leading.front() = output.shape.front();
    if (static_cast<std::int64_t>(codec.num_groups()) != leading.front()) leading = output.shape;
    leading.push_back(shape.front());
    shape = leading;
  }
  const program::Lookup op{.table = builder_.constant(output.name + ".table", shape, codes),
                           .first = hull(builder_.intervals(value.buffer)).lowest};
  return builder_.op(op, {value.buffer}, std::move(output));
}

}  // namespace pare::lower
