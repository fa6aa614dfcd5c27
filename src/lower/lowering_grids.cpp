// Grids: rounding to those that the graph has, and to those that are missing.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "lower/lowering.h"

namespace pare::lower {

using graph::WireId;

namespace {

/// Largest magnitude of what a buffer's integers can mean.
double largest_value(const ProgramBuilder& builder, const WireValue& value) {
  const auto size = static_cast<std::size_t>(num_elements(builder.shape(value.buffer)));
  double largest = 0;
  for (const double x : value.curve) largest = std::max(largest, std::abs(x));
  if (!value.curve.empty()) return largest;
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

void Lowering::operator()(const graph::Quantize& op) {
  const graph::Codec codec = make_codec(graph_, op.quantizer, Tensor());
  if (std::holds_alternative<graph::Binary>(op.quantizer.format)) return binarise(codec);
  const bool is_uniform = std::holds_alternative<graph::Uniform>(op.quantizer.format) ||
                          std::holds_alternative<graph::Ternary>(op.quantizer.format);
  if (!is_uniform) refuse("only uniform, ternary and binary codes can be frozen on a wire");
  if (node_ == input_quantizer_) {
    const WireValue raw = input();
    return write(is_transposed(raw) ? moved_input_codes(codec, raw)
                                    : input_codes(codec, output_buffer()));
  }
  const WireValue x = input();
  if (codec.zero_points.size() != 1 || codec.codes.size() != 1) {
    refuse("its zero points or widths differ between channels");
  }
  const auto zero_point = static_cast<std::int64_t>(codec.zero_points.front());
  CodeGrid grid{.lowest = codec.codes.front().lowest - zero_point,
                .highest = codec.codes.front().highest - zero_point,
                .rounding = codec.rounding};
  const auto size = static_cast<std::size_t>(num_elements(output_info().shape));
  WireValue y;
  y.affine.scale = steps_of(codec, size);
  for (const double step : y.affine.scale) grid.codes_per_value.push_back(1 / step);
  y.buffer =
      x.curve.empty() ? rounded(x, grid, output_buffer()) : looked_up(x, codec, output_buffer());
  write(std::move(y));
}

/// Whether a raw input's elements are in another order than the network's input has them in.
bool Lowering::is_transposed(const WireValue& raw) const {
  return std::any_of(raw.moves.begin(), raw.moves.end(),
                     [&](const graph::Node* node) { return moves_elements(*node); });
}

/// Signs. A raw input comes as floor(x / step), cut off to -1 and 0, of which the program makes
/// them.
void Lowering::binarise(const graph::Codec& codec) {
  const WireValue x = input();
  WireValue y;
  y.affine.scale = steps_of(codec, static_cast<std::size_t>(num_elements(output_info().shape)));
  if (node_ == input_quantizer_) {
    graph::Codec floors = codec;
    floors.codes = {{.lowest = -1, .highest = 0, .top = 1}};
    floors.levels.clear();
    floors.rounding = graph::Rounding::kFloor;
    if (is_transposed(x)) refuse("the network's input is transposed before it becomes signs");
    const std::string& name = graph_.wire(graph_.inputs.front().wire).name;
    const WireValue codes = input_codes(floors, new_buffer(name, output_info()));
    y.buffer = signs(builder_, codes.buffer, Affine{}, output_buffer());
  } else if (!x.curve.empty()) {
    y.buffer = looked_up(x, codec, output_buffer());
  } else if (x.negative_slope && *x.negative_slope <= 0) {
    // What a ReLU lets through is never below 0, nor is what turns negative numbers round.
    y.buffer = signs(builder_, x.buffer, Affine{.scale = {0}, .offset = {0}}, output_buffer());
  } else {
    y.buffer = signs(builder_, x.buffer, x.affine, output_buffer());
  }
  write(std::move(y));
}

/// The codes of a raw input whose elements are to be in another order: rounded as they come, then
/// moved as the graph moves the numbers, which is the same where all share one step.
WireValue Lowering::moved_input_codes(const graph::Codec& codec, const WireValue& raw) {
  if (codec.num_groups() != 1) {
    refuse(
        "the network's input is transposed before it is rounded to several steps; quantize it "
        "with one step, or in front of the transpose");
  }
  const WireId wire = graph_.inputs.front().wire;
  WireValue codes = input_codes(codec, new_buffer(graph_.wire(wire).name, info(wire)));
  for (const graph::Node* move : raw.moves) {
    const WireId to = move->outputs.front();
    const bool is_last = move == raw.moves.back();
    codes.buffer = moved(*move, codes.buffer,
                         is_last ? output_buffer() : new_buffer(graph_.wire(to).name, info(to)));
  }
  return codes;
}

/// The integers of a grid for a value that is no curve. Rounding is monotone and takes 0 to the
/// code of 0: a ReLU cuts the codes off there, and a leaky one, of slope at most 1, is the larger
/// of the codes with and without the slope.
program::BufferId Lowering::rounded(const WireValue& value, CodeGrid grid, program::Buffer output) {
  if (!value.negative_slope) {
    return requantize(builder_, value.buffer, value.affine, grid, std::move(output), who());
  }
  const double slope = *value.negative_slope;
  if (slope == 0) {
    grid.lowest = std::max<std::int64_t>(grid.lowest, 0);
    grid.highest = std::max(grid.lowest, grid.highest);
    return requantize(builder_, value.buffer, value.affine, grid, std::move(output), who());
  }
  Affine sloped = value.affine;
  for (double& scale : sloped.scale) scale *= slope;
  for (double& offset : sloped.offset) offset *= slope;
  program::Buffer part = output;
  part.origin = std::nullopt;
  part.name = output.name + ".positive";
  const auto positive = requantize(builder_, value.buffer, value.affine, grid, part, who());
  part.name = output.name + ".negative";
  const auto negative = requantize(builder_, value.buffer, sloped, grid, part, who());
  return builder_.op(program::Maximum{}, {positive, negative}, std::move(output));
}

/// The value with its bend or curve rounded away, so that it is scale * code + offset.
WireValue Lowering::without_bend(WireValue value, WireId wire) {
  if (value.is_affine()) return value;
  const std::string& name = graph_.wire(wire).name;
  if (!value.curve.empty()) {
    const auto largest =
        std::max_element(value.curve.begin(), value.curve.end(),
                         [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double step = step_for(std::abs(*largest), options_.inserted_bits);
    notes_.push_back(fmt::format("{}: '{}' rounded to {} bits of step {:g}", who(), name,
                                 options_.inserted_bits, step));
    return on_grid(value, step, name + ".rounded", info(wire));
  }
  const bool can_clamp = *value.negative_slope == 0 && value.affine.has_no_offset() &&
                         std::all_of(value.affine.scale.begin(), value.affine.scale.end(),
                                     [](double scale) { return scale > 0; });
  if (!can_clamp) {
    refuse(
        fmt::format("its input '{}' is a ReLU of real numbers; quantize activations "
                    "([quantize] activation_bits = 1 to 16)",
                    name));
  }
  const program::Interval range = hull(builder_.intervals(value.buffer));
  const program::Clamp clamp{0, std::max<std::int64_t>(range.highest, 0)};
  program::Buffer buffer = new_buffer(name + ".floor", info(wire));
  buffer.origin = program::Origin{name};
  value.buffer = builder_.op(clamp, {value.buffer}, std::move(buffer));
  value.negative_slope.reset();
  return value;
}

WireValue Lowering::on_grid(const WireValue& value, double step, const std::string& name,
                            const graph::WireInfo& info) {
  const std::int64_t highest = (std::int64_t{1} << (options_.inserted_bits - 1)) - 1;
  const CodeGrid grid{.codes_per_value = {1 / step}, .lowest = -highest, .highest = highest};
  WireValue y;
  y.affine.scale = {step};
  if (value.curve.empty()) {
    y.buffer = rounded(value, grid, new_buffer(name, info));
  } else {
    graph::Codec codec;
    codec.scales = {{.multiply = static_cast<float>(1 / step), .divide = 1}};
    codec.codes = {{-highest, highest, highest}};
    codec.zero_points = {0};
    y.affine.scale = steps_of(codec, 1);
    y.buffer = looked_up(value, codec, new_buffer(name, info));
  }
  return y;
}

WireValue Lowering::on_one_grid(WireValue value, WireId wire, const std::string& why) {
  if (!value.affine.has_no_offset()) {
    refuse(
        fmt::format("its input '{}' carries real numbers; quantize activations ([quantize] "
                    "activation_bits = 1 to 16)",
                    graph_.wire(wire).name));
  }
  value = without_bend(std::move(value), wire);
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
    const bool is_floored = value.negative_slope == 0.0;
    if (is_floored && value.curve.empty() && value.affine.is_one_grid()) {
      value = without_bend(std::move(value), node_->inputs[i]);
    }
    are_equal = are_equal && value.is_affine() && value.affine.is_one_grid() &&
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

}  // namespace pare::lower
