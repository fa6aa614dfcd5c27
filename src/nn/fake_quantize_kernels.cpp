#include "nn/fake_quantize_kernels.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "nn/quantize_lane.h"
#include "nn/simd.h"

// Sums are taken in kLanes float lanes over blocks of kBlock elements, and the blocks' sums in
// double: fast, accurate, and the same on every machine.
namespace pare::nn {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kBlock = 1024;

struct Ends {
  float lowest;
  float highest;
};

/// Sum of term(i) over begin … end - 1.
template <class Term>
[[gnu::always_inline]] inline double sum_block(std::size_t begin, std::size_t end, Term term) {
  float lanes[kLanes] = {};
  std::size_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (std::size_t lane = 0; i < end; ++i, ++lane) lanes[lane] += term(i);
  double sum = 0;
  for (const float lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

template <class Term>
[[gnu::always_inline]] inline double sum_blocks(std::size_t size, Term term) {
  double sum = 0;
  for (std::size_t begin = 0; begin < size; begin += kBlock) {
    sum += sum_block(begin, std::min(begin + kBlock, size), term);
  }
  return sum;
}

PARE_SIMD_CLONES
std::uint32_t max_bits(const float* x, std::size_t size) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    // The bits of magnitudes are ordered as the magnitudes are; those of NaN come last.
    const std::int32_t bits = std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff;
    const std::int32_t number = bits > 0x7f800000 ? 0 : bits;
    largest = number > largest ? number : largest;
  }
  return static_cast<std::uint32_t>(largest);
}

PARE_SIMD_CLONES
void quantize_loop(const float* __restrict x, GridLane grid, float* __restrict y,
                   std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) y[i] = grid(x[i]);
}

PARE_SIMD_CLONES
void relu_quantize_loop(const float* __restrict x, GridLane grid, float* __restrict y,
                        std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) y[i] = grid(x[i] > 0 ? x[i] : 0.0F);
}

PARE_SIMD_CLONES
void threshold_loop(const float* __restrict x, float threshold, float step, float* __restrict y,
                    std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    const float high = x[i] >= threshold ? step : 0.0F;
    y[i] = x[i] < -threshold ? -step : high;
  }
}

PARE_SIMD_CLONES
void sign_loop(const float* __restrict x, graph::Scale scale, float step, float* __restrict y,
               std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    y[i] = x[i] * scale.multiply / scale.divide < 0 ? -step : step;
  }
}

PARE_SIMD_CLONES
double rounding_gradient_loop(const float* x, const float* y, const float* g, std::size_t size) {
  return sum_blocks(size, [=](std::size_t i) { return g[i] * (y[i] - x[i]); });
}

PARE_SIMD_CLONES
double clamp_gradient_loop(const float* x, const float* y, const float* g, Ends ends,
                           float* __restrict gx, std::size_t size) {
  return sum_blocks(size, [=](std::size_t i) {
    const bool is_inside = (x[i] >= ends.lowest) & (x[i] <= ends.highest);
    gx[i] = is_inside ? g[i] : 0.0F;
    return g[i] * (y[i] - (is_inside ? x[i] : 0.0F));
  });
}

PARE_SIMD_CLONES
double relu_clamp_gradient_loop(const float* x, const float* y, const float* g, float highest,
                                float* __restrict gx, std::size_t size) {
  return sum_blocks(size, [=](std::size_t i) {
    const bool is_inside = (x[i] > 0) & (x[i] <= highest);
    gx[i] = is_inside ? g[i] : 0.0F;
    return g[i] * (y[i] - (is_inside ? x[i] : 0.0F));
  });
}

}  // namespace

bool is_grid_of_kernels(const Grid& grid) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 22;
  return grid.codes.lowest >= -kLargest && grid.codes.highest <= kLargest && grid.zero_point == 0;
}

float max_abs(std::span<const float> x) {
  return std::bit_cast<float>(max_bits(x.data(), x.size()));
}

std::size_t index_of_magnitude(std::span<const float> x, float magnitude) {
  const auto found =
      std::find_if(x.begin(), x.end(), [=](float value) { return std::abs(value) == magnitude; });
  return static_cast<std::size_t>(found - x.begin());
}

void quantize(std::span<const float> x, const Grid& grid, std::span<float> y) {
  quantize_loop(x.data(), GridLane(grid), y.data(), x.size());
}

void quantize_any(std::span<const float> x, const Grid& grid, graph::Rounding rounding,
                  std::span<float> y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float code = graph::to_code(x[i], grid.scale, grid.codes, rounding, grid.zero_point);
    y[i] = graph::from_code(code, grid.scale, grid.zero_point);
  }
}

void relu_quantize(std::span<const float> x, const Grid& grid, std::span<float> y) {
  relu_quantize_loop(x.data(), GridLane(grid), y.data(), x.size());
}

void threshold_ternary(std::span<const float> x, const Grid& grid, std::span<float> y) {
  const float step = graph::from_code(1, grid.scale, 0);
  threshold_loop(x.data(), grid.threshold, step, y.data(), x.size());
}

void sign_binary(std::span<const float> x, const Grid& grid, std::span<float> y) {
  const float step = graph::from_code(1, grid.scale, 0);
  sign_loop(x.data(), grid.scale, step, y.data(), x.size());
}

double rounding_gradient(std::span<const float> x, std::span<const float> y,
                         std::span<const float> g) {
  return rounding_gradient_loop(x.data(), y.data(), g.data(), x.size());
}

double clamp_gradient(std::span<const float> x, std::span<const float> y, std::span<const float> g,
                      const Grid& grid, std::span<float> gx) {
  return clamp_gradient_loop(x.data(), y.data(), g.data(),
                             {grid.lowest_value(), grid.highest_value()}, gx.data(), x.size());
}

double relu_clamp_gradient(std::span<const float> x, std::span<const float> y,
                           std::span<const float> g, const Grid& grid, std::span<float> gx) {
  return relu_clamp_gradient_loop(x.data(), y.data(), g.data(), grid.highest_value(), gx.data(),
                                  x.size());
}

}  // namespace pare::nn
