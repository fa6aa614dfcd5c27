#include "nn/batch_norm_planes.h"

#include <algorithm>
#include <array>
#include <numbers>

#include "nn/quantize_lane.h"
#include "nn/simd.h"

// A plane is the positions of one channel of one sample. Sums of a plane are taken in kLanes lanes
// of float, whatever the width of registers, then in double.
namespace pare::nn {
namespace {

constexpr std::int64_t kLanes = 16;

/// Calls f(channel, first element) for every plane.
template <class F>
[[gnu::always_inline]] inline void for_planes(PlaneShape shape, F f) {
  for (std::int64_t n = 0; n < shape.samples; ++n) {
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      f(c, (n * shape.channels + c) * shape.positions);
    }
  }
}

/// Calls add(element, lane) for the elements of a plane.
template <class Add>
[[gnu::always_inline]] inline void for_lanes(std::int64_t start, std::int64_t positions, Add add) {
  const std::int64_t end = start + positions;
  std::int64_t i = start;
  for (; i + kLanes <= end; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
  }
  for (std::int64_t lane = 0; i + lane < end; ++lane) add(i + lane, lane);
}

using Lanes = std::array<float, kLanes>;

double total(const Lanes& lanes) {
  double sum = 0;
  for (const float lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

PARE_SIMD_CLONES
void sum_channels(const float* x, PlaneShape shape, double* totals) {
  for_planes(shape, [=](std::int64_t c, std::int64_t start) {
    Lanes sums{};
    for_lanes(start, shape.positions, [&](std::int64_t i, std::int64_t lane) {
      sums[static_cast<std::size_t>(lane)] += x[i];
    });
    totals[c] += total(sums);
  });
}

PARE_SIMD_CLONES
void sum_squares(const float* x, PlaneShape shape, const float* means, double* totals) {
  for_planes(shape, [=](std::int64_t c, std::int64_t start) {
    const float mean = means[c];
    Lanes sums{};
    for_lanes(start, shape.positions, [&](std::int64_t i, std::int64_t lane) {
      const float centred = x[i] - mean;
      sums[static_cast<std::size_t>(lane)] += centred * centred;
    });
    totals[c] += total(sums);
  });
}

template <class Map>
[[gnu::always_inline]] inline void map_normalised(const float* x, PlaneShape shape,
                                                  const float* gains, const float* shifts,
                                                  float* __restrict y, Map map) {
  for_planes(shape, [=](std::int64_t c, std::int64_t start) {
    const float gain = gains[c];
    const float shift = shifts[c];
    for (std::int64_t i = start; i < start + shape.positions; ++i) y[i] = map(x[i] * gain + shift);
  });
}

PARE_SIMD_CLONES
void normalise_plain(const float* x, PlaneShape shape, const float* gain, const float* shift,
                     float* y) {
  map_normalised(x, shape, gain, shift, y, [](float z) { return z; });
}

PARE_SIMD_CLONES
void normalise_relu(const float* x, PlaneShape shape, const float* gain, const float* shift,
                    float* y) {
  map_normalised(x, shape, gain, shift, y, [](float z) { return z > 0 ? z : 0.0F; });
}

PARE_SIMD_CLONES
void normalise_relu_quantize(const float* x, PlaneShape shape, const float* gain,
                             const float* shift, GridLane grid, float* y) {
  map_normalised(x, shape, gain, shift, y, [=](float z) { return grid(z > 0 ? z : 0.0F); });
}

/// What the backward pass reads.
struct Backward {
  const float* x;
  const float* y;
  const float* g;
  const float* gains;
  const float* shifts;
  const float* means;
  float* gz;
};

/// `mask(z, y, g, range_sum)` returns the gradient of z and adds to the range's sum. Totals: sums
/// of gradients, of gradients times x - mean, and of the range, each one a channel.
template <class Mask>
[[gnu::always_inline]] inline void sum_gradients(const Backward& b, PlaneShape shape,
                                                 double* totals, Mask mask) {
  for_planes(shape, [=, &b](std::int64_t c, std::int64_t start) {
    const float gain = b.gains[c];
    const float shift = b.shifts[c];
    const float mean = b.means[c];
    const float* const x = b.x;
    const float* const y = b.y;
    const float* const g = b.g;
    float* const __restrict gz = b.gz;
    Lanes sums{};
    Lanes centred_sums{};
    Lanes range_sums{};
    for_lanes(start, shape.positions, [&](std::int64_t i, std::int64_t of) {
      const auto lane = static_cast<std::size_t>(of);
      const float z = x[i] * gain + shift;
      const float gradient = mask(z, y[i], g[i], range_sums[lane]);
      gz[i] = gradient;
      sums[lane] += gradient;
      centred_sums[lane] += gradient * (x[i] - mean);
    });
    totals[c] += total(sums);
    totals[shape.channels + c] += total(centred_sums);
    totals[2 * shape.channels + c] += total(range_sums);
  });
}

PARE_SIMD_CLONES
void sum_gradients_plain(const Backward& b, PlaneShape shape, double* totals) {
  sum_gradients(b, shape, totals, [](float, float, float g, float&) { return g; });
}

PARE_SIMD_CLONES
void sum_gradients_relu(const Backward& b, PlaneShape shape, double* totals) {
  sum_gradients(b, shape, totals, [](float z, float, float g, float&) { return z > 0 ? g : 0.0F; });
}

PARE_SIMD_CLONES
void sum_gradients_relu_quantize(const Backward& b, PlaneShape shape, float highest,
                                 double* totals) {
  sum_gradients(b, shape, totals, [=](float z, float y, float g, float& range_sum) {
    const bool is_inside = (z > 0) & (z <= highest);
    range_sum += g * (y - (is_inside ? z : 0.0F));
    return is_inside ? g : 0.0F;
  });
}

PARE_SIMD_CLONES
void input_gradient_loop(const float* x, PlaneShape shape, const float* gains, const float* means,
                         const float* slopes, const float* offsets, float* __restrict gz) {
  for_planes(shape, [=](std::int64_t c, std::int64_t start) {
    const float gain = gains[c];
    const float mean = means[c];
    const float slope = slopes[c];
    const float offset = offsets[c];
    for (std::int64_t i = start; i < start + shape.positions; ++i) {
      gz[i] = gz[i] * gain + (x[i] - mean) * slope + offset;
    }
  });
}

}  // namespace

Moments channel_moments(const float* x, PlaneShape shape) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  const auto count = static_cast<double>(shape.samples * shape.positions);
  Moments moments{std::vector<double>(channels, 0), std::vector<double>(channels, 0)};
  sum_channels(x, shape, moments.mean.data());
  for (double& mean : moments.mean) mean /= count;
  const std::vector<float> mean(moments.mean.begin(), moments.mean.end());
  sum_squares(x, shape, mean.data(), moments.variance.data());
  for (std::size_t c = 0; c < channels; ++c) {
    // The squares were taken around the rounded mean.
    const double error = moments.mean[c] - static_cast<double>(mean[c]);
    moments.variance[c] = std::max(0.0, moments.variance[c] / count - error * error);
  }
  return moments;
}

void normalise(const float* x, PlaneShape shape, const Affine& affine, Follow follow,
               const Grid& grid, float* y) {
  const float* const gain = affine.gain.data();
  const float* const shift = affine.shift.data();
  switch (follow) {
    case Follow::kNothing:
      return normalise_plain(x, shape, gain, shift, y);
    case Follow::kRelu:
      return normalise_relu(x, shape, gain, shift, y);
    case Follow::kReluQuantize:
      return normalise_relu_quantize(x, shape, gain, shift, GridLane(grid), y);
  }
}

GradientSums gradients_of_normalised(const float* x, const float* y, const float* g,
                                     PlaneShape shape, const Affine& affine,
                                     std::span<const float> mean, Follow follow, const Grid& grid,
                                     float* gz) {
  const auto channels = static_cast<std::ptrdiff_t>(shape.channels);
  std::vector<double> totals(static_cast<std::size_t>(3 * channels), 0);
  const Backward b{x, y, g, affine.gain.data(), affine.shift.data(), mean.data(), gz};
  switch (follow) {
    case Follow::kNothing:
      sum_gradients_plain(b, shape, totals.data());
      break;
    case Follow::kRelu:
      sum_gradients_relu(b, shape, totals.data());
      break;
    case Follow::kReluQuantize:
      sum_gradients_relu_quantize(b, shape, grid.highest_value(), totals.data());
      break;
  }
  return gradient_sums(totals, channels);
}

void gradients_of_input(const float* x, PlaneShape shape, const InputGradient& terms, float* gz) {
  input_gradient_loop(x, shape, terms.gain.data(), terms.mean.data(), terms.slope.data(),
                      terms.offset.data(), gz);
}

}  // namespace pare::nn
