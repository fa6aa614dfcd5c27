#include "emit/c/table_parts.h"

#include <algorithm>

#include <fmt/format.h>

#include "program/broadcast.h"

namespace pare::emit::c {
namespace {

/// The element of a constant that belongs to element i of a buffer: neighbouring axes that are both
/// covered, or both not, count as one.
std::string group_index(std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  if (num_elements(Shape(from.begin(), from.end())) == 1) return "0";
  std::string index;
  std::int64_t divisor = 1;
  std::int64_t stride = 1;
  for (std::size_t axis = to.size(); axis > 0;) {
    std::int64_t run = 1;
    const bool is_covered = from[axis - 1] == to[axis - 1];
    while (axis > 0 && (from[axis - 1] == to[axis - 1]) == is_covered) run *= to[--axis];
    if (is_covered) {
      std::string term = divisor == 1 ? "i" : fmt::format("i / {}", divisor);
      if (axis > 0) term += fmt::format(" % {}", run);
      if (stride != 1) term = fmt::format("{} * {}", axis > 0 ? "(" + term + ")" : term, stride);
      index += (index.empty() ? "" : " + ") + term;
      stride *= run;
    }
    divisor *= run;
  }
  return index;
}

}  // namespace

Interval range_of(const program::Constant& constant) {
  const auto [lowest, highest] = std::ranges::minmax(constant.values);
  return {lowest, highest};
}

bool is_one_number(const program::Constant& constant) {
  const Interval range = range_of(constant);
  return range.lowest == range.highest;
}

TableParts::TableParts(const Frame& of, const Node& op, Tables& tables, Writer& to_write)
    : frame(of),
      program(of.program),
      node(op),
      writer(to_write),
      x(op.inputs.front()),
      y(op.outputs.front()),
      to(to_string(of.type(op.outputs.front()))),
      tables_(tables) {}

void TableParts::pointer(const char* name, BufferId id) {
  writer.line("const {} *{} = {};", to_string(frame.type(id)), name, frame.pointer(id));
}

void TableParts::pointers() {
  pointer("x", x);
  writer.line("{} *y = {};", to, frame.pointer(y));
}

void TableParts::loop() {
  pointers();
  writer.open("for (size_t i = 0; i < {}; ++i)", frame.size(y));
}

std::string TableParts::element(ConstantId id, const std::string& index, CType type) {
  const program::Constant& constant = program.constant(id);
  if (is_one_number(constant)) {
    return fmt::format("({}){}", to_string(type), literal(constant.values.front(), type));
  }
  tables_.stored.insert(id.value);
  return fmt::format("({}){}[{}]", to_string(type), frame.constants[id.value], index);
}

std::string TableParts::element_by_input(ConstantId id, const std::string& index, CType type) {
  tables_.by_input.insert(id.value);
  return fmt::format("({}){}[{}]", to_string(type), frame.name_by_input(id), index);
}

std::string TableParts::covering(ConstantId id, CType type) {
  return element(id, group_index(program.constant(id).shape, program.buffer(x).shape), type);
}

std::string TableParts::leading(const program::Constant& table) const {
  return group_index(program::leading_axes(table.shape), program.buffer(x).shape);
}

Interval TableParts::sum_range(ConstantId weight, const std::optional<ConstantId>& bias) const {
  Interval all = *frame.intervals.partial_sums[y.value];
  all = hull_of(all, hull_of(range_of(program.constant(weight)), width_range(x)));
  if (bias) all = hull_of(all, range_of(program.constant(*bias)));
  return all;
}

CType TableParts::sum_type(ConstantId weight, const std::optional<ConstantId>& bias) const {
  return computing_type(sum_range(weight, bias));
}

}  // namespace pare::emit::c
