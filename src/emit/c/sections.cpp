#include "emit/c/sections.h"

#include <algorithm>

#include <fmt/format.h>

#include "emit/c/names.h"
#include "emit/c/unrolled.h"

namespace pare::emit::c {
namespace {

/// What a section's function is given besides memory and t, as indices into Program::inputs and
/// outputs.
struct Arguments {
  std::set<std::size_t> inputs;
  std::set<std::size_t> outputs;
};

void use(const Frame& frame, BufferId id, Arguments& arguments) {
  const Place& place = frame.layout.place(id);
  if (place.kind == Place::Kind::kInput) arguments.inputs.insert(place.index);
  if (place.kind == Place::Kind::kOutput) arguments.outputs.insert(place.index);
}

Arguments arguments_of(const Frame& frame, const Section& section) {
  Arguments arguments;
  for (const State& state : section.states) use(frame, state.next, arguments);
  for (const Node& node : section.nodes) {
    for (const BufferId id : node.inputs) use(frame, id, arguments);
    for (const BufferId id : node.outputs) use(frame, id, arguments);
  }
  return arguments;
}

/// for (…) to[i] = (type)from[i];
void write_copy(const std::string& count, const std::string& to, CType type,
                const std::string& from, Writer& writer) {
  writer.line("for (size_t i = 0; i < {}; ++i) ({})[i] = ({})({})[i];", count, to, to_string(type),
              from);
}

void write_next_states(const Frame& frame, std::size_t s, Writer& writer) {
  const Section& section = frame.program.sections[s];
  const auto aside = [&](const KeptAside& kept) {
    const CType type = frame.type(section.states[kept.state].buffer);
    return fmt::format("({} *)(memory->pool{} + {})", to_string(type), type.bits, kept.offset);
  };
  std::set<std::size_t> are_aside;
  for (const KeptAside& kept : frame.layout.kept_aside) {
    if (kept.section != s) continue;
    const State& state = section.states[kept.state];
    write_copy(fmt::format("{}", frame.size(state.buffer)), aside(kept), frame.type(state.buffer),
               frame.pointer(state.next), writer);
    are_aside.insert(kept.state);
  }
  for (std::size_t i = 0; i < section.states.size(); ++i) {
    const State& state = section.states[i];
    if (are_aside.contains(i)) continue;
    write_copy(fmt::format("{}", frame.size(state.buffer)), frame.pointer(state.buffer),
               frame.type(state.buffer), frame.pointer(state.next), writer);
  }
  for (const KeptAside& kept : frame.layout.kept_aside) {
    if (kept.section != s) continue;
    const BufferId id = section.states[kept.state].buffer;
    write_copy(fmt::format("{}", frame.size(id)), frame.pointer(id), frame.type(id), aside(kept),
               writer);
  }
}

std::string describe(const Frame& frame, const Section& section) {
  if (section.kind == SectionKind::kOnce) return "once";
  return comment_text(fmt::format("a step of {}, {}",
                                  frame.program.trip_counts[section.trip_count.value],
                                  section.kind == SectionKind::kForward ? "forward" : "backward"));
}

void write_section(const Frame& frame, std::size_t s, Tables& tables, Writer& writer) {
  const Section& section = frame.program.sections[s];
  const Arguments arguments = arguments_of(frame, section);
  std::string parameters = fmt::format("struct {}_memory *memory", frame.name);
  for (const std::size_t i : arguments.inputs) parameters += ", " + frame.input_parameter(i);
  for (const std::size_t i : arguments.outputs) parameters += ", " + frame.output_parameter(i);
  writer.line("/* Section {}: {}. */", s, describe(frame, section));
  writer.open("static void {}_section_{}({}, size_t t)", frame.name, s, parameters);
  writer.line("(void)memory;");
  for (const std::size_t i : arguments.inputs) writer.line("(void){};", frame.inputs[i]);
  for (const std::size_t i : arguments.outputs) writer.line("(void){};", frame.outputs[i]);
  writer.line("(void)t;");
  if (frame.options.style == Style::kUnrolled) {
    write_unrolled_section(frame, section, tables, writer);
  } else {
    for (const Node& node : section.nodes) write_table_op(frame, node, tables, writer);
    write_next_states(frame, s, writer);
  }
  writer.close();
  writer.blank();
}

void write_initial_states(const Frame& frame, const Section& section, Tables& tables,
                          Writer& writer) {
  for (const State& state : section.states) {
    const program::Constant& initial = frame.program.constant(state.initial);
    const std::string to = frame.pointer(state.buffer);
    if (std::ranges::count(initial.values, initial.values.front()) ==
        static_cast<std::ptrdiff_t>(initial.values.size())) {
      writer.line("for (size_t i = 0; i < {}; ++i) ({})[i] = ({}){};", frame.size(state.buffer), to,
                  to_string(frame.type(state.buffer)), literal(initial.values.front()));
      continue;
    }
    tables.stored.insert(state.initial.value);
    write_copy(fmt::format("{}", frame.size(state.buffer)), to, frame.type(state.buffer),
               frame.constants[state.initial.value], writer);
  }
}

std::string start_call(const Frame& frame, std::size_t s) {
  return frame.program.sections[s].states.empty()
             ? ""
             : fmt::format("{}_states_{}(memory);", frame.name, s);
}

void write_call(const Frame& frame, std::size_t s, const char* t, Writer& writer) {
  const Arguments arguments = arguments_of(frame, frame.program.sections[s]);
  std::string given = "memory";
  for (const std::size_t i : arguments.inputs) given += ", " + frame.inputs[i];
  for (const std::size_t i : arguments.outputs) given += ", " + frame.outputs[i];
  writer.line("{}_section_{}({}, {});", frame.name, s, given, t);
}

/// Copies outputs that no op writes in place, those that have a value at each step or the others.
void write_copied_outputs(const Frame& frame, bool is_each, Writer& writer) {
  for (const std::size_t i : frame.layout.copied_outputs) {
    const BufferId id = frame.program.outputs[i];
    const Buffer& buffer = frame.program.buffer(id);
    if (buffer.each.has_value() != is_each) continue;
    std::string count = fmt::format("{}", frame.size(id));
    std::string from = frame.pointer(id);
    if (frame.layout.place(id).has_all_steps) {
      count = fmt::format("{} * {}", count, frame.trip_counts[buffer.each->value]);
      from = frame.pointer_at(id, "");
    }
    write_copy(count, frame.outputs[i], frame.type(id), from, writer);
  }
}

// ------------------------------------------------------------------------------------- functions

/// What a function takes: everything, or for the three functions of a stepped program what has a
/// value at each step or what has one.
enum class Takes { kAll, kOne, kEach, kNone };

bool is_taken(const Frame& frame, BufferId id, Takes takes) {
  if (takes == Takes::kAll) return true;
  if (takes == Takes::kNone) return false;
  return frame.program.buffer(id).each.has_value() == (takes == Takes::kEach);
}

std::string head(const Frame& frame, const char* function, Takes inputs, Takes outputs) {
  std::string text = fmt::format("{} {}_{}(struct {}_memory *memory",
                                 frame.layout.has_maximum && inputs == Takes::kAll ? "int" : "void",
                                 frame.name, function, frame.name);
  if (inputs == Takes::kAll) {
    for (const std::string& trip_count : frame.trip_counts) text += ", size_t " + trip_count;
  }
  for (std::size_t i = 0; i < frame.inputs.size(); ++i) {
    if (is_taken(frame, frame.program.inputs[i], inputs)) text += ", " + frame.input_parameter(i);
  }
  for (std::size_t i = 0; i < frame.outputs.size(); ++i) {
    if (is_taken(frame, frame.program.outputs[i], outputs)) {
      text += ", " + frame.output_parameter(i);
    }
  }
  return text + ")";
}

void write_sections_once(const Frame& frame, std::size_t from, std::size_t to, Writer& writer) {
  for (std::size_t s = from; s < to; ++s) write_call(frame, s, "0", writer);
}

/// What a function leaves unused is not warned about.
void write_unused(const Frame& frame, Takes inputs, Takes outputs, Writer& writer) {
  writer.line("(void)memory;");
  for (std::size_t i = 0; i < frame.inputs.size(); ++i) {
    if (is_taken(frame, frame.program.inputs[i], inputs)) {
      writer.line("(void){};", frame.inputs[i]);
    }
  }
  for (std::size_t i = 0; i < frame.outputs.size(); ++i) {
    if (is_taken(frame, frame.program.outputs[i], outputs)) {
      writer.line("(void){};", frame.outputs[i]);
    }
  }
}

void write_start_step_finish(const Frame& frame, Writer& writer) {
  const std::size_t loop = frame.layout.loop;
  writer.open("{}", head(frame, "start", Takes::kOne, Takes::kNone));
  write_unused(frame, Takes::kOne, Takes::kNone, writer);
  for (const std::size_t i : frame.layout.copied_inputs) {
    const BufferId id = frame.program.inputs[i];
    write_copy(fmt::format("{}", frame.size(id)), frame.pointer(id), frame.type(id),
               frame.inputs[i], writer);
  }
  write_sections_once(frame, 0, loop, writer);
  if (!start_call(frame, loop).empty()) writer.line("{}", start_call(frame, loop));
  writer.close();
  writer.blank();
  writer.open("{}", head(frame, "step", Takes::kEach, Takes::kEach));
  write_unused(frame, Takes::kEach, Takes::kEach, writer);
  write_call(frame, loop, "0", writer);
  write_copied_outputs(frame, true, writer);
  writer.close();
  writer.blank();
  writer.open("{}", head(frame, "finish", Takes::kNone, Takes::kOne));
  write_unused(frame, Takes::kNone, Takes::kOne, writer);
  write_sections_once(frame, loop + 1, frame.program.sections.size(), writer);
  write_copied_outputs(frame, false, writer);
  writer.close();
  writer.blank();
}

/// "name_step(memory, in_x + t * 4, …)"
std::string stepped_call(const Frame& frame, const char* function, Takes inputs, Takes outputs) {
  std::string text = fmt::format("{}_{}(memory", frame.name, function);
  const auto add = [&](const std::vector<BufferId>& ids, const std::vector<std::string>& names,
                       Takes takes) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!is_taken(frame, ids[i], takes)) continue;
      text += ", " + names[i];
      if (takes == Takes::kEach) text += fmt::format(" + t * {}", frame.size(ids[i]));
    }
  };
  add(frame.program.inputs, frame.inputs, inputs);
  add(frame.program.outputs, frame.outputs, outputs);
  return text + ");";
}

void write_stepped_run(const Frame& frame, Writer& writer) {
  const Section& loop = frame.program.sections[frame.layout.loop];
  writer.line("{}", stepped_call(frame, "start", Takes::kOne, Takes::kNone));
  writer.open("for (size_t t = 0; t < {}; ++t)", frame.trip_counts[loop.trip_count.value]);
  writer.line("{}", stepped_call(frame, "step", Takes::kEach, Takes::kEach));
  writer.close();
  writer.line("{}", stepped_call(frame, "finish", Takes::kNone, Takes::kOne));
}

void write_plain_run(const Frame& frame, Writer& writer) {
  write_unused(frame, Takes::kAll, Takes::kAll, writer);
  for (std::size_t s = 0; s < frame.program.sections.size(); ++s) {
    const Section& section = frame.program.sections[s];
    if (section.kind == SectionKind::kOnce) {
      write_call(frame, s, "0", writer);
      continue;
    }
    if (!section.states.empty()) writer.line("{}", start_call(frame, s));
    const std::string& count = frame.trip_counts[section.trip_count.value];
    if (section.kind == SectionKind::kForward) {
      writer.open("for (size_t t = 0; t < {}; ++t)", count);
    } else {
      writer.open("for (size_t t = {}; t-- > 0;)", count);
    }
    write_call(frame, s, "t", writer);
    writer.close();
  }
  write_copied_outputs(frame, true, writer);
  write_copied_outputs(frame, false, writer);
}

}  // namespace

void write_sections(const Frame& frame, Tables& tables, Writer& writer) {
  for (std::size_t s = 0; s < frame.program.sections.size(); ++s) {
    const Section& section = frame.program.sections[s];
    if (!section.states.empty()) {
      writer.line("/* The states of section {} at the start. */", s);
      writer.open("static void {}_states_{}(struct {}_memory *memory)", frame.name, s, frame.name);
      write_initial_states(frame, section, tables, writer);
      writer.close();
      writer.blank();
    }
    write_section(frame, s, tables, writer);
  }
}

void write_runs(const Frame& frame, Writer& writer) {
  if (frame.layout.is_stepped) write_start_step_finish(frame, writer);
  writer.open("{}", head(frame, "run", Takes::kAll, Takes::kAll));
  for (const std::string& trip_count : frame.trip_counts) writer.line("(void){};", trip_count);
  if (frame.layout.has_maximum) {
    for (const std::string& trip_count : frame.trip_counts) {
      writer.line("if ({} > {}_MAX_STEPS) return 1;", trip_count, frame.upper);
    }
  }
  if (frame.layout.is_stepped) {
    write_stepped_run(frame, writer);
  } else {
    write_plain_run(frame, writer);
  }
  if (frame.layout.has_maximum) writer.line("return 0;");
  writer.close();
}

void write_run_declarations(const Frame& frame, Writer& writer) {
  writer.line(
      "/* Runs one sample. Arrays hold codes row-major, those of step 0 first, then those of");
  writer.line(
      " * step 1, and so on. Outputs must not overlap inputs or each other. Codes must be within");
  writer.line(" * the widths stated below. Different memories may be used at the same time. */");
  for (std::size_t i = 0; i < frame.inputs.size(); ++i) {
    writer.line("/* {}: {} */", frame.inputs[i], frame.describe(frame.program.inputs[i]));
  }
  for (std::size_t i = 0; i < frame.outputs.size(); ++i) {
    writer.line("/* {}: {} */", frame.outputs[i], frame.describe(frame.program.outputs[i]));
  }
  if (frame.layout.has_maximum) {
    writer.line("/* Returns 0, or 1 and does nothing if there are more steps than {}_MAX_STEPS. */",
                frame.upper);
  }
  writer.line("{};", head(frame, "run", Takes::kAll, Takes::kAll));
  writer.blank();
  if (!frame.layout.is_stepped) return;
  writer.line("/* The same as data come: start, then step for each step, then finish. */");
  writer.line("{};", head(frame, "start", Takes::kOne, Takes::kNone));
  writer.line("{};", head(frame, "step", Takes::kEach, Takes::kEach));
  writer.line("{};", head(frame, "finish", Takes::kNone, Takes::kOne));
  writer.blank();
}

}  // namespace pare::emit::c
