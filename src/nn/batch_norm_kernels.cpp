#include "nn/batch_norm_kernels.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nn/quantize_lane.h"
#include "nn/simd.h"

// Lanes are columns, so that a matrix is read row by row and the order of summation does not depend
// on the width of registers. Sums of kRows rows are taken in float, the rest in double.
namespace pare::nn {
namespace {

constexpr std::int64_t kRows = 32;

/// Calls add(x's row, sums) for every row, with float sums that go into `totals` every kRows rows.
/// `sums` has `num_sums` rows of columns, as has `totals`.
template <class AddRow>
[[gnu::always_inline]] inline void sum_rows(MatrixShape shape, std::int64_t num_sums,
                                            double* totals, AddRow add_row) {
  std::vector<float> sums(static_cast<std::size_t>(num_sums * shape.columns));
  float* const part = sums.data();
  for (std::int64_t start = 0; start < shape.rows; start += kRows) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    const std::int64_t end = std::min(start + kRows, shape.rows);
    for (std::int64_t row = start; row < end; ++row) add_row(row, part);
    for (std::int64_t i = 0; i < num_sums * shape.columns; ++i) {
      totals[i] += static_cast<double>(part[i]);
    }
  }
}

PARE_SIMD_CLONES
void sum_columns(const float* x, MatrixShape shape, double* totals) {
  sum_rows(shape, 1, totals, [=](std::int64_t row, float* __restrict sum) {
    const float* const xs = x + row * shape.columns;
    for (std::int64_t c = 0; c < shape.columns; ++c) sum[c] += xs[c];
  });
}

PARE_SIMD_CLONES
void sum_squares(const float* x, MatrixShape shape, const float* mean, double* totals) {
  sum_rows(shape, 1, totals, [=](std::int64_t row, float* __restrict sum) {
    const float* const xs = x + row * shape.columns;
    for (std::int64_t c = 0; c < shape.columns; ++c) {
      const float centred = xs[c] - mean[c];
      sum[c] += centred * centred;
    }
  });
}

template <class Map>
[[gnu::always_inline]] inline void map_normalised(const float* x, MatrixShape shape,
                                                  const float* gain, const float* shift,
                                                  float* y_begin, Map map) {
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* const xs = x + row * shape.columns;
    float* const __restrict y = y_begin + row * shape.columns;
    for (std::int64_t c = 0; c < shape.columns; ++c) y[c] = map(xs[c] * gain[c] + shift[c]);
  }
}

PARE_SIMD_CLONES
void normalise_plain(const float* x, MatrixShape shape, const float* gain, const float* shift,
                     float* y) {
  map_normalised(x, shape, gain, shift, y, [](float z) { return z; });
}

PARE_SIMD_CLONES
void normalise_relu(const float* x, MatrixShape shape, const float* gain, const float* shift,
                    float* y) {
  map_normalised(x, shape, gain, shift, y, [](float z) { return z > 0 ? z : 0.0F; });
}

PARE_SIMD_CLONES
void normalise_relu_quantize(const float* x, MatrixShape shape, const float* gain,
                             const float* shift, GridLane grid, float* y) {
  map_normalised(x, shape, gain, shift, y, [=](float z) { return grid(z > 0 ? z : 0.0F); });
}

/// What the backward pass reads; rows of all are rows of x.
struct Backward {
  const float* x;
  const float* y;
  const float* g;
  const float* gain;
  const float* shift;
  const float* mean;
  float* gz;
};

/// `mask(z, y, g, range_sum)` returns the gradient of z and adds to the range's sum.
template <class Mask>
[[gnu::always_inline]] inline void sum_gradients(const Backward& b, MatrixShape shape,
                                                 double* totals, Mask mask) {
  sum_rows(shape, 3, totals, [=, &b](std::int64_t row, float* __restrict sum) {
    const std::int64_t start = row * shape.columns;
    const float* const x = b.x + start;
    const float* const y = b.y + start;
    const float* const g = b.g + start;
    float* const __restrict gz = b.gz + start;
    float* const __restrict centred_sum = sum + shape.columns;
    float* const __restrict range_sum = centred_sum + shape.columns;
    for (std::int64_t c = 0; c < shape.columns; ++c) {
      const float z = x[c] * b.gain[c] + b.shift[c];
      const float gradient = mask(z, y[c], g[c], range_sum[c]);
      gz[c] = gradient;
      sum[c] += gradient;
      centred_sum[c] += gradient * (x[c] - b.mean[c]);
    }
  });
}

PARE_SIMD_CLONES
void sum_gradients_plain(const Backward& b, MatrixShape shape, double* totals) {
  sum_gradients(b, shape, totals, [](float, float, float g, float&) { return g; });
}

PARE_SIMD_CLONES
void sum_gradients_relu(const Backward& b, MatrixShape shape, double* totals) {
  sum_gradients(b, shape, totals, [](float z, float, float g, float&) { return z > 0 ? g : 0.0F; });
}

PARE_SIMD_CLONES
void sum_gradients_relu_quantize(const Backward& b, MatrixShape shape, float highest,
                                 double* totals) {
  sum_gradients(b, shape, totals, [=](float z, float y, float g, float& range_sum) {
    const bool is_inside = (z > 0) & (z <= highest);
    range_sum += g * (y - (is_inside ? z : 0.0F));
    return is_inside ? g : 0.0F;
  });
}

PARE_SIMD_CLONES
void input_gradient_loop(const float* x, MatrixShape shape, const float* gain, const float* mean,
                         const float* slope, const float* offset, float* gz_begin) {
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* const xs = x + row * shape.columns;
    float* const __restrict gz = gz_begin + row * shape.columns;
    for (std::int64_t c = 0; c < shape.columns; ++c) {
      gz[c] = gz[c] * gain[c] + (xs[c] - mean[c]) * slope[c] + offset[c];
    }
  }
}

}  // namespace

Moments column_moments(const float* x, MatrixShape shape) {
  const auto columns = static_cast<std::size_t>(shape.columns);
  const auto rows = static_cast<double>(shape.rows);
  Moments moments{std::vector<double>(columns, 0), std::vector<double>(columns, 0)};
  sum_columns(x, shape, moments.mean.data());
  for (double& mean : moments.mean) mean /= rows;
  const std::vector<float> mean(moments.mean.begin(), moments.mean.end());
  sum_squares(x, shape, mean.data(), moments.variance.data());
  for (std::size_t c = 0; c < columns; ++c) {
    // The squares were taken around the rounded mean.
    const double error = moments.mean[c] - static_cast<double>(mean[c]);
    moments.variance[c] = std::max(0.0, moments.variance[c] / rows - error * error);
  }
  return moments;
}

void normalise(const float* x, MatrixShape shape, const Affine& affine, Follow follow,
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

GradientSums gradient_sums(const std::vector<double>& totals, std::ptrdiff_t columns) {
  const auto at = [&](std::ptrdiff_t sum) { return totals.begin() + sum * columns; };
  GradientSums sums{{at(0), at(1)}, {at(1), at(2)}};
  for (auto part = at(2); part != at(3); ++part) sums.range += *part;
  sums.range *= std::numbers::ln2;
  return sums;
}

GradientSums gradients_of_normalised(const float* x, const float* y, const float* g,
                                     MatrixShape shape, const Affine& affine,
                                     std::span<const float> mean, Follow follow, const Grid& grid,
                                     float* gz) {
  const auto columns = static_cast<std::ptrdiff_t>(shape.columns);
  std::vector<double> totals(static_cast<std::size_t>(3 * columns), 0);
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
  return gradient_sums(totals, columns);
}

void gradients_of_input(const float* x, MatrixShape shape, const InputGradient& terms, float* gz) {
  input_gradient_loop(x, shape, terms.gain.data(), terms.mean.data(), terms.slope.data(),
                      terms.offset.data(), gz);
}

}  // namespace pare::nn
