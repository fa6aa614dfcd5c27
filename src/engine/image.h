#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/aligned.h"
#include "engine/view.h"
#include "graph/window.h"

namespace pare::engine {

/// How kernels whose lanes are positions store one sample of shape [channels, spatial …]: a plane
/// of lanes for each group of `interleave` channels, and in it the positions row by row. Positions
/// of a window of a convolution are lanes at a fixed distance from each other, so windows that
/// begin at neighbouring lanes are worked on at once, whatever lies between rows: zeros, where
/// windows reach beyond the borders, shared by the end of a row and the beginning of the next one.
struct ImageLayout {
  using Axes = std::array<std::size_t, 3>;  ///< outermost first; missing ones have size 1

  std::size_t num_channels = 1;
  Axes size = {1, 1, 1};    ///< positions along each axis
  Axes before = {0, 0, 0};  ///< zeros in front that somebody reads
  Axes after = {0, 0, 0};   ///< and behind
  Axes pitch = {1, 1, 1};   ///< lanes from one position to the next
  std::size_t stride = 1;   ///< lanes of a plane
  Element element = Element::kU8;
  std::uint32_t interleave = 1;
  /// Of one channel, whose row is v: a lane holds v[x], v[x + 1], …, v[x + interleave - 1].
  bool is_spread = false;

  bool has_border() const;
  /// Lanes before the first position.
  std::size_t front() const { return along(before); }
  /// Lanes from the first position to the last, both included.
  std::size_t num_lanes() const { return along({size[0] - 1, size[1] - 1, size[2] - 1}) + 1; }
  std::size_t num_planes() const { return (num_channels + interleave - 1) / interleave; }
  std::size_t lane_bytes() const { return interleave * size_of(element); }
  std::size_t num_positions() const { return size[0] * size[1] * size[2]; }
  std::size_t lane_of(std::size_t z, std::size_t y, std::size_t x) const {
    return front() + along({z, y, x});
  }
  /// Bytes of all planes, with room for vectors that begin at the last lane.
  std::size_t bytes() const { return (num_planes() * stride + kLaneStep) * lane_bytes(); }
  /// Of one of several, each of which begins where a buffer could.
  std::size_t copy_bytes() const { return round_up(bytes(), kAlignment); }

 private:
  std::size_t along(const Axes& at) const {
    return at[0] * pitch[0] + at[1] * pitch[1] + at[2] * pitch[2];
  }
};

/// Sets `stride`: room for the border, and for vectors of kLaneStep lanes from the first position.
void set_stride(ImageLayout& layout);

/// Rows that the window of a pooling may reach into.
inline constexpr std::size_t kMostWindowRows = 64;

/// What is done to an image beside convolution.
enum class ImageKind : std::uint8_t {
  kPack,    ///< x: row-major, y: an image, its border too
  kUnpack,  ///< x: an image, y: row-major
  kBorder,  ///< zeros around y, which is x
  kShift,   ///< x: an image, y: copies of it, moved to the front
  kMaxPool  ///< x and y: images with the same lanes; y's border is left to kBorder
};

struct ImageOp {
  ImageKind kind = ImageKind::kBorder;
  ImageLayout x = {};
  ImageLayout y = {};
  Element flat = Element::kU8;  ///< of what is row-major
  graph::Window window = {};    ///< of a pooling; no padding
  /// Lanes by which each copy is moved; what was in front of it is left out.
  std::vector<std::uint16_t> shifts = {};
};

using ImageKernel = void (*)(const ImageOp& op, const std::byte* x, std::byte* y) noexcept;

/// What runs all but a pooling, which instruction sets have kernels for.
void run_image(const ImageOp& op, const std::byte* x, std::byte* y) noexcept;

/// Calls f(first lane of the row, number of the row's first position) for each row of a plane.
template <class F>
void for_each_row(const ImageLayout& layout, F&& f) {
  std::size_t position = 0;
  for (std::size_t z = 0; z < layout.size[0]; ++z) {
    for (std::size_t y = 0; y < layout.size[1]; ++y, position += layout.size[2]) {
      f(layout.lane_of(z, y, 0), position);
    }
  }
}

/// Row-major elements to an image. REQUIRES: they fit its type.
void pack_image(const ImageLayout& layout, Element flat, const std::byte* x, std::byte* y) noexcept;

/// An image to row-major elements. REQUIRES: they fit their type; the image is not spread.
void unpack_image(const ImageLayout& layout, Element flat, const std::byte* x,
                  std::byte* y) noexcept;

/// Copies of an image, copy_bytes() from each other.
void shift_image(const ImageLayout& layout, std::span<const std::uint16_t> shifts,
                 const std::byte* x, std::byte* y) noexcept;

/// Zeros wherever somebody reads beyond the borders.
void clear_border(const ImageLayout& layout, std::byte* image) noexcept;

}  // namespace pare::engine
