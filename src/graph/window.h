#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/tensor.h"
#include "graph/ops.h"

namespace pare::graph {

/// Sizes, strides, paddings and dilations above this are refused.
inline constexpr std::int64_t kMaxWindow = std::int64_t{1} << 16;

/// A window that slides over spatial axes, brought to three of them: [L] is [1, 1, L].
struct Window {
  struct Axis {
    std::int64_t input = 1;     ///< size of the input
    std::int64_t kernel = 1;    ///< size of the window
    std::int64_t stride = 1;    ///< from one window to the next
    std::int64_t before = 0;    ///< padding in front
    std::int64_t dilation = 1;  ///< from one element of the window to the next
    std::int64_t output = 1;    ///< number of windows

    /// Where element k of window o lies in the input; outside of it where that is padding.
    std::int64_t at(std::int64_t o, std::int64_t k) const {
      return o * stride - before + k * dilation;
    }
    bool holds(std::int64_t i) const { return i >= 0 && i < input; }

    friend bool operator==(const Axis&, const Axis&) = default;
  };
  std::array<Axis, 3> axes;  ///< outermost first

  std::size_t num_inputs() const;   ///< of a channel
  std::size_t num_outputs() const;  ///< of a channel
  std::size_t num_taps() const;     ///< elements of the window, padding included

  /// Whether an element of some window is padding.
  bool has_padding() const;
  /// Whether every window has an element that is no padding.
  bool is_covered() const;

  /// Calls f(input, tap) for the elements of window `output` that are no padding, in the order of
  /// the taps: row-major positions in a channel of the input and in the window.
  template <class F>
  void for_each_tap(std::size_t output, F&& f) const {
    const auto& [d, h, w] = axes;
    const auto o = static_cast<std::int64_t>(output);
    const std::int64_t x = o % w.output;
    const std::int64_t y = o / w.output % h.output;
    const std::int64_t z = o / w.output / h.output;
    for (std::int64_t k = 0; k < d.kernel; ++k) {
      const std::int64_t plane = d.at(z, k);
      if (!d.holds(plane)) continue;
      for (std::int64_t i = 0; i < h.kernel; ++i) {
        const std::int64_t row = h.at(y, i);
        if (!h.holds(row)) continue;
        for (std::int64_t j = 0; j < w.kernel; ++j) {
          const std::int64_t column = w.at(x, j);
          if (!w.holds(column)) continue;
          f(static_cast<std::size_t>((plane * h.input + row) * w.input + column),
            static_cast<std::size_t>((k * h.kernel + i) * w.kernel + j));
        }
      }
    }
  }

  friend bool operator==(const Window&, const Window&) = default;
};

/// What of a convolution or pooling says how its window slides.
struct Sliding {
  std::span<const std::int64_t> kernel;
  std::span<const std::int64_t> stride;
  std::span<const std::int64_t> padding;
  std::span<const std::int64_t> dilation;
};

/// The window over an input of shape [C, spatial …]. Throws InputError ("WHO: …") if the input has
/// not one to three spatial axes, a list has another length, a number is out of range, or no window
/// fits into the padded input.
Window make_window(const Shape& input, const Sliding& sliding, const std::string& who);

/// That of a pooling; where it is global one window is the whole input.
Window make_window(const Shape& input, const PoolWindow& pool, const std::string& who);

/// That of a convolution with a weight of shape [M, C / groups, kernel …].
Window make_window(const Shape& input, const Conv& conv, const Shape& weight,
                   const std::string& who);

/// [channels, spatial …] of what the window makes of an input of shape [C, spatial …].
Shape output_shape(const Window& window, std::int64_t channels, const Shape& input);

}  // namespace pare::graph
