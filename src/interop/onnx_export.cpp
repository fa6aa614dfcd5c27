#include "interop/onnx_export.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/window.h"
#include "interop/onnx_exporter.h"
#include "interop/onnx_metadata.h"

namespace pare::interop {
namespace {

constexpr std::int64_t kOpset = 13;
/// Numbers of onnx.proto's types.
constexpr std::int64_t kFloat = 1;
constexpr std::int64_t kDouble = 11;

}  // namespace

OnnxExporter::OnnxExporter(const graph::Graph& graph, OnnxForm form)
    : graph_(graph),
      form_(form),
      wires_(graph::infer(graph)),
      writer_(graph.name, kOpset, "Written by pare (docs/interop.md)"),
      names_(graph.wires.size()) {}

std::vector<std::byte> OnnxExporter::run() && {
  if (graph_.inputs.size() != 1 || graph_.inputs.front().time == graph::Time::kEachStep) {
    throw InputError(
        fmt::format("graph '{}': only networks of one input, without time, can be written as ONNX",
                    graph_.name));
  }
  if (form_ == OnnxForm::kQonnx) writer_.use_domain(kQonnxDomain, 1);
  write_input();
  for (const graph::Node& node : graph_.nodes) {
    node_ = &node;
    const graph::WireId wire = node.outputs.front();
    name_of(wire) = graph_.wire(wire).name;
    std::visit(*this, node.op);
    const bool is_written = name_of(wire) == graph_.wire(wire).name;
    if (wire != graph_.output && is_written) writer_.add_value(output(), wires_[wire.value].shape);
  }
  writer_.add_output(name_of(graph_.output), wires_[graph_.output.value].shape);
  if (!metadata_.is_null()) writer_.add_metadata(kMetadataKey, metadata_.dump());
  return writer_.bytes();
}

void OnnxExporter::fail(const std::string& what) const {
  throw InputError(fmt::format("{}: {}", describe(graph_, *node_), what));
}

OnnxWriter& OnnxExporter::node(const char* type, const std::vector<std::string>& inputs) {
  writer_.node(type, node_->name, inputs, output());
  return writer_;
}

void OnnxExporter::write_input() {
  const graph::Input& in = graph_.inputs.front();
  const std::string& name = graph_.wire(in.wire).name;
  name_of(in.wire) = name;
  writer_.add_input(name, in.shape);
  if (form_ == OnnxForm::kQonnx) {
    if (!in.mean.empty()) metadata_["input"]["mean"] = in.mean;
    if (!in.scale.empty()) metadata_["input"]["scale"] = in.scale;
    return;
  }
  if (in.mean.empty() && in.scale.empty()) return;
  std::string at = writer_.node("Cast", name + ".wide", {name}, name + ".float64");
  writer_.with("to", kDouble);
  const auto apply = [&](const char* type, const char* what, const std::vector<double>& values) {
    if (values.empty()) return;
    const Shape shape = along(in.shape.size() + 1, 1, values.size());
    const std::string list =
        writer_.constant(fmt::format("{}.{}", name, what), Tensor::from(shape, values));
    at = writer_.node(type, fmt::format("{}.{}", name, type), {at, list},
                      fmt::format("{}.by_{}", name, what));
  };
  apply("Sub", "mean", in.mean);
  apply("Div", "scale", in.scale);
  name_of(in.wire) = writer_.node("Cast", name + ".narrow", {at}, name + ".mapped");
  writer_.with("to", kFloat);
}

void OnnxExporter::operator()(const graph::Linear& op) {
  const std::string weight = parameter(op.weight);
  if (input_shape().size() == 1) {
    std::vector<std::string> inputs{input(), weight};
    if (op.bias) inputs.push_back(parameter(*op.bias));
    node("Gemm", inputs).with("transB", std::int64_t{1});
    return;
  }
  const std::string flipped =
      writer_.node("Transpose", hidden("weight.transpose"), {weight}, hidden("weight.flipped"));
  writer_.with("perm", Shape{1, 0});
  if (!op.bias) {
    node("MatMul", {input(), flipped});
    return;
  }
  const std::string product =
      writer_.node("MatMul", node_->name, {input(), flipped}, hidden("product"));
  writer_.node("Add", hidden("add"), {product, parameter(*op.bias)}, output());
}

void OnnxExporter::operator()(const graph::Conv& op) {
  std::vector<std::string> inputs{input(), parameter(op.weight)};
  if (op.bias) inputs.push_back(parameter(*op.bias));
  const Shape& weight = graph_.parameter(op.weight).stored.shape();
  node("Conv", inputs)
      .with("kernel_shape", Shape(weight.begin() + 2, weight.end()))
      .with("strides", op.stride)
      .with("pads", op.padding)
      .with("dilations", op.dilation)
      .with("group", op.groups);
}

OnnxWriter& OnnxExporter::slide(const graph::PoolWindow& window) {
  return writer_.with("kernel_shape", window.size)
      .with("strides", window.stride)
      .with("pads", window.padding);
}

void OnnxExporter::operator()(const graph::MaxPool& op) {
  if (op.window.is_global()) {
    node("GlobalMaxPool", {input()});
    return;
  }
  node("MaxPool", {input()});
  slide(op.window).with("dilations", op.window.dilation);
}

void OnnxExporter::operator()(const graph::AveragePool& op) {
  average(op.window, op.counts_padding, output());
}

void OnnxExporter::operator()(const graph::SumPool& op) {
  const graph::Window window =
      graph::make_window(input_shape(), op.window, describe(graph_, *node_));
  average(op.window, true, hidden("mean"));
  const std::string taps = writer_.number(hidden("taps"), static_cast<float>(window.num_taps()));
  writer_.node("Mul", hidden("sum"), {hidden("mean"), taps}, output());
}

void OnnxExporter::average(const graph::PoolWindow& window, bool counts_padding,
                           const std::string& to) {
  if (window.is_global()) {
    writer_.node("GlobalAveragePool", node_->name, {input()}, to);
    return;
  }
  const bool is_dilated = std::any_of(window.dilation.begin(), window.dilation.end(),
                                      [](std::int64_t size) { return size != 1; });
  if (is_dilated) fail("AveragePool of ONNX has no dilation");
  writer_.node("AveragePool", node_->name, {input()}, to);
  slide(window).with("count_include_pad", std::int64_t{counts_padding ? 1 : 0});
}

void OnnxExporter::operator()(const graph::BatchNorm& op) {
  if (!op.mean || !op.variance) fail("it has no running statistics");
  const auto list = [&](std::optional<graph::ParameterId> id, const char* suffix, float value) {
    if (id) return plain(*id);
    const std::int64_t channels = input_shape().front();
    const std::vector<float> values(static_cast<std::size_t>(channels), value);
    return writer_.constant(hidden(suffix), Tensor::from({channels}, values));
  };
  node("BatchNormalization", {input(), list(op.gain, "gain", 1), list(op.shift, "shift", 0),
                              list(op.mean, "mean", 0), list(op.variance, "variance", 1)})
      .with("epsilon", op.epsilon);
}

void OnnxExporter::operator()(const graph::Relu&) { node("Relu", {input()}); }

void OnnxExporter::operator()(const graph::LeakyRelu& op) {
  node("LeakyRelu", {input()}).with("alpha", op.slope);
}

void OnnxExporter::operator()(const graph::Sigmoid&) { node("Sigmoid", {input()}); }
void OnnxExporter::operator()(const graph::Tanh&) { node("Tanh", {input()}); }
void OnnxExporter::operator()(const graph::Table&) { fail("ONNX has no tables of codes"); }

void OnnxExporter::operator()(const graph::Softmax&) {
  node("Softmax", {input()}).with("axis", std::int64_t{1});
}

void OnnxExporter::operator()(const graph::Dropout&) { name_of(node_->outputs.front()) = input(); }

void OnnxExporter::operator()(const graph::Add&) { node("Add", {input(0), input(1)}); }

void OnnxExporter::operator()(const graph::Concat&) {
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < node_->inputs.size(); ++i) inputs.push_back(input(i));
  node("Concat", inputs).with("axis", std::int64_t{1});
}

void OnnxExporter::operator()(const graph::Flatten&) {
  node("Flatten", {input()}).with("axis", std::int64_t{1});
}

void OnnxExporter::operator()(const graph::Reshape& op) {
  std::vector<std::int64_t> shape{0};  // the batch's
  shape.insert(shape.end(), op.shape.begin(), op.shape.end());
  const Shape axes{static_cast<std::int64_t>(shape.size())};
  node("Reshape", {input(), writer_.constant(hidden("shape"), Tensor::from(axes, shape))});
}

void OnnxExporter::operator()(const graph::Transpose& op) {
  Shape order{0};
  for (const std::int64_t axis : op.order) order.push_back(axis + 1);
  node("Transpose", {input()}).with("perm", order);
}

std::vector<std::byte> export_onnx(const graph::Graph& graph, OnnxForm form) {
  return OnnxExporter(graph, form).run();
}

}  // namespace pare::interop
