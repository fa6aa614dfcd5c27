#pragma once

#include <array>
#include <string>

#include "emit/c/writer.h"
#include "graph/window.h"

namespace pare::emit::c {

/// Loops over the windows of a convolution or pooling, and within them over the taps whose elements
/// are no padding. Axes of one output and one tap have no loop.
class WindowLoops {
 public:
  WindowLoops(Writer& writer, const graph::Window& window) : writer_(writer), window_(window) {}

  /// Loops o0, o1, o2 over the windows.
  void open_outputs();
  void close_outputs() { close(num_outputs_); }

  /// Loops k0, k1, k2 over the taps that lie within the input.
  void open_taps();
  void close_taps() { close(num_taps_); }

  /// Row-major position of the tap in a channel of the input.
  std::string input_index() const;
  /// Row-major position of the tap in the window.
  std::string tap_index() const;
  /// Row-major position of the window in a channel of the output.
  std::string output_index() const;

 private:
  std::string position(std::size_t axis) const;
  void close(int count);

  Writer& writer_;
  const graph::Window& window_;
  int num_outputs_ = 0;
  int num_taps_ = 0;
};

}  // namespace pare::emit::c
