// Rules of layers, batch norm and poolings.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/window.h"
#include "interop/onnx_translator.h"

namespace pare::interop {
namespace {

/// `constant` times a number: exact in its codes where that is a power of two.
Constant times(const Constant& constant, double factor) {
  if (factor == 1) return constant;
  const Tensor number = Tensor::scalar(factor);
  const auto product = [](double a, double b) { return a * b; };
  int exponent = 0;
  if (constant.quantizer && std::frexp(factor, &exponent) == 0.5) {
    Constant result = constant;
    result.values = combined(constant.values, number, product);
    result.quantizer->scale = combined(constant.quantizer->scale, number, product);
    return result;
  }
  return {combined(value_of(constant), number, product), std::nullopt};
}

}  // namespace

graph::ParameterId OnnxTranslator::add_weight(const std::string& name, graph::Role role,
                                              Constant constant) {
  const Shape shape = constant.values.shape();
  const graph::ParameterId id = add_parameter(name, role, constant.values.to(DType::kF32));
  if (constant.quantizer) {
    graph_.parameter(id).quantizer = add_quantizer(name, *constant.quantizer, shape, false);
  }
  return id;
}

void OnnxTranslator::linear(const WireView& view, Constant weight,
                            const std::optional<Constant>& bias) {
  if (view.shape.empty() || view.shape.back() != weight.values.dim(1)) {
    fail(fmt::format("multiplies samples of shape {} by a weight for {} inputs",
                     to_string(view.shape), weight.values.dim(1)));
  }
  const graph::WireId input = materialised(view);
  const std::string name = node_name();
  WireView result = view;
  result.shape.back() = weight.values.dim(0);
  result.is_sole = true;
  const graph::ParameterId id =
      add_weight(name + ".weight", graph::Role::kWeight, std::move(weight));
  result.wire = append(name, graph::Linear{.weight = id}, {input});
  // A bias that is no list of channels is added behind.
  if (!bias || fold_into_bias(result, *bias)) {
    if (!bias) write(std::move(result));
    return;
  }
  scale_and_shift(result, Tensor::scalar(1.0), value_of(*bias));
}

void OnnxTranslator::mat_mul() {
  if (is_constant(0)) fail("has its weight on the left; expected samples times a weight");
  const Constant& weight = constant_input(1);
  if (weight.values.rank() != 2) {
    fail(fmt::format("a weight of shape {}; expected [inputs, outputs]",
                     to_string(weight.values.shape())));
  }
  linear(wire_input(0), transposed(weight, Shape{1, 0}), std::nullopt);
}

void OnnxTranslator::gemm() {
  if (is_constant(0)) fail("has its weight on the left; expected samples times a weight");
  if (int_attribute("transA", 0) != 0) fail("exchanges batch and inputs (transA)");
  Constant weight = constant_input(1);
  if (weight.values.rank() != 2) {
    fail(fmt::format("a weight of shape {}; expected two axes", to_string(weight.values.shape())));
  }
  if (int_attribute("transB", 0) == 0) weight = transposed(std::move(weight), Shape{1, 0});
  weight = times(weight, float_attribute("alpha", 1));
  std::optional<Constant> bias;
  if (has_input(2)) bias = times(constant_input(2), float_attribute("beta", 1));
  WireView view = wire_input(0);
  if (view.shape.size() != 1) {
    fail(fmt::format("samples of shape {}; expected one axis", to_string(view.shape)));
  }
  linear(view, std::move(weight), bias);
}

void OnnxTranslator::batch_norm() {
  if (int_attribute("training_mode", 0) != 0) fail("is in training mode: export it for inference");
  if (int_attribute("spatial", 1) == 0) fail("normalises each element (spatial = 0)");
  const WireView view = wire_input(0);
  const std::int64_t channels = view.shape.empty() ? 0 : view.shape.front();
  const std::string name = node_name();
  const auto list = [&](std::size_t number, const char* suffix, graph::Role role) {
    const Tensor values = plain_input(number);
    if (values.size() != static_cast<std::size_t>(channels)) {
      fail(fmt::format("input {} has {} elements; samples of shape {} have {} channels", number,
                       values.size(), to_string(view.shape), channels));
    }
    return add_parameter(name + suffix, role, values.to(DType::kF32).reshaped({channels}));
  };
  graph::BatchNorm norm;
  norm.gain = list(1, ".gain", graph::Role::kGain);
  norm.shift = list(2, ".shift", graph::Role::kShift);
  norm.mean = list(3, ".mean", graph::Role::kMean);
  norm.variance = list(4, ".variance", graph::Role::kVariance);
  norm.epsilon = float_attribute("epsilon", 1e-5);
  for (const graph::ParameterId id : {*norm.mean, *norm.variance}) {
    graph_.parameter(id).is_trainable = false;
  }
  const bool keeps_channels = shape_of(view.wire).front() == channels;
  const graph::WireId wire = keeps_channels ? view.wire : materialised(view);
  write_wire(view, append(name, norm, {wire}));
}

graph::PoolWindow OnnxTranslator::slide_of(const Shape& sample, Shape kernel) const {
  const std::size_t axes = sample.empty() ? 0 : sample.size() - 1;
  if (axes < 1 || axes > 3) {
    fail(fmt::format("slides over samples of shape {}; expected one to three spatial axes",
                     to_string(sample)));
  }
  const Shape given = ints_attribute("kernel_shape", kernel);
  if (kernel.empty()) kernel = given;
  graph::PoolWindow slide{.size = std::move(kernel),
                          .stride = ints_attribute("strides", Shape(axes, 1)),
                          .padding = ints_attribute("pads", Shape(2 * axes, 0)),
                          .dilation = ints_attribute("dilations", Shape(axes, 1))};
  const bool fits = slide.size.size() == axes && given == slide.size &&
                    slide.stride.size() == axes && slide.padding.size() == 2 * axes &&
                    slide.dilation.size() == axes;
  const auto in_range = [](std::int64_t lowest) {
    return [lowest](std::int64_t x) { return x >= lowest && x <= graph::kMaxWindow; };
  };
  const auto all = [](const Shape& list, auto&& holds) {
    return std::all_of(list.begin(), list.end(), holds);
  };
  if (!fits || !all(slide.size, in_range(1)) || !all(slide.stride, in_range(1)) ||
      !all(slide.padding, in_range(0)) || !all(slide.dilation, in_range(1))) {
    fail(
        fmt::format("kernel {}, strides {}, pads {}, dilations {}, which samples of shape {} "
                    "do not take",
                    to_string(slide.size), to_string(slide.stride), to_string(slide.padding),
                    to_string(slide.dilation), to_string(sample)));
  }
  const std::string automatic = text_attribute("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    slide.padding = same_padding(sample, slide, automatic == "SAME_UPPER");
  } else if (automatic == "VALID") {
    slide.padding.assign(2 * axes, 0);
  } else if (automatic != "NOTSET") {
    fail(fmt::format("auto_pad '{}'", automatic));
  }
  return slide;
}

Shape OnnxTranslator::same_padding(const Shape& sample, const graph::PoolWindow& slide,
                                   bool is_upper) const {
  const std::size_t axes = slide.size.size();
  Shape padding(2 * axes, 0);
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::int64_t size = sample[axis + 1];
    const std::int64_t outputs = (size + slide.stride[axis] - 1) / slide.stride[axis];
    const std::int64_t reach = (slide.size[axis] - 1) * slide.dilation[axis] + 1;
    const std::int64_t needed =
        std::max<std::int64_t>(0, (outputs - 1) * slide.stride[axis] + reach - size);
    const std::int64_t smaller = needed / 2;
    padding[axis] = is_upper ? smaller : needed - smaller;
    padding[axes + axis] = needed - padding[axis];
  }
  return padding;
}

void OnnxTranslator::extend_by_ceil(const Shape& sample, graph::PoolWindow& slide) const {
  if (int_attribute("ceil_mode", 0) == 0) return;
  const std::size_t axes = slide.size.size();
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::int64_t reach = (slide.size[axis] - 1) * slide.dilation[axis] + 1;
    const std::int64_t padded = sample[axis + 1] + slide.padding[axis] + slide.padding[axes + axis];
    const std::int64_t rest = (padded - reach) % slide.stride[axis];
    if (padded < reach || rest == 0) continue;
    // A last window counts if it begins before the padding behind.
    const std::int64_t outputs = (padded - reach) / slide.stride[axis] + 1;
    const bool begins_inside =
        outputs * slide.stride[axis] < sample[axis + 1] + slide.padding[axis];
    if (begins_inside) slide.padding[axes + axis] += slide.stride[axis] - rest;
  }
}

graph::PoolWindow OnnxTranslator::pool_window(const Shape& sample) const {
  graph::PoolWindow slide = slide_of(sample, {});
  extend_by_ceil(sample, slide);
  return slide;
}

void OnnxTranslator::convolve(const WireView& view, const Constant& weight,
                              const std::optional<Constant>& bias) {
  const Shape& weights = weight.values.shape();
  if (weights.size() != view.shape.size() + 1 || weights.size() < 3) {
    fail(
        fmt::format("a weight of shape {} for samples of shape {}; expected [outputs, "
                    "channels / group, kernel …]",
                    to_string(weights), to_string(view.shape)));
  }
  const graph::PoolWindow slide = slide_of(view.shape, Shape(weights.begin() + 2, weights.end()));
  const std::string name = node_name();
  graph::Conv conv{.weight = add_weight(name + ".weight", graph::Role::kWeight, weight),
                   .stride = slide.stride,
                   .padding = slide.padding,
                   .dilation = slide.dilation,
                   .groups = int_attribute("group", 1)};
  for (std::size_t i = 0; i < view.padding.size(); ++i) conv.padding[i] += view.padding[i];
  const graph::WireId input = materialised(view);
  WireView result{.wire = append(name, conv, {input}), .shape = {}};
  result.shape = shape_of(result.wire);
  if (!bias) return write(std::move(result));
  Shape per_channel(result.shape.size(), 1);
  per_channel.front() = weights.front();
  Constant shaped = *bias;
  if (shaped.values.size() != static_cast<std::size_t>(weights.front())) {
    fail(
        fmt::format("a bias of {} elements for {} outputs", shaped.values.size(), weights.front()));
  }
  shaped.values = shaped.values.reshaped(per_channel);
  if (shaped.quantizer) {
    for (Tensor* list : shaped.quantizer->lists()) {
      if (list->size() == shaped.values.size()) *list = list->reshaped(per_channel);
    }
  }
  check(fold_into_bias(result, shaped), "a convolution's bias is one a channel");
}

void OnnxTranslator::conv() {
  std::optional<Constant> bias;
  if (has_input(2)) bias = constant_input(2);
  if (is_constant(0)) fail("convolves a constant");
  WireView view = std::get<WireView>(input(0));
  const Shape padding = std::exchange(view.padding, {});
  if (padding.empty()) view = wire_input(0);
  if (view.codes) wire_input(0);  // refused
  view.padding = padding;
  if (!padding.empty() && text_attribute("auto_pad", "NOTSET").starts_with("SAME")) {
    fail("is padded twice: by a Pad in front of it and by auto_pad");
  }
  convolve(view, constant_input(1), bias);
}

void OnnxTranslator::pad() {
  if (text_attribute("mode", "constant") != "constant") fail("pads by other than a constant");
  WireView view = any_wire_input(0);
  const std::size_t rank = view.shape.size() + 1;
  if (has_input(3)) fail("names axes");
  const Shape pads = has_input(1) ? ints_input(1) : ints_attribute("pads", {});
  const double value = has_input(2) ? number_input(2, 0) : float_attribute("value", 0);
  const bool fits = pads.size() == 2 * rank && rank >= 3;
  for (std::size_t i = 0; fits && i < 2 * rank; ++i) {
    const std::size_t axis = i % rank;
    if (pads[i] < 0 || pads[i] > graph::kMaxWindow || (axis < 2 && pads[i] != 0)) {
      fail(fmt::format("pads {}; expected none at batch and channels", to_string(pads)));
    }
    if (axis >= 2) view.padding.push_back(pads[i]);
  }
  if (!fits || value != 0 || view.codes) {
    fail(fmt::format("pads {} of samples of shape {} by {}; expected zeros around an image",
                     to_string(pads), to_string(view.shape), value));
  }
  const bool is_nothing =
      std::all_of(view.padding.begin(), view.padding.end(), [](auto n) { return n == 0; });
  if (is_nothing) view.padding.clear();
  write_wire(view, view.wire);
}

void OnnxTranslator::pool(WireView view, graph::Op op) {
  const graph::WireId wire = append(node_name(), std::move(op), {materialised(view)});
  view.shape = shape_of(wire);
  write_wire(std::move(view), wire);
}

void OnnxTranslator::max_pool() {
  if (int_attribute("storage_order", 0) != 0) fail("stores columns first (storage_order)");
  const WireView view = any_wire_input(0);
  pool(view, graph::MaxPool{pool_window(view.shape)});
}

void OnnxTranslator::average_pool() {
  const WireView view = wire_input(0);
  const Shape given = slide_of(view.shape, {}).padding;
  const graph::PoolWindow window = pool_window(view.shape);
  const bool counts = int_attribute("count_include_pad", 0) != 0;
  if (counts && window.padding != given) {
    fail("counts its padding, but not that of ceil_mode; pare counts all or none");
  }
  graph::AveragePool average{window, counts};
  // Without padding both are the same, and this one has an integer form.
  const bool is_padded = std::any_of(window.padding.begin(), window.padding.end(),
                                     [](std::int64_t size) { return size > 0; });
  if (!is_padded) average.counts_padding = true;
  pool(view, average);
}

void OnnxTranslator::global_average_pool() { pool(wire_input(0), graph::AveragePool{}); }
void OnnxTranslator::global_max_pool() { pool(any_wire_input(0), graph::MaxPool{}); }

}  // namespace pare::interop
