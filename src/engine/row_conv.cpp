#include "engine/row_conv.h"

#include <algorithm>
#include <cstring>

namespace pare::engine {
namespace {

/// What is copied at once.
constexpr std::size_t kPiece = 16;

/// A run; REQUIRES: what is up to kPiece bytes behind both may be read and written over.
void copy_loosely(const std::byte* from, std::size_t bytes, std::byte* to) {
  for (std::size_t done = 0; done < bytes; done += kPiece) {
    std::memcpy(to + done, from + done, kPiece);
  }
}

/// Windows from `number` on; returns how many.
class Windows {
 public:
  explicit Windows(const RowConvCall& call) : call_(call), x_(call.x.at(call.t)) {}

  /// Multiplies what was copied whenever kRows are there.
  void run() {
    for_each_window(call_.conv.reach, [&](std::size_t number, const Reach& planes,
                                          const Reach& lines, const Reach& columns) {
      copy(planes, lines, columns, call_.room + number % kRows * call_.conv.row_bytes);
      if (number % kRows == kRows - 1) multiply(call_.conv.op, number + 1 - kRows);
    });
    const std::size_t all = call_.conv.window.num_outputs();
    if (all % kRows != 0) multiply(call_.conv.rest, all / kRows * kRows);
  }

 private:
  void copy(const Reach& planes, const Reach& lines, const Reach& columns, std::byte* to) const {
    const RowConv& conv = call_.conv;
    const std::size_t bytes = conv.element_bytes;
    if (is_all(planes, 0) && is_all(lines, 1) && is_all(columns, 2)) {
      const auto& [d, h, w] = conv.window.axes;
      const std::size_t at = (planes.at * static_cast<std::size_t>(h.input) + lines.at) *
                                 static_cast<std::size_t>(w.input) +
                             columns.at;
      return copy_whole(x_ + at * conv.num_channels * bytes, to);
    }
    std::memset(to, 0, conv.row_bytes);
    for_each_run(conv.window, conv.num_channels, planes, lines, columns, [&](Run run) {
      std::memcpy(to + run.row * bytes, x_ + run.at * bytes, run.length * bytes);
    });
  }

  /// What is written beyond a run is written over by the next one.
  void copy_whole(const std::byte* from, std::byte* to) const {
    const std::size_t bytes = call_.conv.copy_bytes;
    if (bytes <= 8) {
      for (const RowConv::Copy& copy : call_.conv.copies) {
        std::memcpy(to + copy.to, from + copy.from, 8);
      }
      return;
    }
    for (const RowConv::Copy& copy : call_.conv.copies) {
      copy_loosely(from + copy.from, bytes, to + copy.to);
    }
  }

  bool is_all(const Reach& reach, std::size_t axis) const {
    return reach.count() == static_cast<std::size_t>(call_.conv.window.axes[axis].kernel);
  }

  void multiply(const LinearOp& op, std::size_t first) const {
    const std::size_t outputs = op.dense->num_outputs;
    const View x{.data = call_.room,
                 .size = op.dense->num_inputs,
                 .element = call_.x.element,
                 .interleave = static_cast<std::uint32_t>(op.dense->interleave)};
    View y = call_.y;
    y.data = call_.y.at(call_.t) + first * outputs * size_of(y.element);
    y.step_bytes = 0;
    call_.conv.kernel({op, x, y, 0, {}});
  }

  const RowConvCall& call_;
  const std::byte* x_;
};

}  // namespace

void set_copies(RowConv& conv) {
  const auto& axes = conv.window.axes;
  const auto all = [&](std::size_t axis) {
    return Reach{.first = 0, .last = static_cast<std::size_t>(axes[axis].kernel), .at = 0};
  };
  conv.copies.clear();
  const std::size_t bytes = conv.element_bytes;
  for_each_run(conv.window, conv.num_channels, all(0), all(1), all(2), [&](Run run) {
    conv.copies.push_back(
        {static_cast<std::uint32_t>(run.at * bytes), static_cast<std::uint32_t>(run.row * bytes)});
    conv.copy_bytes = run.length * bytes;
  });
}

std::size_t room_size(const RowConv& conv) {
  return round_up(kRows * conv.row_bytes + 2 * kPiece, kAlignment);
}

void run_rows(const RowConvCall& call) noexcept { Windows(call).run(); }

void run_grid(const GridOp& op, const View& x, const View& y, std::int64_t t) noexcept {
  with_type(x.element, [&](auto from_type) {
    with_type(y.element, [&](auto to_type) {
      const auto* from = reinterpret_cast<const decltype(from_type)*>(x.at(t));
      auto* to = reinterpret_cast<decltype(to_type)*>(y.at(t));
      op.grid.for_each([&](std::size_t flat, std::size_t at) {
        const std::size_t i = op.is_stored ? flat : at;
        const std::size_t j = op.is_stored ? at : flat;
        to[j] = static_cast<decltype(to_type)>(from[i]);
      });
    });
  });
}

}  // namespace pare::engine
