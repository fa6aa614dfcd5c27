#include "model/deployment.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/infer.h"
#include "program/check.h"

namespace pare::model {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw InputError(fmt::format("interface: {}", message));
}

void check_shape(const Shape& found, const Shape& expected, std::string_view which) {
  if (found == expected) return;
  fail(fmt::format("{} {}, but the program's {} is {}", which, to_string(found), which,
                   to_string(expected)));
}

/// Either of two numbers of elements.
void check_number(std::size_t found, std::size_t first, std::size_t second, std::string_view what) {
  if (found == first || found == second) return;
  fail(fmt::format("{} has {} elements, expected {} or {}", what, found, first, second));
}

void check_finite(const std::vector<double>& list, std::string_view what) {
  if (std::ranges::all_of(list, [](double x) { return std::isfinite(x); })) return;
  fail(fmt::format("{} has numbers that are not finite", what));
}

void check_input(const lower::Interface& interface, const program::Buffer& buffer) {
  const lower::InputMap& map = interface.input;
  check_shape(interface.input_shape, buffer.shape, "input");
  const auto channels = static_cast<std::size_t>(buffer.shape.empty() ? 1 : buffer.shape.front());
  check_number(map.mean.size(), 0, channels, "input.mean");
  check_number(map.scale.size(), 0, channels, "input.scale");
  check_number(map.codec.size(), 1, channels, "input.codec");
  check_finite(map.mean, "input.mean");
  check_finite(map.scale, "input.scale");
  if (std::ranges::count(map.scale, 0) > 0) fail("input.scale has a 0, by which nothing divides");
  for (const graph::Scale& scale : map.codec) {
    const auto is_right = [](float x) { return std::isfinite(x) && x > 0; };
    if (is_right(scale.multiply) && is_right(scale.divide)) continue;
    fail(fmt::format("input.codec multiplies by {} and divides by {}, expected numbers above 0",
                     scale.multiply, scale.divide));
  }
  const program::Interval range = buffer.width.range();
  const program::Interval codes = {map.codes.lowest, map.codes.highest};
  if (codes.lowest > codes.highest || !range.contains(codes)) {
    fail(fmt::format("input codes {}, expected within {} ({})", to_string(codes), to_string(range),
                     to_string(buffer.width)));
  }
  // The code of NaN is the zero point.
  const auto zero_point = static_cast<double>(map.zero_point);
  if (std::trunc(zero_point) != zero_point || zero_point < static_cast<double>(range.lowest) ||
      zero_point > static_cast<double>(range.highest)) {
    fail(fmt::format("input.zero_point is {}, expected an integer of {} ({})", zero_point,
                     to_string(range), to_string(buffer.width)));
  }
}

void check_output(const lower::Interface& interface, const program::Buffer& buffer) {
  const lower::OutputMap& map = interface.output;
  check_shape(interface.output_shape, buffer.shape, "output");
  const auto size = static_cast<std::size_t>(num_elements(buffer.shape));
  check_number(map.scale.size(), 1, size, "output.scale");
  check_number(map.offset.size(), 1, size, "output.offset");
  check_finite(map.scale, "output.scale");
  check_finite(map.offset, "output.offset");
}

/// Programs run from raw samples alone: how many steps they take must be known.
void check_steps(const lower::Interface& interface, const program::Program& program) {
  if (interface.steps < 0 || interface.steps > graph::kMaxSteps) {
    fail(fmt::format("steps is {}, expected 0 to {}", interface.steps, graph::kMaxSteps));
  }
  if (interface.steps == 0 || program.trip_counts.size() == 1) return;
  fail(fmt::format("steps is {}, but the program has {} trip counts, expected 1", interface.steps,
                   program.trip_counts.size()));
}

}  // namespace

void check_deployment(const Deployment& deployment) {
  const program::Program& program = deployment.program;
  program::check(program);
  if (program.inputs.size() != 1 || program.outputs.size() != 1) {
    throw InputError(fmt::format("program '{}' has {} inputs and {} outputs, expected one of each",
                                 program.name, program.inputs.size(), program.outputs.size()));
  }
  check_input(deployment.interface, program.buffer(program.inputs.front()));
  check_output(deployment.interface, program.buffer(program.outputs.front()));
  check_steps(deployment.interface, program);
  check_golden(program, deployment.golden);
}

}  // namespace pare::model
