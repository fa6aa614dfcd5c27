// The rules of ops: what each becomes, once its inputs are in a form that it can read.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "lower/layer_constants.h"
#include "lower/lowering.h"

namespace pare::lower {

using graph::WireId;
using program::BufferId;

void Lowering::operator()(const graph::Linear& op) {
  const WireId wire = node_->inputs.front();
  const WireValue x = on_one_grid(input(), wire, "a layer's inputs share one step");
  WeightCodes weight = weight_codes(graph_, *node_, op);
  const std::int64_t num_outputs = weight.constant.shape[0];
  program::Linear linear{.weight = builder_.constant(std::move(weight.constant))};
  const double input_step = x.affine.scale.front();
  if (op.bias) {
    std::vector<float> steps = weight.float_steps;
    for (float& step : steps) step = static_cast<float>(input_step) * step;
    const BiasCodes bias = bias_codes(graph_, *node_, *op.bias, steps);
    const std::string& name = graph_.parameter(*op.bias).name;
    if (bias.was_rounded) {
      notes_.push_back(fmt::format("{}: bias '{}' rounded to the grid of its sums", who(), name));
    }
    linear.bias = builder_.constant(name, {num_outputs}, bias.codes);
  }
  WireValue y;
  y.buffer = builder_.op(linear, {x.buffer}, output_buffer());
  const auto size = static_cast<std::size_t>(num_elements(output_info().shape));
  y.affine.scale.clear();
  const std::size_t num_steps = weight.steps.size() == 1 ? 1 : size;
  for (std::size_t i = 0; i < num_steps; ++i) {
    y.affine.scale.push_back(input_step * weight.steps[i % weight.steps.size()]);
  }
  simplify(y.affine.scale);
  write(std::move(y));
}

void Lowering::operator()(const graph::BatchNorm& op) {
  if (!op.mean || !op.variance) {
    refuse("it has no running statistics; train with batch_norm = \"full\"");
  }
  WireValue x = without_floor(input(), node_->inputs.front());
  const Shape& shape = output_info().shape;
  const auto size = static_cast<std::size_t>(num_elements(shape));
  const std::size_t run = size / static_cast<std::size_t>(shape.front());
  const auto values = [&](const std::optional<graph::ParameterId>& id, double otherwise) {
    return id ? value_of(graph_, graph_.parameter(*id)).to_doubles()
              : std::vector<double>(static_cast<std::size_t>(shape.front()), otherwise);
  };
  const auto gain = values(op.gain, 1);
  const auto shift = values(op.shift, 0);
  const auto mean = values(op.mean, 0);
  const auto variance = values(op.variance, 1);
  Affine affine{std::vector<double>(size), std::vector<double>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t c = i / run;
    const double factor = gain[c] / std::sqrt(variance[c] + op.epsilon);
    affine.scale[i] = factor * x.affine.scale_of(i);
    affine.offset[i] = factor * (x.affine.offset_of(i) - mean[c]) + shift[c];
  }
  simplify(affine.scale);
  simplify(affine.offset);
  x.affine = std::move(affine);
  write(std::move(x));
}

void Lowering::operator()(const graph::Relu&) {
  WireValue x = input();
  x.has_floor = true;
  write(std::move(x));
}

void Lowering::operator()(const graph::Softmax&) {
  if (node_->outputs.front() != graph_.output) {
    refuse("a softmax inside a net has no integer form; it may only be the last node");
  }
  interface_.output.is_softmax = true;
  write(input());
}

void Lowering::operator()(const graph::Dropout&) { write(value(node_->inputs.front())); }

void Lowering::operator()(const graph::Flatten&) {
  const WireValue& x = value(node_->inputs.front());
  const bool changes_shape = info(node_->inputs.front()).shape != output_info().shape;
  if (x.is_raw_input || !changes_shape) return write(x);
  WireValue y = x;
  y.buffer = builder_.op(program::Copy{}, {x.buffer}, output_buffer());
  write(std::move(y));
}

void Lowering::operator()(const graph::Add&) {
  const std::vector<WireValue> x = operands();
  WireValue y;
  y.affine = x[0].affine;
  y.buffer = builder_.op(program::Add{}, {x[0].buffer, x[1].buffer}, output_buffer());
  write(std::move(y));
}

void Lowering::operator()(const graph::Concat&) {
  const std::vector<WireValue> x = operands();
  WireValue y;
  y.affine = x.front().affine;
  std::vector<BufferId> buffers;
  for (const WireValue& part : x) buffers.push_back(part.buffer);
  y.buffer = builder_.op(program::Concat{}, std::move(buffers), output_buffer());
  write(std::move(y));
}

}  // namespace pare::lower
