#include "nn/patch_matrix.h"

#include <algorithm>

namespace pare::nn {
namespace {

/// Along one axis, at one place of the kernel: outputs first … last - 1 read elements of x.
struct Reach {
  std::int64_t first;
  std::int64_t last;
  std::int64_t from;  ///< in x, of the output at `first`
};

Reach reach_of(const PatchAxis& axis, std::int64_t tap) {
  const std::int64_t shift = tap * axis.dilation - axis.padding;
  const std::int64_t first = shift >= 0 ? 0 : (-shift + axis.stride - 1) / axis.stride;
  const std::int64_t room = axis.in - 1 - shift;
  const std::int64_t last = room < 0 ? 0 : std::min(axis.out, room / axis.stride + 1);
  return {first, std::max(first, last), first * axis.stride + shift};
}

/// How far apart neighbours lie along each axis, in x and in a row of the matrix.
struct Strides {
  std::array<std::int64_t, 3> in;
  std::array<std::int64_t, 3> out;
};

Strides strides_of(const std::array<PatchAxis, 3>& axes) {
  return {{axes[1].in * axes[2].in, axes[2].in, 1}, {axes[1].out * axes[2].out, axes[2].out, 1}};
}

/// The axes from the one with the fewest outputs to that with the most, which the innermost loop
/// runs along: a scene's patch has few pixels and many bands.
std::array<std::size_t, 3> order_of(const std::array<PatchAxis, 3>& axes) {
  std::array<std::size_t, 3> order = {0, 1, 2};
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return axes[a].out < axes[b].out; });
  return order;
}

/// Calls f(place in x, place in the row, elements, stride in x, stride in the row) for runs of the
/// innermost axis.
template <class F>
void for_runs(const PatchShape& shape, const std::array<std::int64_t, 3>& taps, F f) {
  const Strides strides = strides_of(shape.axes);
  const auto [i, j, k] = order_of(shape.axes);
  const Reach a = reach_of(shape.axes[i], taps[i]);
  const Reach b = reach_of(shape.axes[j], taps[j]);
  const Reach c = reach_of(shape.axes[k], taps[k]);
  const std::int64_t step = shape.axes[k].stride * strides.in[k];
  for (std::int64_t p = a.first; p < a.last; ++p) {
    for (std::int64_t q = b.first; q < b.last; ++q) {
      const std::int64_t in = (a.from + (p - a.first) * shape.axes[i].stride) * strides.in[i] +
                              (b.from + (q - b.first) * shape.axes[j].stride) * strides.in[j] +
                              c.from * strides.in[k];
      const std::int64_t out = p * strides.out[i] + q * strides.out[j] + c.first * strides.out[k];
      f(in, out, c.last - c.first, step, strides.out[k]);
    }
  }
}

/// Calls f(channel, taps, row) for the rows of the matrix.
template <class F>
void for_rows(const PatchShape& shape, F f) {
  std::int64_t row = 0;
  for (std::int64_t channel = 0; channel < shape.channels; ++channel) {
    for (std::int64_t d = 0; d < shape.axes[0].kernel; ++d) {
      for (std::int64_t h = 0; h < shape.axes[1].kernel; ++h) {
        for (std::int64_t w = 0; w < shape.axes[2].kernel; ++w) {
          f(channel, std::array<std::int64_t, 3>{d, h, w}, row++);
        }
      }
    }
  }
}

std::int64_t elements_of_channel(const PatchShape& shape) {
  return shape.axes[0].in * shape.axes[1].in * shape.axes[2].in;
}

bool has_padding(const PatchShape& shape) {
  return std::any_of(shape.axes.begin(), shape.axes.end(),
                     [](const PatchAxis& axis) { return axis.padding > 0; });
}

}  // namespace

template <class From, class To>
void write_patches(const PatchShape& shape, const From* x, To* matrix) {
  const std::int64_t columns = shape.columns();
  const bool is_padded = has_padding(shape);
  for_rows(shape, [&](std::int64_t channel, const auto& taps, std::int64_t row) {
    To* const to = matrix + row * columns;
    const From* const from = x + channel * elements_of_channel(shape);
    if (is_padded) std::fill_n(to, columns, To{0});
    for_runs(shape, taps,
             [&](std::int64_t in, std::int64_t out, std::int64_t n, std::int64_t in_step,
                 std::int64_t out_step) {
               for (std::int64_t i = 0; i < n; ++i) {
                 to[out + i * out_step] = static_cast<To>(from[in + i * in_step]);
               }
             });
  });
}

template <class T>
void add_patches(const PatchShape& shape, const T* matrix, T* x) {
  const std::int64_t columns = shape.columns();
  for_rows(shape, [&](std::int64_t channel, const auto& taps, std::int64_t row) {
    const T* const from = matrix + row * columns;
    T* const to = x + channel * elements_of_channel(shape);
    for_runs(shape, taps,
             [&](std::int64_t in, std::int64_t out, std::int64_t n, std::int64_t in_step,
                 std::int64_t out_step) {
               for (std::int64_t i = 0; i < n; ++i)
                 to[in + i * in_step] += from[out + i * out_step];
             });
  });
}

template void write_patches(const PatchShape&, const float*, float*);
template void write_patches(const PatchShape&, const double*, double*);
template void write_patches(const PatchShape&, const std::uint8_t*, float*);
template void write_patches(const PatchShape&, const std::uint8_t*, double*);
template void add_patches(const PatchShape&, const float*, float*);
template void add_patches(const PatchShape&, const double*, double*);

}  // namespace pare::nn
