// Poolings. The largest of codes is the code of the largest where steps are positive; sums are of
// codes, and an average's divisor goes into the step.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lower/lowering.h"

namespace pare::lower {
namespace {

/// The window with its size written out.
graph::PoolWindow with_size(const graph::PoolWindow& pool, const Shape& input) {
  if (!pool.is_global()) return pool;
  const std::size_t rank = input.size() - 1;
  return {.size = Shape(input.begin() + 1, input.end()),
          .stride = Shape(rank, 1),
          .padding = Shape(2 * rank, 0),
          .dilation = Shape(rank, 1)};
}

}  // namespace

void Lowering::operator()(const graph::MaxPool& op) {
  const WireValue x = input();
  const Shape& shape = info(node_->inputs.front()).shape;
  const bool is_monotone =
      x.curve.empty() && x.negative_slope.value_or(0) >= 0 &&
      std::all_of(x.affine.scale.begin(), x.affine.scale.end(), [](double s) { return s > 0; });
  if (!is_monotone) {
    refuse(
        fmt::format("the largest of '{}' is not that of its integers; quantize activations "
                    "in front of the pooling",
                    graph_.wire(node_->inputs.front()).name));
  }
  WireValue y = x;
  y.affine.scale = of_channels(to_channels(x.affine.scale, shape, who()), output_info().shape);
  y.affine.offset = of_channels(to_channels(x.affine.offset, shape, who()), output_info().shape);
  y.buffer =
      builder_.op(program::MaxPool{with_size(op.window, shape)}, {x.buffer}, output_buffer());
  write(std::move(y));
}

void Lowering::operator()(const graph::SumPool& op) {
  pool_sums(op.window, make_window(info(node_->inputs.front()).shape, op.window, who()), 1);
}

void Lowering::operator()(const graph::AveragePool& op) {
  const auto window = make_window(info(node_->inputs.front()).shape, op.window, who());
  if (window.has_padding() && !op.counts_padding) {
    refuse("averages at its borders have another divisor; use padding 0, or counts_padding");
  }
  pool_sums(op.window, window, static_cast<double>(window.num_taps()));
}

/// Sums of windows divided by `divisor`; divided as infer does it, so that steps are equal.
void Lowering::pool_sums(const graph::PoolWindow& pool, const graph::Window& window,
                         double divisor) {
  const WireValue x = without_bend(input(), node_->inputs.front());
  const Shape& shape = info(node_->inputs.front()).shape;
  if (window.has_padding() && !x.affine.has_no_offset()) {
    refuse(
        fmt::format("'{}' is padded before it is rounded; quantize activations in front of the "
                    "pooling",
                    graph_.wire(node_->inputs.front()).name));
  }
  std::vector<double> scale = to_channels(x.affine.scale, shape, who());
  std::vector<double> offset = to_channels(x.affine.offset, shape, who());
  for (double& s : scale) s /= divisor;
  for (double& o : offset) o *= static_cast<double>(window.num_taps()) / divisor;
  WireValue y;
  y.affine = {of_channels(scale, output_info().shape), of_channels(offset, output_info().shape)};
  y.buffer = builder_.op(program::SumPool{with_size(pool, shape)}, {x.buffer}, output_buffer());
  write(std::move(y));
}

}  // namespace pare::lower
