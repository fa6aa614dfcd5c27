#pragma once

#include <optional>
#include <span>

#include <torch/types.h>

#include "nn/grid.h"
#include "nn/path.h"

namespace pare::nn {

/// How gradients pass a quantizer (docs/methods/quantization.md).
enum class Surrogate {
  kStraightThrough,  ///< unchanged: biases on the accumulator's grid, weights by their mean
  kMaxAbs,           ///< unchanged, and that of s = max |x| is added to the largest element's
  kClamp,            ///< unchanged inside the range, 0 outside; that of log2 s is a sum over all
};

/// How a value gets its code.
enum class Decision {
  kNearest,    ///< rounded
  kThreshold,  ///< ternary: the grid's threshold
  kSign,       ///< binary
};

/// A quantizer with all but its grids settled.
struct FakeQuantizer {
  Surrogate surrogate = Surrogate::kClamp;
  Decision decision = Decision::kNearest;
  graph::Rounding rounding = graph::Rounding::kHalfEven;
  bool has_relu = false;  ///< y = Q(max(x, 0)) in one go
};

/// The kernels where they can compute it, else ATen.
Path fastest_path(const torch::Tensor& x, const Grids& grids, const GroupLayout& layout,
                  const FakeQuantizer& quantizer);

/// Rounds x to its grids: y = from_code(to_code(x)) of graph/quantize.h, bit for bit (float32).
///
/// x: any shape, laid out as `layout` says. `log2_range`: the log2 of the ranges that the grids
/// were made from, [groups] or [1], which gets a gradient; undefined if it is not trained. With a
/// pow2 step the ranges' gradient passes straight through the rounding of the step.
torch::Tensor fake_quantize(const torch::Tensor& x, const torch::Tensor& log2_range,
                            const Grids& grids, const GroupLayout& layout,
                            const FakeQuantizer& quantizer, Path path);

/// max |x| of every group, on the CPU; NaN counts as 0. x float32.
std::vector<float> max_abs_of_groups(const torch::Tensor& x, std::int64_t groups);

}  // namespace pare::nn
