#include "program/reference.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "program/reference_ops.h"

namespace pare::program {
namespace {

/// A buffer's values at step t: all there is, where it has one value.
template <class Elements>
auto at_step(const Program& program, BufferId id, Elements& elements, std::int64_t t) {
  const std::size_t size = size_of(program, id);
  const std::size_t first = program.buffer(id).each ? static_cast<std::size_t>(t) * size : 0;
  return std::span(elements).subspan(first, size);
}

void run_node(const Program& program, const Node& node, std::vector<Codes>& values, std::int64_t t,
              bool traps) {
  std::vector<std::span<const std::int64_t>> inputs;
  for (const BufferId id : node.inputs) {
    inputs.push_back(at_step(program, id, std::as_const(values[id.value]), t));
  }
  const BufferId output = node.outputs.front();
  run_op(program, node, inputs, at_step(program, output, values[output.value], t), traps);
}

void start_states(const Program& program, const Section& section, std::vector<Codes>& values) {
  for (const State& state : section.states) {
    const Codes& initial = program.constant(state.initial).values;
    Codes& value = values[state.buffer.value];
    if (initial.size() == 1) {
      std::fill(value.begin(), value.end(), initial.front());
    } else {
      value = initial;
    }
  }
}

void run_step(const Program& program, const Section& section, std::vector<Codes>& values,
              std::int64_t t, bool traps) {
  for (const Node& node : section.nodes) run_node(program, node, values, t, traps);
  // All states change at once: what is next may itself be a state.
  std::vector<Codes> next;
  for (const State& state : section.states) {
    const auto step = at_step(program, state.next, values[state.next.value], t);
    next.emplace_back(step.begin(), step.end());
    if (!traps) continue;
    const Buffer& buffer = program.buffer(state.buffer);
    for (const std::int64_t value : next.back()) {
      if (buffer.width.range().contains(value)) continue;
      throw InternalError(fmt::format("state '{}' takes {}, which {} does not hold", buffer.name,
                                      value, to_string(buffer.width)));
    }
  }
  for (std::size_t i = 0; i < section.states.size(); ++i) {
    values[section.states[i].buffer.value] = std::move(next[i]);
  }
}

/// A section with `num_steps` steps (once: one, whatever they are).
void run_section(const Program& program, const Section& section, std::vector<Codes>& values,
                 std::span<const std::int64_t> trip_counts, bool traps) {
  if (section.kind == SectionKind::kOnce) {
    for (const Node& node : section.nodes) run_node(program, node, values, 0, traps);
    return;
  }
  start_states(program, section, values);
  const std::int64_t num_steps = trip_counts[section.trip_count.value];
  for (std::int64_t i = 0; i < num_steps; ++i) {
    const std::int64_t t = section.kind == SectionKind::kForward ? i : num_steps - 1 - i;
    run_step(program, section, values, t, traps);
  }
}

void check_trip_counts(const Program& program, std::span<const std::int64_t> trip_counts) {
  if (trip_counts.size() != program.trip_counts.size()) {
    throw InputError(fmt::format("program '{}': {} trip counts, expected {}", program.name,
                                 trip_counts.size(), program.trip_counts.size()));
  }
  std::int64_t total = 0;
  for (std::size_t i = 0; i < trip_counts.size(); ++i) {
    if (trip_counts[i] < 0 || trip_counts[i] > kMaxRunElements) {
      throw InputError(fmt::format("trip count '{}' is {}, expected 0 … {}", program.trip_counts[i],
                                   trip_counts[i], kMaxRunElements));
    }
  }
  for (const Buffer& buffer : program.buffers) {
    const std::int64_t steps = buffer.each ? trip_counts[buffer.each->value] : 1;
    const std::int64_t size = num_elements(buffer.shape);
    if (steps > (kMaxRunElements - total) / size) {
      throw InputError(fmt::format("program '{}': buffers of more than {} elements over all steps",
                                   program.name, kMaxRunElements));
    }
    total += steps * size;
  }
}

/// Every buffer's elements over all steps, zeros.
std::vector<Codes> make_values(const Program& program, std::span<const std::int64_t> trip_counts) {
  std::vector<Codes> values(program.buffers.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Buffer& buffer = program.buffers[i];
    const std::int64_t steps = buffer.each ? trip_counts[buffer.each->value] : 1;
    values[i].resize(static_cast<std::size_t>(steps * num_elements(buffer.shape)));
  }
  return values;
}

/// Puts codes into an input, whose size is what is expected.
void take_input(const Program& program, BufferId id, const Codes& codes,
                std::vector<Codes>& values) {
  const Buffer& buffer = program.buffer(id);
  Codes& value = values[id.value];
  if (codes.size() != value.size()) {
    throw InputError(
        fmt::format("input '{}': {} codes, expected {}", buffer.name, codes.size(), value.size()));
  }
  for (const std::int64_t code : codes) {
    if (buffer.width.range().contains(code)) continue;
    throw InputError(fmt::format("input '{}': code {}, expected {} ({})", buffer.name, code,
                                 to_string(buffer.width.range()), to_string(buffer.width)));
  }
  value = codes;
}

/// Those of `ids` that have a value at each step, or those that have one.
std::vector<BufferId> with_time(const Program& program, const std::vector<BufferId>& ids,
                                bool is_each_step) {
  std::vector<BufferId> chosen;
  for (const BufferId id : ids) {
    if (program.buffer(id).each.has_value() == is_each_step) chosen.push_back(id);
  }
  return chosen;
}

void take_inputs(const Program& program, const std::vector<BufferId>& ids,
                 const std::vector<Codes>& inputs, std::vector<Codes>& values) {
  if (inputs.size() != ids.size()) {
    throw InputError(fmt::format("program '{}': {} inputs, expected {}", program.name,
                                 inputs.size(), ids.size()));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) take_input(program, ids[i], inputs[i], values);
}

std::vector<Codes> values_of(const std::vector<BufferId>& ids, const std::vector<Codes>& values) {
  std::vector<Codes> chosen;
  for (const BufferId id : ids) chosen.push_back(values[id.value]);
  return chosen;
}

}  // namespace

Outputs run_reference(const Program& program, const Inputs& inputs,
                      const ReferenceOptions& options) {
  check_trip_counts(program, inputs.trip_counts);
  std::vector<Codes> values = make_values(program, inputs.trip_counts);
  take_inputs(program, program.inputs, inputs.buffers, values);
  for (const Section& section : program.sections) {
    run_section(program, section, values, inputs.trip_counts, options.traps);
  }
  Outputs outputs{values_of(program.outputs, values)};
  if (options.keeps_buffers) outputs.buffers = std::move(values);
  return outputs;
}

ReferenceStepper::ReferenceStepper(const Program& program, const std::vector<Codes>& inputs,
                                   const ReferenceOptions& options)
    : program_(program), options_(options) {
  if (!has_step(program)) {
    throw InputError(fmt::format(
        "program '{}' cannot run step by step: that needs exactly one loop, and it forward",
        program.name));
  }
  // Room for one step: each takes the place of the one before.
  const std::vector<std::int64_t> one_step(program.trip_counts.size(), 1);
  values_ = make_values(program, one_step);
  take_inputs(program, with_time(program, program.inputs, false), inputs, values_);
  while (program.sections[loop_].kind == SectionKind::kOnce) {
    run_section(program, program.sections[loop_++], values_, one_step, options_.traps);
  }
  start_states(program, program.sections[loop_], values_);
}

std::vector<Codes> ReferenceStepper::step(const std::vector<Codes>& inputs) {
  take_inputs(program_, with_time(program_, program_.inputs, true), inputs, values_);
  run_step(program_, program_.sections[loop_], values_, 0, options_.traps);
  return values_of(with_time(program_, program_.outputs, true), values_);
}

std::vector<Codes> ReferenceStepper::finish() {
  for (std::size_t i = loop_ + 1; i < program_.sections.size(); ++i) {
    run_section(program_, program_.sections[i], values_, {}, options_.traps);
  }
  return values_of(with_time(program_, program_.outputs, false), values_);
}

}  // namespace pare::program
