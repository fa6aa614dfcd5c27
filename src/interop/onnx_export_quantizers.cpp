// Quantizers in the three forms.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "interop/onnx_exporter.h"
#include "interop/onnx_metadata.h"

namespace pare::interop {
namespace {

bool has_other_than(float number, const std::vector<float>& list) {
  return std::any_of(list.begin(), list.end(), [&](float x) { return x != number; });
}

}  // namespace

Tensor list_of(const std::vector<float>& values, const Shape& shape) {
  return Tensor::from(values.size() == 1 ? Shape{} : shape, values);
}

Shape along(std::size_t rank, std::size_t axis, std::size_t size) {
  Shape shape(rank, 1);
  if (axis < rank) shape[axis] = static_cast<std::int64_t>(size);
  return shape;
}

bool QuantizerPlan::fits_bytes() const {
  const graph::CodeRange codes = codec.codes.front();
  return is_signed ? codes.lowest >= -128 && codes.highest <= 127 : codes.highest <= 255;
}

std::vector<float> QuantizerPlan::steps() const {
  std::vector<float> steps;
  for (const graph::Scale& scale : codec.scales) steps.push_back(scale.step());
  return steps;
}

std::vector<float> QuantizerPlan::zeros() const {
  const std::size_t count = codec.scales.size();
  if (codec.zero_points.size() == count) return codec.zero_points;
  return std::vector<float>(count, codec.zero_points.front());
}

QuantizerPlan OnnxExporter::plan_of(const graph::Quantizer& quantizer, const Tensor& values,
                                    const std::vector<float>& steps) const {
  if (std::holds_alternative<graph::Levels>(quantizer.format)) {
    fail("a list of levels has no form in ONNX");
  }
  QuantizerPlan plan{.codec = make_codec(graph_, quantizer, values, steps)};
  plan.is_binary = std::holds_alternative<graph::Binary>(quantizer.format);
  if (const auto* uniform = std::get_if<graph::Uniform>(&quantizer.format)) {
    plan.is_signed = uniform->is_signed;
    plan.is_narrow = uniform->is_signed && uniform->is_narrow;
  }
  const bool has_bits =
      !plan.is_binary && !std::holds_alternative<graph::Ternary>(quantizer.format);
  if (has_bits) plan.bits = width_of(graph_, quantizer.format);
  const auto& codes = plan.codec.codes;
  if (std::any_of(codes.begin(), codes.end(), [&](const auto& c) { return c != codes.front(); })) {
    fail("widths that differ from channel to channel have no form in ONNX");
  }
  return plan;
}

/// What the scales and types of the file do not say.
void OnnxExporter::remember(const std::string& node, const QuantizerPlan& plan) {
  if (plan.is_binary) return;
  QuantizerNote note{.bits = plan.bits, .is_signed = plan.is_signed, .is_narrow = plan.is_narrow};
  const auto top = static_cast<float>(plan.codec.codes.front().top);
  const auto& scales = plan.codec.scales;
  const bool has_ranges = top != 1 && std::all_of(scales.begin(), scales.end(), [&](auto& scale) {
                            return scale.multiply == top;
                          });
  if (has_ranges) {
    for (const graph::Scale& scale : scales) note.ranges.push_back(scale.divide);
  }
  metadata_["quantizers"][node] = to_json(note);
}

void OnnxExporter::operator()(const graph::Quantize& op) {
  const QuantizerPlan plan = plan_of(op.quantizer, Tensor(), {});
  if (form_ == OnnxForm::kQonnx) {
    const Shape lists = along(input_shape().size() + 1, 1, plan.codec.num_groups());
    return qonnx(plan, node_->name, input(), output(), lists);
  }
  const bool is_qdq = form_ == OnnxForm::kQdq && !plan.is_binary && plan.fits_bytes() &&
                      plan.codec.rounding == graph::Rounding::kHalfEven;
  if (is_qdq) return quantize_and_back(plan);
  if (plan.is_binary) return signs(plan);
  expand(plan);
}

/// `lists`: the shape of a list with an element a group.
void OnnxExporter::qonnx(const QuantizerPlan& plan, const std::string& name,
                         const std::string& from, const std::string& to, const Shape& lists) {
  const std::string scale = writer_.constant(name + ".scale", list_of(plan.steps(), lists));
  if (plan.is_binary) {
    writer_.node("BipolarQuant", name, {from, scale}, to, kQonnxDomain);
    return;
  }
  const std::string zero = writer_.constant(name + ".zero", list_of(plan.codec.zero_points, lists));
  const std::string bits = writer_.number(name + ".bits", static_cast<float>(plan.bits));
  writer_.node("Quant", name, {from, scale, zero, bits}, to, kQonnxDomain);
  writer_.with("signed", std::int64_t{plan.is_signed ? 1 : 0})
      .with("narrow", std::int64_t{plan.is_narrow ? 1 : 0})
      .with("rounding_mode", rounding_mode(plan.codec.rounding));
  remember(name, plan);
}

const char* OnnxExporter::rounding_mode(graph::Rounding rounding) const {
  switch (rounding) {
    case graph::Rounding::kHalfEven:
      return "ROUND";
    case graph::Rounding::kFloor:
      return "FLOOR";
    case graph::Rounding::kCeil:
      return "CEIL";
    case graph::Rounding::kTowardZero:
      return "DOWN";
    case graph::Rounding::kHalfAway:
      return "HALF_UP";
    case graph::Rounding::kHalfTowardZero:
      return "HALF_DOWN";
    case graph::Rounding::kAwayFromZero:
      return "UP";
    case graph::Rounding::kHalfUp:
      break;
  }
  fail("rounding ties towards infinity has no form in QONNX");
}

void OnnxExporter::quantize_and_back(const QuantizerPlan& plan) {
  const DType dtype = plan.byte_type();
  const std::vector<float> scales = plan.steps();
  const Shape lists{static_cast<std::int64_t>(scales.size())};
  const std::string scale = writer_.constant(hidden("scale"), list_of(scales, lists));
  const std::string zero = writer_.constant(hidden("zero"), list_of(plan.zeros(), lists).to(dtype));
  std::string codes =
      writer_.node("QuantizeLinear", node_->name, {input(), scale, zero}, hidden("codes"));
  writer_.with("axis", std::int64_t{1});
  remember(node_->name, plan);
  const graph::CodeRange range = plan.codec.codes.front();
  const bool is_whole =
      plan.is_signed ? range.lowest == -128 && range.highest == 127 : range.highest == 255;
  if (!is_whole) {
    const auto end = [&](const char* which, std::int64_t code) {
      return writer_.constant(hidden(which), Tensor::scalar(code).to(dtype));
    };
    codes = writer_.node("Clip", hidden("clip"),
                         {codes, end("lowest", range.lowest), end("highest", range.highest)},
                         hidden("clipped"));
  }
  writer_.node("DequantizeLinear", hidden("dequantize"), {codes, scale, zero}, output());
  writer_.with("axis", std::int64_t{1});
}

/// The arithmetic of graph/quantize.h, operator by operator.
void OnnxExporter::expand(const QuantizerPlan& plan) {
  std::string at = input();
  const auto step = [&](const char* type, const char* suffix, const std::vector<float>& values,
                        float neutral) {
    if (!has_other_than(neutral, values)) return;
    const Shape lists = along(input_shape().size() + 1, 1, values.size());
    const std::string list = writer_.constant(hidden(suffix), list_of(values, lists));
    at = writer_.node(type, hidden(fmt::format("{}.{}", suffix, type)), {at, list},
                      hidden(fmt::format("by_{}", suffix)));
  };
  std::vector<float> multiply;
  std::vector<float> divide;
  for (const graph::Scale& scale : plan.codec.scales) {
    multiply.push_back(scale.multiply);
    divide.push_back(scale.divide);
  }
  step("Mul", "multiply", multiply, 1);
  step("Div", "divide", divide, 1);
  at = writer_.node(rounding_operator(plan.codec.rounding), hidden("round"), {at},
                    hidden("rounded"));
  step("Add", "zero", plan.codec.zero_points, 0);
  const graph::CodeRange range = plan.codec.codes.front();
  at = writer_.node("Clip", hidden("clip"),
                    {at, writer_.number(hidden("lowest"), graph::end_code(range.lowest)),
                     writer_.number(hidden("highest"), graph::end_code(range.highest))},
                    hidden("codes"));
  step("Sub", "zero_again", plan.codec.zero_points, 0);
  step("Mul", "divide_back", divide, 1);
  step("Div", "multiply_back", multiply, 1);
  writer_.node("Identity", node_->name, {at}, output());
}

void OnnxExporter::signs(const QuantizerPlan& plan) {
  const std::vector<float> above = plan.steps();
  std::vector<float> below;
  for (const float step : above) below.push_back(-step);
  const Shape lists = along(input_shape().size() + 1, 1, above.size());
  const std::string is_below = writer_.node(
      "Less", hidden("less"), {input(), writer_.number(hidden("zero"), 0)}, hidden("is_below"));
  node("Where", {is_below, writer_.constant(hidden("below"), list_of(below, lists)),
                 writer_.constant(hidden("above"), list_of(above, lists))});
}

const char* OnnxExporter::rounding_operator(graph::Rounding rounding) const {
  if (rounding == graph::Rounding::kHalfEven) return "Round";
  if (rounding == graph::Rounding::kFloor) return "Floor";
  if (rounding == graph::Rounding::kCeil) return "Ceil";
  fail("its rounding has no operator in ONNX");
}

}  // namespace pare::interop
