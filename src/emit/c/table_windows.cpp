// Convolutions and poolings: loops over the outputs, and within them over the window.

#include <fmt/format.h>

#include "emit/c/table_parts.h"
#include "emit/c/table_spikes.h"
#include "emit/c/window_loops.h"
#include "program/windows.h"

namespace pare::emit::c {
namespace {

using graph::Window;

/// Loops over the channels of y with `x_channel` pointing to the window's channel of x, and writes
/// a `joined` of a type that starts at `start` for each window; `join` stands in its innermost
/// loop.
void write_pool(TableParts& parts, const Window& window, CType type, const std::string& start,
                const std::string& join) {
  Writer& writer = parts.writer;
  WindowLoops loops(writer, window);
  parts.pointers();
  writer.open("for (size_t c = 0; c < {}; ++c)", parts.program.buffer(parts.y).shape.front());
  writer.line("const {} *channel = x + c * {};", to_string(parts.frame.type(parts.x)),
              window.num_inputs());
  loops.open_outputs();
  writer.line("{} joined = {};", to_string(type), start);
  loops.open_taps();
  writer.line("const {0} element = ({0})channel[{1}];", to_string(type), loops.input_index());
  writer.line("{}", join);
  loops.close_taps();
  writer.line("*y++ = ({})joined;", parts.to);
  loops.close_outputs();
  writer.close();
}

}  // namespace

void write_table_conv(TableParts& parts, const program::Conv& op) {
  if (adds_spikes(parts.program, parts.node, op)) return write_spike_conv(parts, op);
  Writer& writer = parts.writer;
  const Window window = window_of(parts.program, parts.node, op);
  const Shape& weight = parts.program.constant(op.weight).shape;
  const CType acc = parts.sum_type(op.weight, op.bias);
  const std::int64_t group_outputs = weight[0] / op.groups;
  const std::int64_t group_inputs = weight[1];
  WindowLoops loops(writer, window);
  parts.pointers();
  writer.open("for (size_t i = 0; i < {}; ++i)", weight[0]);
  const std::string x_type = to_string(parts.frame.type(parts.x));
  if (op.groups == 1) {
    writer.line("const {} *group = x;", x_type);
  } else {
    writer.line("const {} *group = x + i / {} * {};", x_type, group_outputs,
                group_inputs * static_cast<std::int64_t>(window.num_inputs()));
  }
  loops.open_outputs();
  writer.line("{} sum = {};", to_string(acc), op.bias ? parts.element(*op.bias, "i", acc) : "0");
  writer.open("for (size_t c = 0; c < {}; ++c)", group_inputs);
  writer.line("const {} *channel = group + c * {};", x_type, window.num_inputs());
  loops.open_taps();
  const std::string index = fmt::format("(i * {} + c) * {} + (size_t)({})", group_inputs,
                                        window.num_taps(), loops.tap_index());
  writer.line("sum += {} * ({})channel[{}];", parts.element(op.weight, index, acc), to_string(acc),
              loops.input_index());
  loops.close_taps();
  writer.close();
  writer.line("*y++ = ({})sum;", parts.to);
  loops.close_outputs();
  writer.close();
}

void write_table_max_pool(TableParts& parts, const program::MaxPool& op) {
  const Interval range = parts.width_range(parts.x);
  const CType type = computing_type(range);
  write_pool(parts, window_of(parts.program, parts.node, op), type, literal(range.lowest, type),
             "if (element > joined) joined = element;");
}

void write_table_sum_pool(TableParts& parts, const program::SumPool& op) {
  const Window window = window_of(parts.program, parts.node, op);
  // Partial sums lie between 0 and the sum: what y and x hold, holds them.
  const Interval all =
      hull_of(parts.width_range(parts.x), parts.program.buffer(parts.y).width.range());
  write_pool(parts, window, computing_type(all), "0", "joined += element;");
}

}  // namespace pare::emit::c
