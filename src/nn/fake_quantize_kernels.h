#pragma once

#include <span>

#include "nn/grid.h"

namespace pare::nn {

// One group's values in plain memory; where nothing else is said, rounded half to even and with
// zero point 0. The values are those of graph::to_code and graph::from_code bit for bit.

/// Whether the kernels can compute with this grid: codes of at most 2^22, zero point 0.
bool is_grid_of_kernels(const Grid& grid);

/// max |x|; NaN counts as 0.
float max_abs(std::span<const float> x);

/// Index of the first element with |x| = magnitude; x.size() if there is none.
std::size_t index_of_magnitude(std::span<const float> x, float magnitude);

/// y = from_code(to_code(x)).
void quantize(std::span<const float> x, const Grid& grid, std::span<float> y);

/// The same for any grid and rounding mode, one element at a time.
void quantize_any(std::span<const float> x, const Grid& grid, graph::Rounding rounding,
                  std::span<float> y);

/// y = from_code(to_code(max(x, 0))).
void relu_quantize(std::span<const float> x, const Grid& grid, std::span<float> y);

/// y = from_code(ternary_code(x)) by the grid's threshold.
void threshold_ternary(std::span<const float> x, const Grid& grid, std::span<float> y);

/// y = from_code(sign_code(x / step)).
void sign_binary(std::span<const float> x, const Grid& grid, std::span<float> y);

/// For a clamp that lets all gradients pass: sum of g (y - x).
double rounding_gradient(std::span<const float> x, std::span<const float> y,
                         std::span<const float> g);

/// For a true clamp: gx = g inside the range and 0 outside. Returns the sum of g (y - x) inside and
/// of g y outside, which is the gradient with respect to s times s.
double clamp_gradient(std::span<const float> x, std::span<const float> y, std::span<const float> g,
                      const Grid& grid, std::span<float> gx);

/// The same after a ReLU: inside is 0 < x <= s.
double relu_clamp_gradient(std::span<const float> x, std::span<const float> y,
                           std::span<const float> g, const Grid& grid, std::span<float> gx);

}  // namespace pare::nn
