// Rules of quantizers: QONNX (Quant, BipolarQuant, Trunc), and ONNX's own.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/edit.h"
#include "graph/infer.h"
#include "graph/quantize.h"
#include "interop/onnx_translator.h"

namespace pare::interop {
namespace {

/// 2^bits - 1 and the like are exact up to here.
constexpr int kMostBits = 32;

Tensor one(double value, DType dtype) { return Tensor::scalar(value).to(dtype); }

/// The integers of an ONNX type.
std::optional<std::pair<int, bool>> bits_and_sign(DType dtype) {
  switch (dtype) {
    case DType::kU8:
      return std::pair{8, false};
    case DType::kI8:
      return std::pair{8, true};
    case DType::kU16:
      return std::pair{16, false};
    case DType::kI16:
      return std::pair{16, true};
    case DType::kI32:
      return std::pair{32, true};
    default:
      return std::nullopt;
  }
}

std::optional<graph::Rounding> rounding_of(const std::string& mode) {
  if (mode == "ROUND" || mode == "HALF_EVEN") return graph::Rounding::kHalfEven;
  if (mode == "CEIL") return graph::Rounding::kCeil;
  if (mode == "FLOOR") return graph::Rounding::kFloor;
  if (mode == "DOWN" || mode == "ROUND_TO_ZERO") return graph::Rounding::kTowardZero;
  // QONNX's up is away from 0, its down towards it.
  if (mode == "HALF_UP") return graph::Rounding::kHalfAway;
  if (mode == "HALF_DOWN") return graph::Rounding::kHalfTowardZero;
  if (mode == "UP") return graph::Rounding::kAwayFromZero;
  return std::nullopt;
}

/// Whether a note is of these integers: codes of fewer bits in the file's.
bool holds(const QuantizerNote& note, const Tensor& codes, const QuantizerSpec& spec) {
  if (note.is_signed != spec.is_signed || note.bits > spec.bits) return false;
  const graph::CodeRange range = graph::uniform_codes(note.bits, note.is_signed, note.is_narrow);
  const std::vector<double> values = codes.to_doubles();
  return std::all_of(values.begin(), values.end(), [&](double code) {
    return code >= static_cast<double>(range.lowest) && code <= static_cast<double>(range.highest);
  });
}

bool is_zero(const Tensor& values) {
  return is_uniform(values) && (values.size() == 0 || values.to_doubles().front() == 0);
}

}  // namespace

QuantizerSpec OnnxTranslator::qonnx_spec() const {
  QuantizerSpec spec;
  spec.scale = plain_input(1).to(DType::kF32);
  const Tensor zero = plain_input(2);
  const double bits = number_input(3, 8);
  spec.is_signed = int_attribute("signed", 1) != 0;
  spec.is_narrow = int_attribute("narrow", 0) != 0;
  if (bits != std::floor(bits) || bits < 1 || bits > kMostBits) {
    fail(fmt::format("{} bits; expected a whole number from 1 to {}", bits, kMostBits));
  }
  spec.bits = static_cast<int>(bits);
  if (!spec.is_signed && spec.is_narrow) fail("narrow unsigned codes have no form in pare");
  if (spec.bits == 1 && spec.is_signed) fail("1 bit and a sign: that is a BipolarQuant");
  const std::string mode = text_attribute("rounding_mode", "ROUND");
  const auto rounding = rounding_of(mode);
  if (!rounding) {
    fail(fmt::format(
        "rounding_mode '{}'; expected ROUND, CEIL, FLOOR, UP, DOWN, HALF_UP or HALF_DOWN", mode));
  }
  spec.rounding = *rounding;
  for (const double z : zero.to_doubles()) {
    if (z != std::floor(z) || std::abs(z) > 0x1p31) fail(fmt::format("a zero point of {}", z));
  }
  spec.zero_point = converted(zero, DType::kI32);
  const auto note = find_note(metadata_, node_->name);
  if (note && note->bits == spec.bits) recall(spec, *note);
  // QONNX rounds after the zero point has been added, pare before: only these are the same then.
  const bool is_shifted_alike = spec.rounding == graph::Rounding::kHalfEven ||
                                spec.rounding == graph::Rounding::kFloor ||
                                spec.rounding == graph::Rounding::kCeil;
  if (!is_zero(zero) && !is_shifted_alike) {
    fail(fmt::format("rounding_mode '{}' with a zero point that is not 0", mode));
  }
  return spec;
}

QuantizerSpec OnnxTranslator::linear_spec(std::size_t scale, std::size_t zero, std::size_t rank,
                                          std::int64_t axis) const {
  QuantizerSpec spec;
  spec.scale = plain_input(scale).to(DType::kF32);
  spec.zero_point = has_input(zero) ? plain_input(zero) : Tensor(DType::kU8, {});
  const auto type = bits_and_sign(spec.zero_point.dtype());
  if (!type) fail(fmt::format("a zero point of type {}", name_of(spec.zero_point.dtype())));
  spec.bits = type->first;
  spec.is_signed = type->second;
  spec.zero_point = spec.zero_point.to(DType::kI32);
  if (int_attribute("block_size", 0) != 0) fail("has a scale a block; pare has one a channel");
  for (Tensor* list : spec.lists()) {
    if (list->size() == 1) {
      *list = list->reshaped({});
    } else {
      Shape shape(rank, 1);
      shape[normal_axis(axis, rank)] = static_cast<std::int64_t>(list->size());
      *list = list->reshaped(shape);
    }
  }
  return spec;
}

void OnnxTranslator::recall(QuantizerSpec& spec, const QuantizerNote& note) const {
  if (note.ranges.empty()) return;
  const auto size = static_cast<std::int64_t>(spec.scale.size());
  if (static_cast<std::int64_t>(note.ranges.size()) != size) return;
  const auto top =
      static_cast<float>(graph::uniform_codes(note.bits, note.is_signed, note.is_narrow).top);
  for (std::size_t i = 0; i < note.ranges.size(); ++i) {
    if (note.ranges[i] / top != spec.scale.as<float>()[i]) return;
  }
  spec.range = Tensor::from(spec.scale.shape(), note.ranges);
}

graph::Quantizer OnnxTranslator::add_quantizer(const std::string& name, const QuantizerSpec& spec,
                                               const Shape& shape, bool is_wire) {
  // The batch is an axis of what a wire's lists broadcast to.
  const Shape full = is_wire ? batched(shape, 1) : shape;
  const std::size_t axis = is_wire ? 1 : 0;
  const std::vector<double> steps = shortest(spec.scale, full, axis);
  const std::vector<double> zeros = shortest(spec.zero_point, full, axis);
  for (const double step : steps) {
    if (!(step > 0 && std::isfinite(step))) fail(fmt::format("a scale of {}", step));
  }
  const auto list = [&](const std::vector<double>& values, DType dtype) {
    const Shape sizes =
        values.size() == 1 ? Shape{} : Shape{static_cast<std::int64_t>(values.size())};
    return Tensor::from<double>(sizes, values).to(dtype);
  };
  const auto fixed = [&](const char* suffix, graph::Role role, Tensor values) {
    const graph::ParameterId id = add_parameter(name + suffix, role, std::move(values));
    graph_.parameter(id).is_trainable = false;
    return id;
  };
  graph::Quantizer quantizer;
  quantizer.range_rule = graph::RangeRule::kStep;
  quantizer.rounding = spec.rounding;
  if (spec.is_binary) {
    quantizer.format = graph::Binary{};
  } else {
    quantizer.format =
        graph::Uniform{.bits = fixed(".bits", graph::Role::kBits, one(spec.bits, DType::kI32)),
                       .is_signed = spec.is_signed,
                       .is_narrow = spec.is_narrow};
  }
  if (spec.range.size() > 0) {
    quantizer.range_rule = graph::RangeRule::kFixed;
    quantizer.range =
        fixed(".range", graph::Role::kRange, list(shortest(spec.range, full, axis), DType::kF32));
  } else {
    quantizer.range = fixed(".step", graph::Role::kStep, list(steps, DType::kF32));
  }
  if (!is_zero(spec.zero_point)) {
    quantizer.zero_point = fixed(".zero_point", graph::Role::kZeroPoint, list(zeros, DType::kI32));
  }
  return quantizer;
}

WireView OnnxTranslator::quantized(WireView view, const QuantizerSpec& spec) {
  const bool is_whole = is_uniform(spec.scale) && is_uniform(spec.zero_point);
  const graph::WireId wire = is_whole ? view.wire : materialised(view);
  const std::string name = node_name();
  const graph::Quantizer quantizer =
      add_quantizer(name, spec, is_whole ? shape_of(wire) : view.shape, true);
  view.wire = append(name, graph::Quantize{quantizer}, {wire});
  view.is_sole = true;
  return view;
}

void OnnxTranslator::quant() {
  const QuantizerSpec spec = qonnx_spec();
  if (is_constant(0)) {
    const Tensor values = plain_input(0).to(DType::kF32);
    return write(Constant{values, spec});
  }
  write(quantized(wire_input(0), spec));
}

void OnnxTranslator::bipolar_quant() {
  QuantizerSpec spec;
  spec.is_binary = true;
  spec.scale = plain_input(1).to(DType::kF32);
  spec.zero_point = one(0, DType::kI32);
  if (is_constant(0)) return write(Constant{plain_input(0).to(DType::kF32), spec});
  write(quantized(wire_input(0), spec));
}

void OnnxTranslator::trunc() {
  // y = (round(x / scale + zero) / 2^(in - out), rounded by the mode, - zero) * scale. What comes
  // in is on the grid already, so that the first rounding changes nothing.
  const double lost = number_input(3, 0) - number_input(4, 0);
  QuantizerSpec spec;
  spec.scale = plain_input(1).to(DType::kF32);
  spec.zero_point = converted(plain_input(2), DType::kI32);
  const double bits = number_input(4, 8);
  const std::string mode = text_attribute("rounding_mode", "FLOOR");
  const auto rounding = rounding_of(mode);
  const bool is_known = has_input(4) && !has_input(5) && lost >= 0 && lost <= 30 &&
                        lost == std::floor(lost) && bits >= 1 && bits <= 30 &&
                        bits == std::floor(bits) && is_zero(spec.zero_point) && rounding;
  if (!is_known) {
    fail(
        "expected version 1 of the operator (a scale, a zero point of 0, whole bit widths in and "
        "out of at most 30) and a rounding_mode of QONNX");
  }
  spec.rounding = *rounding;
  // Its codes may be signed or not: one bit more holds both, and nothing saturates.
  spec.bits = static_cast<int>(bits) + 1;
  WireView view = wire_input(0);
  const std::size_t channels = channels_of(view.wire);
  view.is_sole = false;
  view.wire = affine(view, view.wire, std::vector<double>(channels, std::exp2(-lost)),
                     std::vector<double>(channels, 0));
  write(quantized(std::move(view), spec));
}

void OnnxTranslator::quantize_linear() {
  const std::size_t rank =
      is_constant(0) ? constant_input(0).values.rank() : any_wire_input(0).shape.size() + 1;
  const QuantizerSpec spec = linear_spec(1, 2, rank, int_attribute("axis", 1));
  if (is_constant(0)) {
    // The integers themselves.
    const Constant rounded{plain_input(0).to(DType::kF32), spec};
    const Tensor values = value_of(rounded);
    const auto codes =
        combined(values, spec.scale, [](double v, double s) { return std::nearbyint(v / s); });
    const auto shifted = [](double code, double zero) { return code + zero; };
    return write(Constant{converted(combined(codes, spec.zero_point, shifted), DType::kI32)});
  }
  QuantizerSpec recalled = spec;
  const auto note = find_note(metadata_, node_->name);
  const bool is_whole = note && note->bits == spec.bits && !note->is_narrow;
  if (is_whole) recall(recalled, *note);
  WireView view = quantized(wire_input(0), recalled);
  view.codes = spec;
  // Of fewer bits it speaks behind the Clip that makes them so.
  if (note && !is_whole) view.note = *note;
  write(std::move(view));
}

Constant OnnxTranslator::dequantized(const Tensor& codes, const QuantizerSpec& spec) const {
  const bool is_one = spec.zero_point.size() == 1;
  const Tensor zero = is_one ? spec.zero_point : broadcast(spec.zero_point, codes.shape());
  const Tensor whole =
      combined(codes.to(DType::kF32), zero, [](double code, double z) { return code - z; });
  const auto product = [](double code, double step) {
    return static_cast<float>(code) * static_cast<float>(step);
  };
  return {combined(whole, spec.scale, product), spec};
}

WireView OnnxTranslator::decoded(std::size_t number, const QuantizerSpec& spec) const {
  WireView view = any_wire_input(number);
  const bool is_same =
      view.codes && view.codes->scale == spec.scale && view.codes->zero_point == spec.zero_point;
  if (!is_same) {
    fail(
        fmt::format("takes the integers of '{}' for others than they were made; expected the "
                    "scale and zero point of its QuantizeLinear",
                    node_->inputs[number]));
  }
  view.codes.reset();
  return view;
}

void OnnxTranslator::dequantize_linear() {
  const std::size_t rank =
      is_constant(0) ? constant_input(0).values.rank() : any_wire_input(0).shape.size() + 1;
  if (!is_constant(0)) {
    const WireView view = decoded(0, linear_spec(1, 2, rank, int_attribute("axis", 1)));
    return write_wire(view, view.wire);
  }
  const Tensor codes = plain_input(0);
  QuantizerSpec spec = linear_spec(1, 2, rank, int_attribute("axis", 1));
  // Without a zero point the integers' own type says how many bits they have.
  if (const auto type = bits_and_sign(codes.dtype())) {
    spec.bits = type->first;
    spec.is_signed = type->second;
  }
  const auto note = find_note(metadata_, node_->name);
  if (note && holds(*note, codes, spec)) {
    spec.bits = note->bits;
    spec.is_narrow = note->is_narrow;
    recall(spec, *note);
  }
  write(dequantized(codes, spec));
}

void OnnxTranslator::narrow_codes(const WireView& view, double lowest, double highest) {
  QuantizerSpec spec = *view.codes;
  for (int bits = 1; bits <= spec.bits; ++bits) {
    for (const bool is_narrow : {false, true}) {
      if (is_narrow && !spec.is_signed) continue;
      const graph::CodeRange codes = graph::uniform_codes(bits, spec.is_signed, is_narrow);
      if (static_cast<double>(codes.lowest) != lowest ||
          static_cast<double>(codes.highest) != highest) {
        continue;
      }
      graph::Node* node = producer_of(view.wire);
      auto* quantize = node == nullptr ? nullptr : std::get_if<graph::Quantize>(&node->op);
      if (!view.is_sole || quantize == nullptr) fail("clips integers that others read too");
      auto& format = std::get<graph::Uniform>(quantize->quantizer.format);
      graph_.parameter(format.bits).stored = one(bits, DType::kI32);
      format.is_narrow = is_narrow;
      if (view.note && view.note->bits == bits && view.note->is_narrow == is_narrow) {
        recall(spec, *view.note);
      }
      if (spec.range.size() > 0) {
        quantize->quantizer.range_rule = graph::RangeRule::kFixed;
        graph::Parameter& range = graph_.parameter(*quantize->quantizer.range);
        range.name = new_name(node->name + ".range");
        range.role = graph::Role::kRange;
        range.stored = range.stored.size() == 1 ? Tensor::scalar(spec.range.as<float>()[0])
                                                : spec.range.reshaped(range.stored.shape());
      }
      WireView result = view;
      result.note.reset();
      result.codes->bits = bits;
      result.codes->is_narrow = is_narrow;
      return write_wire(result, view.wire);
    }
  }
  fail(fmt::format("clips integers to {} … {}; expected the range of a number of bits", lowest,
                   highest));
}

void OnnxTranslator::q_linear_conv() {
  // x, its scale and zero point, w and its, y's; a bias on the grid of the sums. The lists of w are
  // of its outputs.
  const std::size_t rank = any_wire_input(0).shape.size() + 1;
  const QuantizerSpec x_spec = linear_spec(1, 2, rank, 1);
  const QuantizerSpec w_spec = linear_spec(4, 5, constant_input(3).values.rank(), 0);
  const QuantizerSpec y_spec = linear_spec(6, 7, rank, 1);
  std::optional<Constant> bias;
  if (has_input(8)) {
    QuantizerSpec spec;
    spec.bits = 32;
    spec.zero_point = one(0, DType::kI32);
    const Tensor steps = w_spec.scale.reshaped({static_cast<std::int64_t>(w_spec.scale.size())});
    spec.scale = combined(steps, x_spec.scale, [](double w, double s) {
      return static_cast<float>(w) * static_cast<float>(s);
    });
    if (spec.scale.size() == 1) spec.scale = spec.scale.reshaped({});
    bias = dequantized(plain_input(8), spec);
  }
  convolve(decoded(0, x_spec), dequantized(plain_input(3), w_spec), bias);
  requantize_output(y_spec);
}

void OnnxTranslator::q_linear_mat_mul() {
  const std::size_t rank = any_wire_input(0).shape.size() + 1;
  const QuantizerSpec a_spec = linear_spec(1, 2, rank, 1);
  const QuantizerSpec b_spec = linear_spec(4, 5, 2, 1);
  const QuantizerSpec y_spec = linear_spec(6, 7, rank, 1);
  Constant weight = dequantized(plain_input(3), b_spec);
  if (weight.values.rank() != 2) {
    fail(fmt::format("a weight of shape {}; expected [inputs, outputs]",
                     to_string(weight.values.shape())));
  }
  linear(decoded(0, a_spec), transposed(std::move(weight), Shape{1, 0}), std::nullopt);
  requantize_output(y_spec);
}

void OnnxTranslator::requantize_output(const QuantizerSpec& spec) {
  const auto written = tensors_.find(node_->outputs.front());
  WireView view = quantized(std::get<WireView>(written->second), spec);
  view.codes = spec;
  written->second = std::move(view);
}

void OnnxTranslator::put_biases_on_accumulators() {
  std::vector<graph::WireInfo> wires;
  try {
    wires = graph::infer(graph_);
  } catch (const InputError&) {
    return;  // No layer's sums are too wide because of its bias: freezing says which is.
  }
  for (const graph::Node& node : graph_.nodes) {
    const auto layer = graph::layer_parameters(node.op);
    if (!layer || !layer->bias) continue;
    graph::Parameter& bias = graph_.parameter(*layer->bias);
    const bool is_wide = bias.quantizer && bias.quantizer->range_rule == graph::RangeRule::kStep &&
                         !bias.quantizer->zero_point &&
                         std::holds_alternative<graph::Uniform>(bias.quantizer->format);
    if (!is_wide) continue;
    const auto steps = graph::accumulator_steps(graph_, node, wires);
    const auto own = graph_.parameter(*bias.quantizer->range).stored.to_doubles();
    const std::size_t size = std::max(steps.size(), own.size());
    bool is_equal = !steps.empty();
    for (std::size_t i = 0; i < size && is_equal; ++i) {
      const double step = steps[steps.size() == 1 ? 0 : i];
      // Writers multiply the two scales in float32 or in double.
      is_equal = std::abs(step - own[own.size() == 1 ? 0 : i]) <= 1e-6 * step;
    }
    if (!is_equal) continue;
    bias.quantizer->range_rule = graph::RangeRule::kAccumulator;
    bias.quantizer->range.reset();
  }
  graph::compact(graph_);
}

}  // namespace pare::interop
