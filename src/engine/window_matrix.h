#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/image.h"
#include "engine/linear.h"
#include "program/program.h"

namespace pare::engine {

/// The weights of a convolution as a matrix: a row an output channel, and in it groups of
/// `interleave` inputs that stand in one lane of an image.
struct WindowMatrix {
  /// Which lane: of a plane, so many positions along each axis from where the window begins.
  struct Group {
    std::array<std::size_t, 3> offset;
    std::size_t plane;
  };

  std::vector<std::int64_t> weight;  ///< [num_outputs, groups, interleave]
  std::size_t num_outputs = 0;
  std::vector<Group> groups;
  std::size_t interleave = 4;

  Matrix matrix(program::Interval x) const;
};

/// `is_spread`: of ImageLayout.
WindowMatrix window_matrix(const program::Program& program, const program::Conv& conv,
                           const graph::Window& window, std::size_t interleave, bool is_spread);

/// Lanes from the first one of a window to each group's. None if one is not below 2^16.
std::optional<std::vector<std::uint16_t>> lanes_of(const WindowMatrix& matrix,
                                                   const ImageLayout& layout);

/// A linear op's weights [num_outputs, channels positions] for kernels that read all bytes of an
/// image's planes in place of its elements, row-major: [num_outputs, planes stride interleave],
/// zero for what is no element. REQUIRES: the image is not spread.
std::vector<std::int64_t> weights_on_image(std::span<const std::int64_t> weight,
                                           const ImageLayout& image);

}  // namespace pare::engine
