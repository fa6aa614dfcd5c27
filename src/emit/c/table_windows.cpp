// Convolutions and poolings: loops over the outputs, and within them over the window, whose
// elements that are padding are passed over. Axes of one output and one tap have no loop.

#include <array>
#include <vector>

#include <fmt/format.h>

#include "emit/c/table_parts.h"
#include "program/windows.h"

namespace pare::emit::c {
namespace {

using graph::Window;

class WindowLoops {
 public:
  WindowLoops(Writer& writer, const Window& window) : writer_(writer), window_(window) {}

  /// Loops o0, o1, o2 over the windows.
  void open_outputs() {
    for (std::size_t i = 0; i < 3; ++i) {
      if (window_.axes[i].output == 1) continue;
      writer_.open("for (ptrdiff_t o{0} = 0; o{0} < {1}; ++o{0})", i, window_.axes[i].output);
      ++num_outputs_;
    }
  }
  void close_outputs() { close(num_outputs_); }

  /// Loops k0, k1, k2 over the taps that lie within the input.
  void open_taps() {
    for (std::size_t i = 0; i < 3; ++i) {
      const Window::Axis& axis = window_.axes[i];
      if (axis.kernel > 1) {
        writer_.open("for (ptrdiff_t k{0} = 0; k{0} < {1}; ++k{0})", i, axis.kernel);
        ++num_taps_;
      }
      if (!is_needed(axis)) continue;
      writer_.line("const ptrdiff_t at{} = {};", i, position(i));
      if (!axis.holds(axis.at(0, 0)) || !axis.holds(axis.at(axis.output - 1, axis.kernel - 1))) {
        if (axis.kernel == 1) {
          // Without a loop of its own nothing can be passed over by `continue`.
          writer_.open("if (at{0} >= 0 && at{0} < {1})", i, axis.input);
          ++num_taps_;
        } else {
          writer_.line("if (at{0} < 0 || at{0} >= {1}) continue;", i, axis.input);
        }
      }
    }
  }
  void close_taps() { close(num_taps_); }

  /// Row-major position of the tap in a channel of the input.
  std::string input_index() const {
    std::string index;
    for (std::size_t i = 0; i < 3; ++i) {
      const Window::Axis& axis = window_.axes[i];
      if (!index.empty() && axis.input > 1) index = fmt::format("({}) * {}", index, axis.input);
      if (!is_needed(axis)) continue;
      index += fmt::format("{}at{}", index.empty() ? "" : " + ", i);
    }
    return index.empty() ? "0" : index;
  }

  /// Row-major position of the tap in the window.
  std::string tap_index() const {
    std::string index;
    for (std::size_t i = 0; i < 3; ++i) {
      if (window_.axes[i].kernel == 1) continue;
      if (!index.empty()) index = fmt::format("({}) * {}", index, window_.axes[i].kernel);
      index += fmt::format("{}k{}", index.empty() ? "" : " + ", i);
    }
    return index.empty() ? "0" : index;
  }

 private:
  /// Whether taps lie anywhere but at 0.
  static bool is_needed(const Window::Axis& axis) {
    return axis.output > 1 || axis.kernel > 1 || axis.before != 0;
  }

  std::string position(std::size_t i) const {
    const Window::Axis& axis = window_.axes[i];
    std::string text;
    const auto add = [&](char loop, std::int64_t factor) {
      if (!text.empty()) text += " + ";
      text += fmt::format("{}{}", loop, i);
      if (factor != 1) text += fmt::format(" * {}", factor);
    };
    if (axis.output > 1) add('o', axis.stride);
    if (axis.kernel > 1) add('k', axis.dilation);
    if (axis.before != 0) text += fmt::format("{}- {}", text.empty() ? "" : " ", axis.before);
    return text.empty() ? "0" : text;
  }

  void close(int count) {
    for (int i = 0; i < count; ++i) writer_.close();
  }

  Writer& writer_;
  const Window& window_;
  int num_outputs_ = 0;
  int num_taps_ = 0;
};

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
