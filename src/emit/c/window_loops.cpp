#include "emit/c/window_loops.h"

#include <fmt/format.h>

namespace pare::emit::c {
namespace {

using graph::Window;

/// Whether taps lie anywhere but at 0.
bool is_needed(const Window::Axis& axis) {
  return axis.output > 1 || axis.kernel > 1 || axis.before != 0;
}

/// Row-major position of loops `name`0, `name`1, `name`2 that run over sizes; axes of one have
/// none.
std::string row_major(char name, const std::array<std::int64_t, 3>& sizes) {
  std::string index;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 1) continue;
    if (!index.empty()) index = fmt::format("({}) * {} + ", index, sizes[i]);
    index += fmt::format("{}{}", name, i);
  }
  return index.empty() ? "0" : index;
}

}  // namespace

void WindowLoops::open_outputs() {
  for (std::size_t i = 0; i < window_.axes.size(); ++i) {
    if (window_.axes[i].output == 1) continue;
    writer_.open("for (ptrdiff_t o{0} = 0; o{0} < {1}; ++o{0})", i, window_.axes[i].output);
    ++num_outputs_;
  }
}

void WindowLoops::open_taps() {
  for (std::size_t i = 0; i < window_.axes.size(); ++i) {
    const Window::Axis& axis = window_.axes[i];
    if (axis.kernel > 1) {
      writer_.open("for (ptrdiff_t k{0} = 0; k{0} < {1}; ++k{0})", i, axis.kernel);
      ++num_taps_;
    }
    if (!is_needed(axis)) continue;
    writer_.line("const ptrdiff_t at{} = {};", i, position(i));
    if (axis.holds(axis.at(0, 0)) && axis.holds(axis.at(axis.output - 1, axis.kernel - 1))) {
      continue;
    }
    if (axis.kernel == 1) {
      // Without a loop of its own nothing can be passed over by `continue`.
      writer_.open("if (at{0} >= 0 && at{0} < {1})", i, axis.input);
      ++num_taps_;
    } else {
      writer_.line("if (at{0} < 0 || at{0} >= {1}) continue;", i, axis.input);
    }
  }
}

std::string WindowLoops::input_index() const {
  std::string index;
  for (std::size_t i = 0; i < window_.axes.size(); ++i) {
    const Window::Axis& axis = window_.axes[i];
    if (!index.empty() && axis.input > 1) index = fmt::format("({}) * {}", index, axis.input);
    if (!is_needed(axis)) continue;
    index += fmt::format("{}at{}", index.empty() ? "" : " + ", i);
  }
  return index.empty() ? "0" : index;
}

std::string WindowLoops::tap_index() const {
  const auto& [d, h, w] = window_.axes;
  return row_major('k', {d.kernel, h.kernel, w.kernel});
}

std::string WindowLoops::output_index() const {
  const auto& [d, h, w] = window_.axes;
  return row_major('o', {d.output, h.output, w.output});
}

std::string WindowLoops::position(std::size_t i) const {
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

void WindowLoops::close(int count) {
  for (int i = 0; i < count; ++i) writer_.close();
}

}  // namespace pare::emit::c
