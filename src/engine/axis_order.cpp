#include "engine/axis_order.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "program/windows.h"

namespace pare::engine {
namespace {

using graph::Window;

bool covers(const Window::Axis& axis) {
  return axis.kernel == axis.input && axis.before == 0 && axis.output == 1 && axis.dilation == 1;
}

}  // namespace

double StoredWindow::num_runs() const {
  const auto& [outer, middle, inner] = window.axes;
  const auto of_window =
      static_cast<double>(outer.kernel * middle.kernel * (inner.dilation == 1 ? 1 : inner.kernel));
  return static_cast<double>(window.num_outputs()) * of_window;
}

StoredWindow stored_window(const Window& window, std::size_t num_channels, const AxisOrder& order) {
  StoredWindow made{.window = {}, .num_channels = num_channels};
  auto& axes = made.window.axes;
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = window.axes[order[i]];
  for (std::size_t i = 0; i < axes.size() && covers(axes[2]); ++i) {
    made.num_channels *= static_cast<std::size_t>(axes[2].input);
    axes = {Window::Axis{}, axes[0], axes[1]};
  }
  return made;
}

AxisOrder best_order(const program::Program& program) {
  std::vector<Window> windows;
  for (const program::Section& section : program.sections) {
    for (const program::Node& node : section.nodes) {
      const auto* conv = std::get_if<program::Conv>(&node.op);
      if (conv != nullptr) windows.push_back(window_of(program, node, *conv));
    }
  }
  AxisOrder order = {0, 1, 2};
  AxisOrder best = order;
  std::optional<double> fewest;
  do {
    double runs = 0;
    for (const Window& window : windows) runs += stored_window(window, 1, order).num_runs();
    if (fewest && runs >= *fewest) continue;
    fewest = runs;
    best = order;
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

}  // namespace pare::engine
