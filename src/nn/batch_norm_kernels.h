#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nn/grid.h"

namespace pare::nn {

// Batch norm of a matrix [rows, columns] in plain memory, with the ReLU and the quantizer behind it
// in the same pass.

struct MatrixShape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

/// Of every column: mean and biased variance, in double.
struct Moments {
  std::vector<double> mean;
  std::vector<double> variance;
};

Moments column_moments(const float* x, MatrixShape shape);

/// What follows the normalisation z of an element.
enum class Follow {
  kNothing,       ///< y = z
  kRelu,          ///< y = max(z, 0)
  kReluQuantize,  ///< y = from_code(to_code(max(z, 0)))
};

/// z = x gain + shift per column, in float32, in this order.
struct Affine {
  std::vector<float> gain;
  std::vector<float> shift;
};

void normalise(const float* x, MatrixShape shape, const Affine& affine, Follow follow,
               const Grid& grid, float* y);

/// Sums of a backward pass, one a column but for the last.
struct GradientSums {
  std::vector<double> gz;          ///< sum of the gradients of z
  std::vector<double> gz_centred;  ///< sum of the gradients of z times (x - mean)
  double range = 0;                ///< gradient of the quantizer's log2 s
};

/// Of totals with three numbers a column: gz, gz_centred, and what belongs to the range.
GradientSums gradient_sums(const std::vector<double>& totals, std::ptrdiff_t columns);

/// Takes the gradients g of y back to those of z, which it writes to gz, and sums them.
GradientSums gradients_of_normalised(const float* x, const float* y, const float* g,
                                     MatrixShape shape, const Affine& affine,
                                     std::span<const float> mean, Follow follow, const Grid& grid,
                                     float* gz);

/// gx = gz gain + (x - mean) slope + offset per column, in place over gz.
struct InputGradient {
  std::vector<float> gain;
  std::vector<float> mean;
  std::vector<float> slope;
  std::vector<float> offset;
};

void gradients_of_input(const float* x, MatrixShape shape, const InputGradient& terms, float* gz);

}  // namespace pare::nn
