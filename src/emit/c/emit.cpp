#include "emit/c/emit.h"

#include <utility>

#include <fmt/format.h>

#include "emit/c/fixed_point_text.h"
#include "emit/c/frame.h"
#include "emit/c/mapping.h"
#include "emit/c/names.h"
#include "emit/c/sections.h"
#include "emit/c/self_check.h"
#include "emit/c/table.h"
#include "emit/c/table_spikes.h"
#include "emit/c/unrolled.h"
#include "emit/c/writer.h"

namespace pare::emit::c {
namespace {

void write_title(const Frame& frame, Writer& writer) {
  writer.line("/* The integer program {}, as C99.", comment_text(frame.program.name));
  writer.line(" * SHA-256 of the program: {}", program::hash(frame.program));
  writer.line(" * Written by pare; style: {}. */",
              frame.options.style == Style::kTable ? "table" : "unrolled");
}

std::string header(const Frame& frame, const lower::Interface* interface) {
  Writer writer;
  write_title(frame, writer);
  writer.blank();
  writer.line("#ifndef {}_H", frame.upper);
  writer.line("#define {}_H", frame.upper);
  writer.blank();
  writer.line("#include <stddef.h>");
  writer.line("#include <stdint.h>");
  writer.blank();
  writer.line("#ifdef __cplusplus");
  writer.line("extern \"C\" {{");
  writer.line("#endif");
  writer.blank();
  writer.line("/* SHA-256 of the program's text, 64 hexadecimal digits. */");
  writer.line("#define {}_SHA256 \"{}\"", frame.upper, program::hash(frame.program));
  writer.line("extern const char {}_sha256[65];", frame.name);
  writer.blank();
  if (frame.layout.has_maximum) {
    writer.line("/* The most steps there can be. */");
    writer.line("#define {}_MAX_STEPS {}", frame.upper, frame.options.max_trip_count);
    writer.blank();
  }
  const std::int64_t bytes = frame.layout.memory_bytes();
  writer.line("/* What a run works in: {} bytes, which need no initial value. */", bytes);
  writer.open("struct {}_memory", frame.name);
  for (std::size_t i = 0; i < kPoolBits.size(); ++i) {
    if (frame.layout.pool_sizes[i] == 0) continue;
    writer.line("int{}_t pool{}[{}];", kPoolBits[i], kPoolBits[i], frame.layout.pool_sizes[i]);
  }
  if (bytes == 0) writer.line("char unused;");
  writer.close(";");
  writer.blank();
  write_run_declarations(frame, writer);
  if (interface != nullptr) write_mapping_declarations(frame, *interface, writer);
  writer.line("#ifdef __cplusplus");
  writer.line("}}");
  writer.line("#endif");
  writer.blank();
  writer.line("#endif");
  return writer.take();
}

/// Which requantizes there are: written out, by pare_requantize.
struct Requantizes {
  bool has_one = false;
  bool has_tables = false;
};

Requantizes requantizes_of(const Program& program, Style style) {
  Requantizes found{.has_one = style == Style::kUnrolled};
  if (style == Style::kUnrolled) return found;
  for (const Section& section : program.sections) {
    for (const Node& node : section.nodes) {
      const auto* op = std::get_if<program::Requantize>(&node.op);
      if (op == nullptr) continue;
      (has_one_requantize(program, *op) ? found.has_one : found.has_tables) = true;
    }
  }
  return found;
}

std::string source(const Frame& frame, const lower::Interface* interface) {
  Tables tables;
  Writer code;
  write_sections(frame, tables, code);
  write_runs(frame, code);
  Writer writer;
  write_title(frame, writer);
  writer.blank();
  writer.line("#include \"{}.h\"", frame.name);
  writer.blank();
  const Requantizes requantizes = requantizes_of(frame.program, frame.options.style);
  if (requantizes.has_tables) {
    writer.append(kFixedPointText);
    writer.blank();
  }
  if (requantizes.has_one) {
    writer.line(
        "/* Negative numbers are shifted right arithmetically, as all compilers in use do. */");
    writer.line("typedef char {}_shifts_are_arithmetic[(-3 >> 1) == -2 ? 1 : -1];", frame.name);
    writer.blank();
  }
  writer.line("const char {}_sha256[65] = {}_SHA256;", frame.name, frame.upper);
  writer.blank();
  for (const std::uint32_t id : tables.stored) write_table(frame, {id}, writer);
  for (const std::uint32_t id : tables.by_input) write_table_by_input(frame, {id}, writer);
  if (!frame.layout.spike_words.empty()) write_lowest_spike(writer);
  writer.append(code.take());
  if (interface != nullptr) {
    writer.blank();
    write_mappings(frame, *interface, writer);
  }
  return writer.take();
}

}  // namespace

Files emit(const program::Program& program, const lower::Interface* interface,
           std::span<const GoldenVector> golden, const Options& options) {
  if (interface != nullptr) check_interface(program, *interface);
  if (options.style == Style::kUnrolled) check_unrolled_size(program);
  const Frame frame = make_frame(program, options);
  return {{frame.name + ".h", header(frame, interface)},
          {frame.name + ".c", source(frame, interface)},
          {frame.name + "_test.c", self_check(frame, golden)},
          frame.layout.memory_bytes()};
}

}  // namespace pare::emit::c
