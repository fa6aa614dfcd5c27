// The rules of ops: what each becomes, once its inputs are in a form that it can read.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/transpose.h"
#include "lower/lowering.h"

namespace pare::lower {

using graph::WireId;
using program::BufferId;

namespace {

/// A list with one number for all, or one for each element, for the elements in that order.
std::vector<double> in_order(const std::vector<double>& list,
                             const std::vector<std::size_t>& elements) {
  if (list.size() == 1) return list;
  std::vector<double> ordered;
  for (const std::size_t element : elements) ordered.push_back(list[element]);
  return ordered;
}

}  // namespace

/// Steps of the sums, one or one an output; the biases as a constant on their grid.
std::vector<double> Lowering::add_biases(const WeightCodes& weight, double input_step,
                                         std::optional<graph::ParameterId> bias,
                                         std::optional<program::ConstantId>& constant) {
  if (bias) {
    std::vector<float> steps = weight.float_steps;
    for (float& step : steps) step = static_cast<float>(input_step) * step;
    const BiasCodes codes = bias_codes(graph_, *node_, *bias, steps);
    const std::string& name = graph_.parameter(*bias).name;
    if (codes.was_rounded) {
      notes_.push_back(fmt::format("{}: bias '{}' rounded to the grid of its sums", who(), name));
    }
    constant =
        builder_.constant(name, {static_cast<std::int64_t>(codes.codes.size())}, codes.codes);
  }
  std::vector<double> steps = weight.steps;
  for (double& step : steps) step *= input_step;
  return steps;
}

void Lowering::operator()(const graph::Linear& op) {
  const WireValue x =
      on_one_grid(input(), node_->inputs.front(), "a layer's inputs share one step");
  WeightCodes weight = weight_codes(graph_, *node_, op.weight);
  program::Linear linear{.weight = builder_.constant(std::move(weight.constant))};
  const auto steps = add_biases(weight, x.affine.scale.front(), op.bias, linear.bias);
  WireValue y;
  y.buffer = builder_.op(linear, {x.buffer}, output_buffer());
  y.affine.scale.clear();
  const auto size = static_cast<std::size_t>(num_elements(output_info().shape));
  for (std::size_t i = 0; i < (steps.size() == 1 ? 1 : size); ++i) {
    y.affine.scale.push_back(steps[i % steps.size()]);
  }
  simplify(y.affine.scale);
  write(std::move(y));
}

void Lowering::operator()(const graph::Conv& op) {
  const WireValue x =
      on_one_grid(input(), node_->inputs.front(), "a layer's inputs share one step");
  WeightCodes weight = weight_codes(graph_, *node_, op.weight);
  program::Conv conv{.weight = builder_.constant(std::move(weight.constant)),
                     .stride = op.stride,
                     .padding = op.padding,
                     .dilation = op.dilation,
                     .groups = op.groups};
  const auto steps = add_biases(weight, x.affine.scale.front(), op.bias, conv.bias);
  WireValue y;
  y.buffer = builder_.op(conv, {x.buffer}, output_buffer());
  y.affine.scale = of_channels(steps, output_info().shape);
  simplify(y.affine.scale);
  write(std::move(y));
}

void Lowering::operator()(const graph::BatchNorm& op) {
  if (!op.mean || !op.variance) {
    refuse("it has no running statistics; train with batch_norm = \"full\"");
  }
  WireValue x = without_bend(input(), node_->inputs.front());
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

void Lowering::operator()(const graph::Softmax&) {
  if (node_->outputs.front() != graph_.output) {
    refuse("a softmax inside a net has no integer form; it may only be the last node");
  }
  interface_.output.is_softmax = true;
  write(input());
}

void Lowering::operator()(const graph::Dropout&) { write(value(node_->inputs.front())); }

void Lowering::operator()(const graph::Flatten&) { reshape(); }
void Lowering::operator()(const graph::Reshape&) { reshape(); }

void Lowering::reshape() {
  WireValue x = input();
  const bool changes_shape = info(node_->inputs.front()).shape != output_info().shape;
  if (!changes_shape) return write(std::move(x));
  if (x.is_raw_input) {
    x.moves.push_back(node_);
  } else {
    x.buffer = moved(*node_, x.buffer, output_buffer());
  }
  write(std::move(x));
}

void Lowering::operator()(const graph::Transpose& op) {
  if (!moves_elements(*node_)) return reshape();
  const auto elements = transposed_elements(info(node_->inputs.front()).shape, op.order);
  WireValue x = input();
  if (x.is_raw_input) {
    x.moves.push_back(node_);
  } else {
    x.buffer = moved(*node_, x.buffer, output_buffer());
    x.affine = {in_order(x.affine.scale, elements), in_order(x.affine.offset, elements)};
  }
  write(std::move(x));
}

/// Whether the node is a transpose of more than axes of one element.
bool Lowering::moves_elements(const graph::Node& node) const {
  const auto* op = std::get_if<graph::Transpose>(&node.op);
  if (op == nullptr) return false;
  const auto elements = transposed_elements(info(node.inputs.front()).shape, op->order);
  return !std::is_sorted(elements.begin(), elements.end());
}

/// The elements of `x` under the shape, or in the order, that the node gives them.
BufferId Lowering::moved(const graph::Node& move, BufferId x, program::Buffer output) {
  if (!moves_elements(move)) return builder_.op(program::Copy{}, {x}, std::move(output));
  const program::Transpose op{std::get<graph::Transpose>(move.op).order};
  return builder_.op(op, {x}, std::move(output));
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
