#include "engine/image.h"

#include <algorithm>
#include <cstring>

#include "engine/aligned.h"

namespace pare::engine {
namespace {

/// Element x of a row, or zero beside it.
template <class T>
T element_of(const T* row, std::size_t size, std::size_t x) {
  return x < size ? row[x] : T{0};  // a negative x has become a large one
}

template <class From, class T>
void pack_planes(const ImageLayout& layout, const From* x, T* y) {
  const std::size_t positions = layout.num_positions();
  for (std::size_t c = 0; c < layout.num_channels; ++c) {
    const std::size_t k = layout.interleave;
    T* plane = y + c / k * layout.stride * k + c % k;
    for_each_row(layout, [&](std::size_t lane, std::size_t position) {
      const From* from = x + c * positions + position;
      for (std::size_t i = 0; i < layout.size[2]; ++i) {
        plane[(lane + i) * k] = static_cast<T>(from[i]);
      }
    });
  }
}

/// All lanes of a row, those between it and the next one too: they hold a part of it.
template <class From, class T>
void pack_spread(const ImageLayout& layout, const From* x, T* y) {
  const std::size_t k = layout.interleave;
  const std::size_t before = layout.before[2];
  for_each_row(layout, [&](std::size_t lane, std::size_t position) {
    const From* row = x + position;
    T* to = y + (lane - before) * k;
    for (std::size_t i = 0; i < layout.pitch[1]; ++i) {
      for (std::size_t j = 0; j < k; ++j) {
        to[i * k + j] = static_cast<T>(element_of(row, layout.size[2], i + j - before));
      }
    }
  });
}

template <class T, class To>
void unpack_planes(const ImageLayout& layout, const T* x, To* y) {
  const std::size_t positions = layout.num_positions();
  const std::size_t k = layout.interleave;
  for (std::size_t c = 0; c < layout.num_channels; ++c) {
    const T* plane = x + c / k * layout.stride * k + c % k;
    for_each_row(layout, [&](std::size_t lane, std::size_t position) {
      To* to = y + c * positions + position;
      for (std::size_t i = 0; i < layout.size[2]; ++i) {
        to[i] = static_cast<To>(plane[(lane + i) * k]);
      }
    });
  }
}

/// Zeros from there to there by two stores, which may overlap.
template <class T>
void clear_ends(std::byte* from, std::size_t bytes) {
  constexpr T kZero = 0;
  std::memcpy(from, &kZero, sizeof(T));
  std::memcpy(from + bytes - sizeof(T), &kZero, sizeof(T));
}

/// What is between two rows is mostly too little to call memset for it.
void clear(std::byte* from, std::size_t bytes) {
  if (bytes > 16) {
    std::memset(from, 0, bytes);
  } else if (bytes >= 8) {
    clear_ends<std::uint64_t>(from, bytes);
  } else if (bytes >= 4) {
    clear_ends<std::uint32_t>(from, bytes);
  } else if (bytes >= 2) {
    clear_ends<std::uint16_t>(from, bytes);
  } else if (bytes == 1) {
    *from = std::byte{0};
  }
}

}  // namespace

bool ImageLayout::has_border() const {
  const auto is_zero = [](const Axes& axes) { return axes == Axes{0, 0, 0}; };
  return !is_zero(before) || !is_zero(after);
}

void set_stride(ImageLayout& layout) {
  const std::size_t tail = layout.after[0] * layout.pitch[0] + layout.after[1] * layout.pitch[1] +
                           layout.after[2] * layout.pitch[2];
  const std::size_t lanes =
      std::max(layout.num_lanes() + tail, round_up(layout.num_lanes(), kLaneStep));
  layout.stride = round_up(layout.front() + lanes, 16);
}

void pack_image(const ImageLayout& layout, Element flat, const std::byte* x,
                std::byte* y) noexcept {
  // Channels that there are not, and zeros around.
  if (layout.has_border() || layout.num_channels % layout.interleave != 0) {
    std::memset(y, 0, layout.num_planes() * layout.stride * layout.lane_bytes());
  }
  with_type(flat, [&](auto from) {
    with_type(layout.element, [&](auto to) {
      const auto* values = reinterpret_cast<const decltype(from)*>(x);
      auto* image = reinterpret_cast<decltype(to)*>(y);
      layout.is_spread ? pack_spread(layout, values, image) : pack_planes(layout, values, image);
    });
  });
}

void unpack_image(const ImageLayout& layout, Element flat, const std::byte* x,
                  std::byte* y) noexcept {
  with_type(layout.element, [&](auto from) {
    with_type(flat, [&](auto to) {
      unpack_planes(layout, reinterpret_cast<const decltype(from)*>(x),
                    reinterpret_cast<decltype(to)*>(y));
    });
  });
}

void run_image(const ImageOp& op, const std::byte* x, std::byte* y) noexcept {
  switch (op.kind) {
    case ImageKind::kPack:
      return pack_image(op.y, op.flat, x, y);
    case ImageKind::kUnpack:
      return unpack_image(op.x, op.flat, x, y);
    case ImageKind::kBorder:
      return clear_border(op.y, y);
    case ImageKind::kShift:
      return shift_image(op.x, op.shifts, x, y);
    case ImageKind::kMaxPool:
      break;
  }
}

void shift_image(const ImageLayout& layout, std::span<const std::uint16_t> shifts,
                 const std::byte* x, std::byte* y) noexcept {
  for (const std::size_t shift : shifts) {
    const std::size_t skipped = shift * layout.lane_bytes();
    std::memcpy(y, x + skipped, layout.bytes() - skipped);
    y += layout.copy_bytes();
  }
}

void clear_border(const ImageLayout& layout, std::byte* image) noexcept {
  const std::size_t bytes = layout.lane_bytes();
  for (std::size_t plane = 0; plane < layout.num_planes(); ++plane) {
    std::byte* begin = image + plane * layout.stride * bytes;
    std::byte* from = begin;
    for_each_row(layout, [&](std::size_t lane, std::size_t) {
      std::byte* row = begin + lane * bytes;
      clear(from, static_cast<std::size_t>(row - from));
      from = row + layout.size[2] * bytes;
    });
    clear(from, static_cast<std::size_t>(begin + layout.stride * bytes - from));
  }
}

}  // namespace pare::engine
