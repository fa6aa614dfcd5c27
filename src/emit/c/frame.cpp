#include "emit/c/frame.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "emit/c/names.h"

namespace pare::emit::c {
namespace {

std::string symbol_prefix(const std::string& name) {
  std::string prefix = identifier_part(name);
  if (prefix.front() >= '0' && prefix.front() <= '9') prefix.insert(0, "net_");
  return prefix;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::string Frame::pointer(BufferId id) const {
  return pointer_at(id, layout.place(id).has_all_steps ? fmt::format(" + t * {}", size(id)) : "");
}

std::string Frame::pointer_at(BufferId id, const std::string& step) const {
  const Place& place = layout.place(id);
  switch (place.kind) {
    case Place::Kind::kInput:
      return inputs[place.index] + step;
    case Place::Kind::kOutput:
      return outputs[place.index] + step;
    default:
      break;
  }
  const CType of = type(id);
  const std::string cast = of.is_signed ? "" : fmt::format("({} *)", to_string(of));
  return fmt::format("{}(memory->pool{} + {}{})", cast, of.bits, place.offset, step);
}

std::string Frame::input_parameter(std::size_t i) const {
  return fmt::format("const {} *{}", to_string(type(program.inputs[i])), inputs[i]);
}

std::string Frame::output_parameter(std::size_t i) const {
  return fmt::format("{} *{}", to_string(type(program.outputs[i])), outputs[i]);
}

std::string Frame::describe(BufferId id) const {
  const Buffer& buffer = program.buffer(id);
  std::string text =
      fmt::format("{} {} [{}]", buffer.name, to_string(buffer.width), fmt::join(buffer.shape, " "));
  if (buffer.each) text += fmt::format(" each {}", program.trip_counts[buffer.each->value]);
  if (buffer.origin) {
    text += " from " + buffer.origin->wire;
    if (!buffer.origin->kept.empty()) {
      text += fmt::format(" kept [{}]", fmt::join(buffer.origin->kept, " "));
    }
  }
  return comment_text(text);
}

Frame make_frame(const Program& program, const Options& options) {
  Frame frame{.program = program,
              .options = options,
              .name = symbol_prefix(options.name.empty() ? program.name : options.name),
              .upper = {},
              .layout = make_layout(program, options),
              .intervals = program::intervals(program),
              .inputs = {},
              .outputs = {},
              .trip_counts = {},
              .constants = {}};
  frame.upper = upper(frame.name);
  Names names;
  for (const BufferId id : program.inputs) {
    frame.inputs.push_back(names.add("in_", program.buffer(id).name));
  }
  for (const BufferId id : program.outputs) {
    frame.outputs.push_back(names.add("out_", program.buffer(id).name));
  }
  for (const std::string& trip_count : program.trip_counts) {
    frame.trip_counts.push_back(names.add("num_", trip_count));
  }
  for (std::size_t i = 0; i < program.constants.size(); ++i) {
    frame.constants.push_back(
        names.add(frame.name + "_", fmt::format("c{} {}", i, program.constants[i].name)));
  }
  return frame;
}

}  // namespace pare::emit::c
