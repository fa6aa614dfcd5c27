#include "lower/program_builder.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "program/check.h"

namespace pare::lower {

using program::Buffer;
using program::BufferId;
using program::Constant;
using program::ConstantId;

namespace {

/// What an op's output must hold: all that an op that saturates may say, else what it can be.
program::Interval declared_range(const program::Op& op, const program::Intervals& output) {
  if (const auto* requantize = std::get_if<program::Requantize>(&op)) {
    return {requantize->lowest, requantize->highest};
  }
  if (const auto* clamp = std::get_if<program::Clamp>(&op)) return {clamp->lowest, clamp->highest};
  return hull(output);
}

}  // namespace

program::TripCountId ProgramBuilder::trip_count(std::string name) {
  program_.trip_counts.push_back(std::move(name));
  return {static_cast<std::uint32_t>(program_.trip_counts.size() - 1)};
}

BufferId ProgramBuilder::add(Buffer buffer, program::Intervals intervals) {
  known_.push_back(std::move(intervals));
  return add_buffer(program_, std::move(buffer));
}

BufferId ProgramBuilder::input(Buffer buffer) {
  const program::Interval range = buffer.width.range();
  program_.inputs.push_back(add(std::move(buffer), {range}));
  return program_.inputs.back();
}

BufferId ProgramBuilder::state(Buffer buffer) {
  const program::Interval range = buffer.width.range();
  return add(std::move(buffer), {range});
}

ConstantId ProgramBuilder::constant(Constant constant) {
  const std::string name = constant.name;
  for (int number = 2;; ++number) {
    const auto same =
        std::find_if(program_.constants.begin(), program_.constants.end(),
                     [&](const Constant& other) { return other.name == constant.name; });
    if (same == program_.constants.end()) return add_constant(program_, std::move(constant));
    if (*same == constant) {
      return {static_cast<std::uint32_t>(same - program_.constants.begin())};
    }
    constant.name = fmt::format("{}.{}", name, number);
  }
}

ConstantId ProgramBuilder::constant(const std::string& name, Shape shape,
                                    std::vector<std::int64_t> values) {
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  const program::Width width = program::narrowest({*lowest, *highest});
  return constant(Constant{
      .name = name, .width = width, .shape = std::move(shape), .values = std::move(values)});
}

BufferId ProgramBuilder::op(const program::Op& op, std::vector<BufferId> inputs, Buffer output) {
  program::Node node{op, std::move(inputs), {}};
  // Messages name an op by its output.
  node.outputs = {add(std::move(output), {})};
  const BufferId id = node.outputs.front();
  program::OpIntervals result = op_intervals(program_, node, known_);
  if (program::Width* accumulator = accumulator_of(node.op)) {
    *accumulator = program::narrowest(*result.partial_sums);
  }
  program_.buffers[id.value].width = program::narrowest(declared_range(node.op, result.output));
  known_[id.value] = std::move(result.output);
  program_.sections.back().nodes.push_back(std::move(node));
  return id;
}

program::Program ProgramBuilder::finish() && {
  program::check(program_);
  return std::move(program_);
}

}  // namespace pare::lower
