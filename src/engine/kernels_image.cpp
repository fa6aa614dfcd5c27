// Max-pooling of images, and bytes on their way to them and back. A lane is what a group of
// channels has at a position; windows of two lanes two apart, the usual ones, are taken from the
// rows as vectors. Highway compiles this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_image.cpp"
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/image.h"
#include "engine/kernel_parts.inc"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

/// The rows of a window: bytes from where it begins.
struct Rows {
  std::size_t count = 0;
  std::array<std::size_t, kMostWindowRows> offset;
};

/// A row of y from windows of two lanes, two apart. Lane: an integer of the size of a lane; Wide:
/// of two lanes. kRows: of a window; 0: some number.
template <class T, class Lane, class Wide, std::size_t kRows>
HWY_INLINE void pool_twos(const Rows& rows, std::size_t count, const std::byte* x, std::byte* y) {
  const std::size_t num_rows = kRows != 0 ? kRows : rows.count;
  const hn::ScalableTag<Wide> windows;
  const hn::Repartition<T, decltype(windows)> elements;
  const hn::Rebind<Lane, decltype(windows)> lanes;
  const std::size_t n = hn::Lanes(windows);
  for (std::size_t i = 0; i < count; i += n) {
    const auto load = [&](std::size_t r) PARE_KERNEL_ATTR {
      const auto* row = reinterpret_cast<const Wide*>(x + rows.offset[r]);
      return hn::BitCast(elements, hn::LoadU(windows, row + i));
    };
    auto largest = load(0);
    for (std::size_t r = 1; r < num_rows; ++r) largest = hn::Max(largest, load(r));
    const auto second = hn::ShiftRight<8 * sizeof(Lane)>(hn::BitCast(windows, largest));
    largest = hn::Max(largest, hn::BitCast(elements, second));
    hn::StoreU(hn::TruncateTo(lanes, hn::BitCast(windows, largest)), lanes,
               reinterpret_cast<Lane*>(y) + i);
  }
}

/// Any row of windows.
template <class T>
void pool_any(const Rows& rows, const graph::Window::Axis& axis, std::size_t interleave,
              const std::byte* x, std::byte* y) {
  const auto stride = static_cast<std::size_t>(axis.stride);
  const auto dilation = static_cast<std::size_t>(axis.dilation);
  T* to = reinterpret_cast<T*>(y);
  for (std::size_t i = 0; i < static_cast<std::size_t>(axis.output); ++i, to += interleave) {
    std::fill_n(to, interleave, std::numeric_limits<T>::min());
    for (std::size_t r = 0; r < rows.count; ++r) {
      const T* row = reinterpret_cast<const T*>(x + rows.offset[r]) + i * stride * interleave;
      for (std::size_t k = 0; k < static_cast<std::size_t>(axis.kernel); ++k) {
        const T* from = row + k * dilation * interleave;
        for (std::size_t j = 0; j < interleave; ++j) to[j] = std::max(to[j], from[j]);
      }
    }
  }
}

template <class T, std::size_t kRows>
HWY_INLINE void pool_row(const ImageOp& op, const Rows& rows, const std::byte* x, std::byte* y) {
  const graph::Window::Axis& axis = op.window.axes[2];
  if (axis.kernel == 2 && axis.stride == 2 && axis.dilation == 1) {
    const auto count = static_cast<std::size_t>(axis.output);
    if (op.x.lane_bytes() == 4)
      return pool_twos<T, std::uint32_t, std::uint64_t, kRows>(rows, count, x, y);
    if constexpr (sizeof(T) <= 2) {
      if (op.x.lane_bytes() == 2)
        return pool_twos<T, std::uint16_t, std::uint32_t, kRows>(rows, count, x, y);
    }
  }
  pool_any<T>(rows, axis, op.x.interleave, x, y);
}

Rows rows_of(const ImageOp& op) {
  const graph::Window::Axis& depth = op.window.axes[0];
  const graph::Window::Axis& height = op.window.axes[1];
  Rows rows;
  for (std::int64_t k = 0; k < depth.kernel; ++k) {
    for (std::int64_t i = 0; i < height.kernel; ++i) {
      const auto lane = static_cast<std::size_t>(k * depth.dilation) * op.x.pitch[0] +
                        static_cast<std::size_t>(i * height.dilation) * op.x.pitch[1];
      rows.offset[rows.count++] = lane * op.x.lane_bytes();
    }
  }
  return rows;
}

template <class T, std::size_t kRows>
void pool_planes(const ImageOp& op, const Rows& rows, const std::byte* x, std::byte* y) {
  const std::size_t bytes = op.x.lane_bytes();
  const auto stride = [&](std::size_t axis) {
    return static_cast<std::size_t>(op.window.axes[axis].stride) * op.x.pitch[axis] * bytes;
  };
  // Vectors write beyond a row: what comes later is written later.
  for (std::size_t p = 0; p < op.y.num_planes(); ++p) {
    const std::byte* from = x + (p * op.x.stride + op.x.front()) * bytes;
    std::byte* to = y + (p * op.y.stride + op.y.front()) * bytes;
    for (std::size_t z = 0; z < op.y.size[0]; ++z) {
      for (std::size_t row = 0; row < op.y.size[1]; ++row) {
        pool_row<T, kRows>(op, rows, from + z * stride(0) + row * stride(1),
                           to + (z * op.y.pitch[0] + row * op.y.pitch[1]) * bytes);
      }
    }
  }
}

template <class T>
void pool(const ImageOp& op, const std::byte* x, std::byte* y) {
  const Rows rows = rows_of(op);
  if (rows.count == 2) return pool_planes<T, 2>(op, rows, x, y);
  pool_planes<T, 0>(op, rows, x, y);
}

void pool_image(const ImageOp& op, const std::byte* x, std::byte* y) {
  switch (op.x.element) {
    case Element::kU8:
      return pool<std::uint8_t>(op, x, y);
    case Element::kI8:
      return pool<std::int8_t>(op, x, y);
    case Element::kI16:
      return pool<std::int16_t>(op, x, y);
    case Element::kI32:
    case Element::kI64:
      return pool<std::int32_t>(op, x, y);
  }
}

// ------------------------------------------------------------------------------ there and back

using FourLanes = hn::FixedTag<std::uint8_t, 16>;

bool has_bytes(const ImageLayout& image, Element flat) {
  return image.interleave == 4 && size_of(image.element) == 1 && size_of(flat) == 1;
}

/// Calls f(i) with the first of each four of `count` lanes; the last four may overlap with others.
template <class F>
HWY_INLINE void for_each_four(std::size_t count, const F& f) {
  for (std::size_t i = 0; i + 4 < count; i += 4) f(i);
  f(count - 4);
}

/// A row of bytes, each with the three behind it. REQUIRES: seven at least, and as many as a vector
/// has may be read from each.
void spread_row(const ImageLayout& y, const std::uint8_t* row, std::uint8_t* to) {
  alignas(16) static constexpr std::uint8_t kSpread[16] = {0, 1, 2, 3, 1, 2, 3, 4,
                                                           2, 3, 4, 5, 3, 4, 5, 6};
  const FourLanes d;
  const std::size_t size = y.size[2];
  const std::size_t before = y.before[2];
  const auto order = hn::Load(d, kSpread);
  for_each_four(size - 3, [&](std::size_t i) PARE_KERNEL_ATTR {
    hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, row + i), order), d, to + 4 * (before + i));
  });
  // What reaches beyond the row is zero. The first bytes are the lowest of an integer.
  std::uint32_t first = 0;
  std::memcpy(&first, row, 4);
  for (std::size_t i = before; i > 0; --i) {
    first <<= 8;
    std::memcpy(to + 4 * (i - 1), &first, 4);
  }
  std::uint32_t last = 0;
  std::memcpy(&last, row + size - 4, 4);
  for (std::size_t i = size - 3; i < size; ++i) {
    last >>= 8;
    std::memcpy(to + 4 * (before + i), &last, 4);
  }
}

void spread_bytes(const ImageLayout& y, const std::byte* from, std::byte* to) {
  const auto* x = reinterpret_cast<const std::uint8_t*>(from);
  std::memset(to, 0, y.stride * y.lane_bytes());
  for_each_row(y, [&](std::size_t lane, std::size_t position) PARE_KERNEL_ATTR {
    spread_row(y, x + position, reinterpret_cast<std::uint8_t*>(to) + 4 * (lane - y.before[2]));
  });
}

/// REQUIRES: rows of four lanes at least, and groups of four channels.
void unpack_bytes(const ImageLayout& x, const std::byte* from, std::byte* to) {
  alignas(16) static constexpr std::uint8_t kByChannel[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                              2, 6, 10, 14, 3, 7, 11, 15};
  const FourLanes d;
  const auto order = hn::Load(d, kByChannel);
  const std::size_t apart = x.num_positions();
  for (std::size_t plane = 0; plane < x.num_planes(); ++plane) {
    const auto* lanes = reinterpret_cast<const std::uint8_t*>(from) + 4 * plane * x.stride;
    auto* channels = reinterpret_cast<std::uint8_t*>(to) + 4 * plane * apart;
    for_each_row(x, [&](std::size_t lane, std::size_t position) PARE_KERNEL_ATTR {
      for_each_four(x.size[2], [&](std::size_t i) PARE_KERNEL_ATTR {
        alignas(16) std::uint8_t four[16];
        hn::Store(hn::TableLookupBytes(hn::LoadU(d, lanes + 4 * (lane + i)), order), d, four);
        for (std::size_t k = 0; k < 4; ++k) {
          std::memcpy(channels + k * apart + position + i, four + 4 * k, 4);
        }
      });
    });
  }
}

void run(const ImageOp& op, const std::byte* x, std::byte* y) noexcept {
  const bool is_pack = op.kind == ImageKind::kPack && has_bytes(op.y, op.flat);
  const bool is_unpack = op.kind == ImageKind::kUnpack && has_bytes(op.x, op.flat);
  if (op.kind == ImageKind::kMaxPool) {
    pool_image(op, x, y);
  } else if (is_pack && op.y.is_spread && op.y.size[2] >= 7 && op.y.before[2] < 4) {
    spread_bytes(op.y, x, y);
  } else if (is_unpack && op.x.size[2] >= 4 && op.x.num_channels % 4 == 0) {
    unpack_bytes(op.x, x, y);
  } else {
    run_image(op, x, y);
  }
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
ImageKernel image_kernel() { return run; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
