#include "lower/lower.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "lower/layer_constants.h"
#include "lower/lowering.h"
#include "lower/remove_dead.h"

namespace pare::lower {

using graph::Graph;
using graph::WireId;
using program::BufferId;

Lowering::Lowering(const Graph& graph, const Options& options)
    : graph_(graph),
      options_(options),
      infos_(graph::infer(graph)),
      builder_(graph.name),
      values_(graph.wires.size()) {}

void Lowering::refuse(const std::string& what) const {
  throw InputError(fmt::format("{} cannot be frozen: {}", who(), what));
}

WireValue Lowering::input(std::size_t number) { return value(node_->inputs.at(number)); }

program::Buffer Lowering::new_buffer(const std::string& name, const graph::WireInfo& info) const {
  program::Buffer buffer{.name = name, .width = {}, .shape = info.shape};
  if (info.time == graph::Time::kEachStep) buffer.each = each_;
  return buffer;
}

program::Buffer Lowering::output_buffer() const {
  const std::string& name = graph_.wire(node_->outputs.front()).name;
  program::Buffer buffer = new_buffer(name, output_info());
  buffer.origin = program::Origin{name};
  return buffer;
}

// ------------------------------------------------------------------------------------- layers

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

// --------------------------------------------------------------------------------------- grids

namespace {

/// value of code 1: one, or one for each of `size` elements.
std::vector<double> steps_of(const graph::Codec& codec, std::size_t size) {
  std::vector<double> steps;
  const std::size_t num_scales = codec.scales.size();
  for (std::size_t i = 0; i < (num_scales == 1 ? 1 : size); ++i) {
    const graph::Scale& scale = codec.scales[i * num_scales / size];
    steps.push_back(static_cast<double>(scale.divide) / static_cast<double>(scale.multiply));
  }
  return steps;
}

}  // namespace

void Lowering::operator()(const graph::Quantize& op) {
  if (!std::holds_alternative<graph::Uniform>(op.quantizer.format)) {
    refuse("only uniform codes can be frozen on a wire");
  }
  const graph::Codec codec = make_codec(graph_, op.quantizer, Tensor());
  if (node_ == input_quantizer_) {
    return write(input_codes(codec, graph_.wire(node_->outputs.front()).name, output_info()));
  }
  const WireValue x = input();
  if (codec.zero_points.size() != 1 || codec.codes.size() != 1) {
    refuse("its zero points or widths differ between channels");
  }
  const auto zero_point = static_cast<std::int64_t>(codec.zero_points.front());
  CodeGrid grid{.lowest = codec.codes.front().lowest - zero_point,
                .highest = codec.codes.front().highest - zero_point,
                .rounding = codec.rounding};
  // Rounding is monotone and takes 0 to the code of 0, so a ReLU in front cuts the codes off there.
  if (x.has_floor) {
    grid.lowest = std::max<std::int64_t>(grid.lowest, 0);
    grid.highest = std::max(grid.lowest, grid.highest);
  }
  const auto size = static_cast<std::size_t>(num_elements(output_info().shape));
  WireValue y;
  y.affine.scale = steps_of(codec, size);
  for (const double step : y.affine.scale) grid.codes_per_value.push_back(1 / step);
  y.buffer = requantize(builder_, x.buffer, x.affine, grid, output_buffer(), who());
  write(std::move(y));
}

WireValue Lowering::without_floor(WireValue value, WireId wire) {
  if (!value.has_floor) return value;
  if (!value.affine.has_no_offset() ||
      std::any_of(value.affine.scale.begin(), value.affine.scale.end(),
                  [](double scale) { return scale <= 0; })) {
    refuse(
        fmt::format("its input '{}' is a ReLU of real numbers; quantize activations "
                    "([quantize] activation_bits = 1 to 16)",
                    graph_.wire(wire).name));
  }
  const program::Interval range = hull(builder_.intervals(value.buffer));
  const program::Clamp clamp{0, std::max<std::int64_t>(range.highest, 0)};
  program::Buffer buffer = new_buffer(graph_.wire(wire).name + ".floor", info(wire));
  buffer.origin = program::Origin{graph_.wire(wire).name};
  value.buffer = builder_.op(clamp, {value.buffer}, std::move(buffer));
  value.has_floor = false;
  return value;
}

WireValue Lowering::on_grid(const WireValue& value, double step, const std::string& name,
                            const graph::WireInfo& info) {
  const std::int64_t highest = (std::int64_t{1} << (options_.inserted_bits - 1)) - 1;
  const CodeGrid grid{
      .codes_per_value = {1 / step}, .lowest = value.has_floor ? 0 : -highest, .highest = highest};
  WireValue y;
  y.affine.scale = {step};
  y.buffer = requantize(builder_, value.buffer, value.affine, grid, new_buffer(name, info), who());
  return y;
}

namespace {

/// Largest magnitude of what a buffer's integers can mean.
double largest_value(const ProgramBuilder& builder, const WireValue& value) {
  const auto size = static_cast<std::size_t>(num_elements(builder.shape(value.buffer)));
  double largest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const program::Interval range = interval_of(builder.intervals(value.buffer), i);
    for (const std::int64_t end : {range.lowest, range.highest}) {
      const double x =
          value.affine.scale_of(i) * static_cast<double>(end) + value.affine.offset_of(i);
      largest = std::max(largest, std::abs(x));
    }
  }
  return largest;
}

double step_for(double largest, int bits) {
  const double top = static_cast<double>((std::int64_t{1} << (bits - 1)) - 1);
  return std::max(largest, static_cast<double>(graph::kMinRange)) / top;
}

}  // namespace

WireValue Lowering::on_one_grid(WireValue value, WireId wire, const std::string& why) {
  if (!value.affine.has_no_offset()) {
    refuse(
        fmt::format("its input '{}' carries real numbers; quantize activations ([quantize] "
                    "activation_bits = 1 to 16)",
                    graph_.wire(wire).name));
  }
  value = without_floor(std::move(value), wire);
  if (value.affine.is_one_grid()) return value;
  const double step = step_for(largest_value(builder_, value), options_.inserted_bits);
  notes_.push_back(fmt::format("{}: its input '{}' rounded to {} bits of step {:g}: {}", who(),
                               graph_.wire(wire).name, options_.inserted_bits, step, why));
  return on_grid(value, step, node_->name + ".input", info(wire));
}

std::vector<WireValue> Lowering::operands() {
  std::vector<WireValue> values;
  bool are_equal = true;
  double largest = 0;
  for (std::size_t i = 0; i < node_->inputs.size(); ++i) {
    values.push_back(input(i));
    WireValue& value = values.back();
    if (value.has_floor && value.affine.is_one_grid()) {
      value = without_floor(std::move(value), node_->inputs[i]);
    }
    are_equal = are_equal && !value.has_floor && value.affine.is_one_grid() &&
                value.affine == values.front().affine;
    largest = std::max(largest, largest_value(builder_, value));
  }
  if (are_equal) return values;
  const double step = step_for(largest, options_.inserted_bits);
  notes_.push_back(
      fmt::format("{}: its operands' steps differ; all rounded to {} bits of step {:g}", who(),
                  options_.inserted_bits, step));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = on_grid(values[i], step, fmt::format("{}.operand{}", node_->name, i + 1),
                        info(node_->inputs[i]));
  }
  return values;
}

// --------------------------------------------------------------------------------------- ends

namespace {

/// The node that quantizes the network's raw input before anything else looks at it, or none.
const graph::Node* input_quantizer(const Graph& graph) {
  WireId wire = graph.inputs.front().wire;
  while (true) {
    const auto readers = consumers(graph, wire);
    if (readers.size() != 1) return nullptr;
    const graph::Node& node = graph.nodes[readers.front()];
    if (std::holds_alternative<graph::Quantize>(node.op)) return &node;
    const bool is_transparent = std::holds_alternative<graph::Dropout>(node.op) ||
                                std::holds_alternative<graph::Flatten>(node.op);
    if (!is_transparent) return nullptr;
    wire = node.outputs.front();
  }
}

}  // namespace

void Lowering::start() {
  if (graph_.inputs.size() != 1) {
    throw InputError(fmt::format("graph '{}' has {} inputs; one with a single input can be frozen",
                                 graph_.name, graph_.inputs.size()));
  }
  const graph::Input& input = graph_.inputs.front();
  interface_.input_shape = input.shape;
  interface_.input_dtype = input.dtype;
  interface_.input_units = input.units;
  interface_.input.mean = input.mean;
  interface_.input.scale = input.scale;
  input_quantizer_ = input_quantizer(graph_);
  const bool has_steps = std::any_of(infos_.begin(), infos_.end(), [](const auto& info) {
    return info.time == graph::Time::kEachStep;
  });
  if (has_steps) each_ = builder_.trip_count("T");
  if (input_quantizer_ != nullptr) {
    value(input.wire).is_raw_input = true;
  } else {
    insert_input_quantizer(input.wire);
  }
}

void Lowering::insert_input_quantizer(WireId wire) {
  if (!options_.input_max_abs) {
    throw InputError(fmt::format(
        "graph '{}' cannot be frozen: its input has no quantizer, and no range is known "
        "for one; train with [quantize] input_bits = 1 to 16",
        graph_.name));
  }
  const std::int64_t top = (std::int64_t{1} << (options_.inserted_bits - 1)) - 1;
  graph::Codec codec;
  codec.scales = {graph::make_scale(static_cast<float>(*options_.input_max_abs), top,
                                    graph::StepRule::kFloat, graph::Pow2Choice::kNeverClip)};
  codec.codes = {{-top, top, top}};
  codec.zero_points = {0};
  value(wire) = input_codes(codec, "input.quantize", info(wire));
  notes_.push_back(fmt::format("input: rounded to {} bits, range {:g} (the training data's)",
                               options_.inserted_bits, *options_.input_max_abs));
}

WireValue Lowering::input_codes(const graph::Codec& codec, const std::string& name,
                                const graph::WireInfo& info) {
  const Shape& shape = graph_.inputs.front().shape;
  const bool is_possible =
      codec.codes.size() == 1 && codec.zero_points.size() == 1 &&
      (codec.scales.size() == 1 ||
       (info.shape == shape && static_cast<std::int64_t>(codec.scales.size()) == shape.front()));
  if (!is_possible) {
    throw InputError(fmt::format(
        "graph '{}' cannot be frozen: the input's quantizer has neither one step nor one a channel",
        graph_.name));
  }
  const auto zero_point = static_cast<std::int64_t>(codec.zero_points.front());
  interface_.input.codec = codec.scales;
  interface_.input.codes = codec.codes.front();
  interface_.input.codes.lowest -= zero_point;
  interface_.input.codes.highest -= zero_point;
  interface_.input.rounding = codec.rounding;
  program::Buffer buffer = new_buffer(name, info);
  buffer.width =
      program::narrowest({interface_.input.codes.lowest, interface_.input.codes.highest});
  buffer.origin = program::Origin{name};
  WireValue codes;
  codes.buffer = builder_.input(std::move(buffer));
  const auto size = static_cast<std::size_t>(num_elements(shape));
  codes.affine.scale = steps_of(codec, size);
  return codes;
}

void Lowering::finish() {
  node_ = graph_.nodes.empty() ? nullptr : &graph_.nodes.back();
  const WireValue y = without_floor(value(graph_.output), graph_.output);
  builder_.output(y.buffer);
  interface_.output.scale = y.affine.scale;
  interface_.output.offset = y.affine.offset;
  interface_.output_shape = builder_.shape(y.buffer);
  interface_.head = graph_.head;
}

void Lowering::run_section(graph::Time time) {
  for (const graph::Node& node : graph_.nodes) {
    if (info(node.outputs.front()).time != time) continue;
    node_ = &node;
    std::visit(*this, node.op);
  }
}

Lowered Lowering::run() && {
  start();
  builder_.section({});
  run_section(graph::Time::kOnce);
  if (each_) {
    builder_.section({.kind = program::SectionKind::kForward, .trip_count = *each_});
    run_section(graph::Time::kEachStep);
  }
  finish();
  Lowered lowered{std::move(builder_).finish(), std::move(interface_), std::move(notes_)};
  if (options_.removes_dead) lowered.program = remove_dead(lowered.program);
  return lowered;
}

bool is_float(const Graph& graph) {
  const bool has_codes = std::any_of(graph.parameters.begin(), graph.parameters.end(),
                                     [](const auto& p) { return p.quantizer.has_value(); });
  return !has_codes && std::none_of(graph.nodes.begin(), graph.nodes.end(), [](const auto& node) {
    return std::holds_alternative<graph::Quantize>(node.op);
  });
}

Lowered lower(const Graph& graph, const Options& options) { return Lowering(graph, options).run(); }

}  // namespace pare::lower
