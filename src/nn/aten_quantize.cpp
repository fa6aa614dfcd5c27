#include "nn/aten_quantize.h"

#include <numbers>
#include <vector>

#include <torch/torch.h>

#include "base/error.h"

namespace pare::nn {
namespace {

using torch::Tensor;

/// One number of each grid, [groups, 1] or [1, 1], on x's device. Divisors must be tensors there: a
/// GPU multiplies by the reciprocal of a number from the host, which rounds differently.
template <class F>
Tensor column(const Grids& grids, const Tensor& x, F&& number) {
  std::vector<double> numbers;
  for (const Grid& grid : grids) numbers.push_back(static_cast<double>(number(grid)));
  const auto size = static_cast<std::int64_t>(numbers.size());
  return torch::tensor(numbers, torch::kFloat64).to(x.device(), x.scalar_type()).view({size, 1});
}

Tensor grouped(const Tensor& x, const GroupLayout& layout) {
  return x.reshape({layout.outer, layout.groups, layout.inner});
}

Tensor round_to(const Tensor& x, graph::Rounding rounding) {
  switch (rounding) {
    case graph::Rounding::kHalfEven:
      return x.round();
    case graph::Rounding::kHalfUp: {
      const Tensor below = x.floor();
      return torch::where(x - below >= 0.5, below + 1, below);
    }
    case graph::Rounding::kHalfAway: {
      const Tensor magnitude = x.abs();
      const Tensor below = magnitude.floor();
      return torch::where(magnitude - below >= 0.5, below + 1, below).copysign(x);
    }
    case graph::Rounding::kFloor:
      return x.floor();
    case graph::Rounding::kCeil:
      return x.ceil();
    case graph::Rounding::kTowardZero:
      return x.trunc();
    case graph::Rounding::kHalfTowardZero: {
      const Tensor magnitude = x.abs();
      const Tensor below = magnitude.floor();
      return torch::where(magnitude - below > 0.5, below + 1, below).copysign(x);
    }
    case graph::Rounding::kAwayFromZero:
      return x.abs().ceil().copysign(x);
  }
  check(false, "an unknown rounding mode");
  return x;
}

/// Codes of x [outer, groups, inner].
Tensor codes_of(const Tensor& x, const Grids& grids, const FakeQuantizer& quantizer) {
  if (quantizer.decision == Decision::kThreshold) {
    const Tensor threshold = column(grids, x, [](const Grid& grid) { return grid.threshold; });
    return x.ge(threshold).to(x.scalar_type()) - x.lt(-threshold).to(x.scalar_type());
  }
  const Tensor multiply = column(grids, x, [](const Grid& grid) { return grid.scale.multiply; });
  const Tensor divide = column(grids, x, [](const Grid& grid) { return grid.scale.divide; });
  const Tensor scaled = x * multiply / divide;
  if (quantizer.decision == Decision::kSign) return 1 - 2 * scaled.lt(0).to(x.scalar_type());
  const Tensor zero_point = column(grids, x, [](const Grid& grid) { return grid.zero_point; });
  const Tensor lowest =
      column(grids, x, [](const Grid& grid) { return graph::end_code(grid.codes.lowest); });
  const Tensor highest =
      column(grids, x, [](const Grid& grid) { return graph::end_code(grid.codes.highest); });
  const Tensor raw = round_to(scaled, quantizer.rounding) + zero_point;
  const Tensor number = torch::where(raw.isnan(), zero_point, raw);
  return torch::minimum(torch::maximum(number, lowest), highest);
}

/// Adds sum / s to the element of each group that s is the magnitude of.
Tensor with_largest(const Tensor& x, const Tensor& gx, const Tensor& sums) {
  const auto [largest, index] = x.abs().max(2, true);
  const Tensor at_index = x.gather(2, index);
  const Tensor gradient =
      at_index.sign() * sums.unsqueeze(2) / largest.clamp_min(double{graph::kMinRange});
  return gx.scatter_add(2, index, gradient);
}

}  // namespace

Tensor aten_quantize(const Tensor& x, const Grids& grids, const GroupLayout& layout,
                     const FakeQuantizer& quantizer) {
  const torch::NoGradGuard no_grad;
  const Tensor multiply = column(grids, x, [](const Grid& grid) { return grid.scale.multiply; });
  const Tensor divide = column(grids, x, [](const Grid& grid) { return grid.scale.divide; });
  const Tensor zero_point = column(grids, x, [](const Grid& grid) { return grid.zero_point; });
  Tensor values = grouped(x, layout);
  if (quantizer.has_relu) values = values.relu();
  const Tensor code = codes_of(values, grids, quantizer);
  return ((code - zero_point) * divide / multiply).reshape(x.sizes());
}

std::pair<Tensor, Tensor> aten_quantize_gradient(const Tensor& x, const Tensor& y, const Tensor& g,
                                                 const Grids& grids, const GroupLayout& layout,
                                                 const FakeQuantizer& quantizer) {
  const torch::NoGradGuard no_grad;
  const Tensor xs = grouped(x, layout);
  const Tensor ys = grouped(y, layout);
  const Tensor gs = grouped(g, layout);
  if (quantizer.surrogate != Surrogate::kClamp) {
    if (quantizer.surrogate == Surrogate::kStraightThrough) return {g, Tensor()};
    check(layout.outer == 1, "ranges that are a maximum, of a wire");
    const Tensor gx = with_largest(xs, gs, (gs * (ys - xs)).sum(2));
    return {gx.reshape(x.sizes()), Tensor()};
  }
  const Tensor low = column(grids, x, [](const Grid& grid) { return grid.lowest_value(); });
  const Tensor high = column(grids, x, [](const Grid& grid) { return grid.highest_value(); });
  const Tensor is_above_lowest = quantizer.has_relu ? xs > 0 : xs >= low;
  const Tensor is_inside = is_above_lowest.logical_and(xs <= high);
  const Tensor zero = torch::zeros({}, xs.options());
  const Tensor gx = torch::where(is_inside, gs, zero);
  const Tensor sums = (gs * (ys - torch::where(is_inside, xs, zero))).sum(at::IntArrayRef({0, 2}));
  return {gx.reshape(x.sizes()), sums * std::numbers::ln2};
}

}  // namespace pare::nn
