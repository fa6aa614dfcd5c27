#pragma once

#include <array>
#include <cstddef>

#include "base/tensor.h"
#include "engine/axis_order.h"

namespace pare::engine {

/// The axes of a buffer, outermost first as Window has them, and how they are stored: position by
/// position, and at each position channel by channel.
struct Grid {
  std::size_t num_channels = 1;
  std::array<std::size_t, 3> size = {1, 1, 1};  ///< along the axes of the buffer
  AxisOrder order = {0, 1, 2};                  ///< the axes as they are stored, outermost first

  std::size_t num_positions() const { return size[0] * size[1] * size[2]; }
  std::size_t num_elements() const { return num_channels * num_positions(); }
  /// From an element of the buffer, row-major, to the same in storage. REQUIRES: called in order.
  template <class F>
  void for_each(F&& f) const {
    std::array<std::size_t, 3> stride = {};  // of an axis of the buffer, in positions in storage
    std::size_t positions = 1;
    for (std::size_t i = 3; i-- > 0;) {
      stride[order[i]] = positions;
      positions *= size[order[i]];
    }
    std::size_t flat = 0;
    for (std::size_t c = 0; c < num_channels; ++c) {
      for (std::size_t z = 0; z < size[0]; ++z) {
        for (std::size_t y = 0; y < size[1]; ++y) {
          std::size_t at = (z * stride[0] + y * stride[1]) * num_channels + c;
          for (std::size_t x = 0; x < size[2]; ++x, at += stride[2] * num_channels) f(flat++, at);
        }
      }
    }
  }
};

/// That of a buffer of shape [C, up to three axes].
Grid grid_of(const Shape& shape, const AxisOrder& order);

}  // namespace pare::engine
