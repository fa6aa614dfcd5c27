#pragma once

#include <array>
#include <cstddef>

#include "graph/window.h"
#include "program/program.h"

namespace pare::engine {

/// Up to three axes behind the channels, outermost first as Window has them, in the order in which
/// they are stored.
using AxisOrder = std::array<std::size_t, 3>;

/// A window over storage: its axes in such an order; those that every window covers from end to end
/// are part of the channels, and neighbours along which a window has one element are one axis.
struct StoredWindow {
  graph::Window window;
  std::size_t num_channels;

  /// Runs of neighbouring elements that all windows reach.
  double num_runs() const;
  std::size_t num_inputs() const { return num_channels * window.num_taps(); }
};
StoredWindow stored_window(const graph::Window& window, std::size_t num_channels,
                           const AxisOrder& order);

/// The order in which windows of all convolutions reach the fewest runs; one of a small window,
/// which tables may have the sums of (SpikeTables), counts less.
AxisOrder best_order(const program::Program& program);

}  // namespace pare::engine
