#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/image.h"
#include "engine/kernels.h"
#include "engine/window_matrix.h"
#include "graph/window.h"

namespace pare::engine {

/// Where a convolution on an image reads the groups of its windows.
struct WindowReads {
  std::size_t first = 0;  ///< lane of the image, or of its copies, that others count from
  std::vector<std::uint16_t> lanes;  ///< from there to each group of the first window
  /// Not empty: copies of the image are read, moved to the front by so many lanes each
  /// (ImageKind::kShift).
  std::vector<std::uint16_t> shifts = {};
};

/// The image itself. None if a lane is not below 2^16.
std::optional<WindowReads> direct_reads(const WindowMatrix& matrix, const graph::Window& window,
                                        const ImageLayout& x);

/// What reads the same from such copies that each vector begins at a multiple of its size, where
/// that is faster: an image is copied a few times, and each group is read for every output channel
/// that has weights for it. `num_reads`: of vectors of y at one place.
std::optional<WindowReads> aligned_reads(const WindowReads& direct, const ImageLayout& x,
                                         InstructionSet set, std::size_t num_reads);

}  // namespace pare::engine
