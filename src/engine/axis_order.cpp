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

/// Whether every element along it is a window.
bool is_pointwise(const Window::Axis& axis) {
  return axis.kernel == 1 && axis.stride == 1 && axis.before == 0 && axis.output == axis.input;
}

/// A convolution as far as its order matters.
struct Reader {
  Window window;
  std::size_t num_channels;
};

/// What runs cost, from measurements with AVX-512: those of rows that are added some 60 cycles each
/// beyond the rows, one that is looked up in tables some 6.
double cost_of_runs(const Reader& reader, const AxisOrder& order) {
  constexpr std::size_t kSmall = 64;
  const StoredWindow stored = stored_window(reader.window, reader.num_channels, order);
  return stored.num_runs() * (stored.num_inputs() <= kSmall ? 0.1 : 1.0);
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
  for (std::size_t i = 0; i < 2 && is_pointwise(axes[1]) && is_pointwise(axes[2]); ++i) {
    axes[1].input *= axes[2].input;
    axes[1].output = axes[1].input;
    axes = {Window::Axis{}, axes[0], axes[1]};
  }
  return made;
}

AxisOrder best_order(const program::Program& program) {
  std::vector<Reader> readers;
  for (const program::Section& section : program.sections) {
    for (const program::Node& node : section.nodes) {
      const auto* conv = std::get_if<program::Conv>(&node.op);
      if (conv == nullptr) continue;
      readers.push_back({window_of(program, node, *conv),
                         static_cast<std::size_t>(program.constant(conv->weight).shape[1])});
    }
  }
  AxisOrder order = {0, 1, 2};
  AxisOrder best = order;
  std::optional<double> least;
  do {
    double cost = 0;
    for (const Reader& reader : readers) cost += cost_of_runs(reader, order);
    if (least && cost >= *least) continue;
    least = cost;
    best = order;
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

}  // namespace pare::engine
