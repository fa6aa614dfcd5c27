#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "graph/window.h"

namespace pare::engine {

/// What a window reaches along an axis.
struct Reach {
  std::size_t first = 0;  ///< element of the window that lies within the input
  std::size_t last = 0;   ///< behind the last one
  std::size_t at = 0;     ///< of the input, where `first` is

  std::size_t count() const { return last - first; }
};

/// Those of all windows along an axis.
std::vector<Reach> reaches(const graph::Window::Axis& axis);

/// Neighbouring elements that a window reaches: numbers in the input, channels and all, and in the
/// row of weights.
struct Run {
  std::size_t at;
  std::size_t length;
  std::size_t row;
};

/// Calls f(run) for what a window reaches whose axes are in the order of storage.
template <class F>
void for_each_run(const graph::Window& window, std::size_t num_channels, const Reach& planes,
                  const Reach& lines, const Reach& columns, F&& f) {
  const auto& [d, h, w] = window.axes;
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  for (std::size_t k = 0; k < planes.count(); ++k) {
    const std::size_t plane = planes.at + k * size(d.dilation);
    for (std::size_t i = 0; i < lines.count(); ++i) {
      const std::size_t line = lines.at + i * size(h.dilation);
      const std::size_t at = (plane * size(h.input) + line) * size(w.input) + columns.at;
      const std::size_t tap =
          ((planes.first + k) * size(h.kernel) + lines.first + i) * size(w.kernel) + columns.first;
      if (w.dilation == 1) {
        f(Run{at * num_channels, columns.count() * num_channels, tap * num_channels});
        continue;
      }
      for (std::size_t j = 0; j < columns.count(); ++j) {
        f(Run{(at + j * size(w.dilation)) * num_channels, num_channels, (tap + j) * num_channels});
      }
    }
  }
}

/// Calls f(number, planes, lines, columns) for all windows.
template <class F>
void for_each_window(const std::array<std::vector<Reach>, 3>& reach, F&& f) {
  std::size_t number = 0;
  for (const Reach& planes : reach[0]) {
    for (const Reach& lines : reach[1]) {
      for (const Reach& columns : reach[2]) f(number++, planes, lines, columns);
    }
  }
}

}  // namespace pare::engine
