// Where the lanes of images lie.

#include <algorithm>
#include <map>

#include "engine/image_choice.h"

namespace pare::engine {
namespace {

/// How many positions a window reaches beyond the end of an axis. REQUIRES: stride 1.
std::size_t reach_after(const graph::Window::Axis& axis) {
  const std::int64_t last = axis.at(axis.output - 1, axis.kernel - 1);
  return static_cast<std::size_t>(std::max<std::int64_t>(0, last - (axis.input - 1)));
}

void set_sizes(const Shape& shape, ImageLayout& layout) {
  layout.num_channels = static_cast<std::size_t>(shape[0]);
  const std::size_t first = 4 - shape.size();
  for (std::size_t i = 1; i < shape.size(); ++i) {
    layout.size[first + i - 1] = static_cast<std::size_t>(shape[i]);
  }
}

/// Makes room for what a convolution reads beyond x.
void widen_border(const ImageConv& conv, ImageLayout& x) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const graph::Window::Axis& along = conv.window.axes[axis];
    x.before[axis] = std::max(x.before[axis], static_cast<std::size_t>(along.before));
    x.after[axis] = std::max(x.after[axis], reach_after(along));
  }
}

/// Lanes of a row, with the zeros that it shares with the next one.
std::size_t room(const ImageLayout& layout, std::size_t axis) {
  return layout.size[axis] + std::max(layout.before[axis], layout.after[axis]);
}

/// Rows that begin at vectors, where that takes few lanes more: most of a window is then read from
/// vectors that do not reach across the ends of lines.
std::size_t aligned_row(std::size_t row) {
  const std::size_t aligned = round_up(row, 16);
  return 8 * aligned <= 9 * row ? aligned : row;
}

/// Lanes of a row of a spread image that a convolution reads: those of the next one hold parts of
/// that one.
std::size_t spread_row(const ImageConv& conv, const ImageLayout& x) {
  const graph::Window::Axis& row = conv.window.axes[2];
  const std::size_t beyond = (static_cast<std::size_t>(row.kernel) - 1) / x.interleave;
  return static_cast<std::size_t>(row.output) + beyond * x.interleave;
}

}  // namespace

bool lay_out_images(const program::Program& program, const Classes& pitches,
                    SectionImages& chosen) {
  for (auto& [id, image] : chosen.images) {
    set_sizes(program.buffers[id].shape, image.layout);
  }
  std::map<std::uint32_t, std::size_t> rows;
  std::map<std::uint32_t, std::size_t> heights;
  for (const auto& [node, conv] : chosen.convs) {
    ImageLayout& x = chosen.image(node->inputs[0]).layout;
    widen_border(conv, x);
    std::size_t& row = rows[pitches.root_of(node->inputs[0].value)];
    if (x.is_spread) row = std::max(row, spread_row(conv, x));
  }
  for (const auto& [id, image] : chosen.images) {
    std::size_t& row = rows[pitches.root_of(id)];
    row = std::max(row, room(image.layout, 2));
    std::size_t& height = heights[pitches.root_of(id)];
    height = std::max(height, room(image.layout, 1));
  }
  for (auto& [root, row] : rows) row = aligned_row(row);
  for (auto& [id, image] : chosen.images) {
    const std::size_t row = rows[pitches.root_of(id)];
    image.layout.pitch = {heights[pitches.root_of(id)] * row, row, 1};
    set_stride(image.layout);
  }
  return std::all_of(chosen.convs.begin(), chosen.convs.end(), [&](const auto& entry) {
    const auto& [node, conv] = entry;
    const ImageLayout& x = chosen.image(node->inputs[0]).layout;
    const auto& op = std::get<program::Conv>(node->op);
    return lanes_of(window_matrix(program, op, conv.window, x.interleave, x.is_spread), x)
        .has_value();
  });
}

}  // namespace pare::engine
