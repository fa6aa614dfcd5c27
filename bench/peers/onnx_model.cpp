#include "onnx_model.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

// Generated code, and not clean under our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/onnx_pb.h>
#pragma GCC diagnostic pop

#include "base/error.h"

namespace pare::bench {
namespace {

constexpr int kIrVersion = 8;
constexpr int kOpset = 13;
constexpr std::uint8_t kInputZeroPoint = 128;

class ModelWriter {
 public:
  ModelWriter(const PlainNet& net, std::int64_t batch) {
    model_.set_ir_version(kIrVersion);
    model_.set_producer_name("pare");
    model_.add_opset_import()->set_version(kOpset);
    graph().set_name("net");
    add_end(*graph().add_input(), "x", batch, net.input);
    add_end(*graph().add_output(), "y", batch, net.output);
  }

  template <class T>
  std::string constant(const std::string& name, int type, std::vector<std::int64_t> shape,
                       std::span<const T> values) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t size : shape) tensor.add_dims(size);
    tensor.set_raw_data(values.data(), values.size_bytes());
    return name;
  }

  std::string scalar(const std::string& name, float value) {
    return constant<float>(name, onnx::TensorProto::FLOAT, {}, std::span(&value, 1));
  }

  /// Adds a node and returns its output.
  std::string node(const char* op, const std::vector<std::string>& inputs,
                   const std::string& output) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name(output);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return output;
  }

  /// Of the node that was added last.
  void attribute(const char* name, const std::vector<std::int64_t>& values) {
    onnx::AttributeProto& made = *graph().mutable_node(graph().node_size() - 1)->add_attribute();
    made.set_name(name);
    made.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) made.add_ints(value);
  }
  void attribute(const char* name, std::int64_t value) {
    onnx::AttributeProto& made = *graph().mutable_node(graph().node_size() - 1)->add_attribute();
    made.set_name(name);
    made.set_type(onnx::AttributeProto::INT);
    made.set_i(value);
  }

  std::vector<std::byte> bytes() const {
    std::string text;
    check(model_.SerializeToString(&text), "ONNX model: not serialized");
    const auto raw = std::as_bytes(std::span(text));
    return {raw.begin(), raw.end()};
  }

 private:
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  static void add_end(onnx::ValueInfoProto& end, const char* name, std::int64_t batch,
                      const Shape& shape) {
    end.set_name(name);
    onnx::TypeProto::Tensor& tensor = *end.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto::FLOAT);
    tensor.mutable_shape()->add_dim()->set_dim_value(batch);
    for (const std::int64_t size : shape) tensor.mutable_shape()->add_dim()->set_dim_value(size);
  }

  onnx::ModelProto model_;
};

/// The weight as the runtime takes it: a linear layer's [outputs, inputs] as [inputs, outputs].
template <class T>
std::vector<T> arranged(const WeightLayer& layer, const std::vector<T>& weight) {
  if (layer.is_conv()) return weight;
  const auto inputs = static_cast<std::size_t>(layer.shape[1]);
  const auto outputs = static_cast<std::size_t>(layer.shape[0]);
  std::vector<T> result(weight.size());
  for (std::size_t i = 0; i < outputs; ++i) {
    for (std::size_t j = 0; j < inputs; ++j) result[j * outputs + i] = weight[i * inputs + j];
  }
  return result;
}

Shape arranged_shape(const WeightLayer& layer) {
  return layer.is_conv() ? layer.shape : Shape{layer.shape[1], layer.shape[0]};
}

/// A Gemm or Conv of a weight and a bias.
std::string weight_node(ModelWriter& writer, const WeightLayer& layer,
                        const std::vector<std::string>& inputs, const std::string& output) {
  if (!layer.is_conv()) return writer.node("Gemm", inputs, output);
  writer.node("Conv", inputs, output);
  writer.attribute("strides", layer.stride);
  writer.attribute("pads", layer.padding);
  writer.attribute("dilations", layer.dilation);
  writer.attribute("group", layer.groups);
  return output;
}

std::string pool_node(ModelWriter& writer, const MaxPoolLayer& layer, const std::string& x,
                      const std::string& output) {
  writer.node("MaxPool", {x}, output);
  writer.attribute("kernel_shape", layer.size);
  writer.attribute("strides", layer.stride);
  writer.attribute("pads", layer.padding);
  return output;
}

float max_magnitude(const std::vector<float>& values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

/// Quantizes to u8 and back: what runtimes recognise.
std::string quantize_dequantize(ModelWriter& writer, const std::string& wire, float scale,
                                std::uint8_t zero_point) {
  const std::string scale_name = writer.scalar(wire + ".scale", scale);
  const std::string zero = writer.constant<std::uint8_t>(
      wire + ".zero_point", onnx::TensorProto::UINT8, {}, std::span(&zero_point, 1));
  const std::string codes =
      writer.node("QuantizeLinear", {wire, scale_name, zero}, wire + ".codes");
  return writer.node("DequantizeLinear", {codes, scale_name, zero}, wire + ".values");
}

/// The layer's sums from the dequantized `x`, weights and biases as integers.
std::string qdq_layer(ModelWriter& writer, const WeightLayer& layer, const std::string& name,
                      const std::string& x, float x_scale, const std::string& output) {
  const float weight_scale = max_magnitude(layer.weight) / 127.0F;
  std::vector<std::int8_t> weight;
  for (const float w : layer.weight) {
    weight.push_back(static_cast<std::int8_t>(std::lrint(w / weight_scale)));
  }
  const float bias_scale = x_scale * weight_scale;
  std::vector<std::int32_t> bias;
  for (const float b : layer.bias) {
    bias.push_back(static_cast<std::int32_t>(std::lrint(b / bias_scale)));
  }
  const auto columns = arranged(layer, weight);
  const std::int8_t weight_zero = 0;
  const std::int32_t bias_zero = 0;
  const std::string w = writer.node(
      "DequantizeLinear",
      {writer.constant<std::int8_t>(name + ".weight", onnx::TensorProto::INT8,
                                    arranged_shape(layer), columns),
       writer.scalar(name + ".weight.scale", weight_scale),
       writer.constant<std::int8_t>(name + ".weight.zero_point", onnx::TensorProto::INT8, {},
                                    std::span(&weight_zero, 1))},
      name + ".weight.values");
  const std::string b = writer.node(
      "DequantizeLinear",
      {writer.constant<std::int32_t>(name + ".bias", onnx::TensorProto::INT32, {layer.shape[0]},
                                     bias),
       writer.scalar(name + ".bias.scale", bias_scale),
       writer.constant<std::int32_t>(name + ".bias.zero_point", onnx::TensorProto::INT32, {},
                                     std::span(&bias_zero, 1))},
      name + ".bias.values");
  return weight_node(writer, layer, {x, w, b}, output);
}

std::string layer_name(std::size_t i) { return fmt::format("layer{}", i + 1); }

/// What the last node of a layer writes: "y" at the end of the network.
std::string end_of(const PlainNet& net, std::size_t i, const std::string& otherwise) {
  return i + 1 == net.layers.size() ? "y" : otherwise;
}

/// A pooling or another shape; nothing of another layer.
std::string add_plain(ModelWriter& writer, const PlainLayer& layer, std::int64_t batch,
                      const std::string& x, const std::string& output) {
  if (const auto* reshape = std::get_if<ReshapeLayer>(&layer)) {
    Shape shape = reshape->shape;
    shape.insert(shape.begin(), batch);
    const auto axes = static_cast<std::int64_t>(shape.size());
    return writer.node("Reshape",
                       {x, writer.constant<std::int64_t>(output + ".shape",
                                                         onnx::TensorProto::INT64, {axes}, shape)},
                       output);
  }
  if (const auto* pool = std::get_if<MaxPoolLayer>(&layer)) {
    return pool_node(writer, *pool, x, output);
  }
  return writer.node("Flatten", {x}, output);
}

}  // namespace

std::vector<std::byte> float_onnx(const PlainNet& net, std::int64_t batch, FloatForm form) {
  ModelWriter writer(net, batch);
  std::string x = "x";
  for (std::size_t i = 0; i < net.layers.size(); ++i) {
    const std::string name = layer_name(i);
    const std::string end = end_of(net, i, name);
    const auto* layer = std::get_if<WeightLayer>(&net.layers[i]);
    if (layer == nullptr) {
      x = add_plain(writer, net.layers[i], batch, x, end);
      continue;
    }
    const std::string sum = layer->has_relu ? name + ".sum" : end;
    const auto columns = arranged(*layer, layer->weight);
    const std::string w = writer.constant<float>(name + ".weight", onnx::TensorProto::FLOAT,
                                                 arranged_shape(*layer), columns);
    const std::string b = writer.constant<float>(name + ".bias", onnx::TensorProto::FLOAT,
                                                 {layer->shape[0]}, layer->bias);
    if (layer->is_conv() || form == FloatForm::kGemm) {
      x = weight_node(writer, *layer, {x, w, b}, sum);
    } else {
      x = writer.node("Add", {writer.node("MatMul", {x, w}, name + ".product"), b}, sum);
    }
    if (layer->has_relu) x = writer.node("Relu", {x}, end);
  }
  return writer.bytes();
}

std::vector<std::byte> qdq_onnx(const PlainNet& net, std::span<const float> largest,
                                std::int64_t batch) {
  check(largest.size() == net.layers.size(), "qdq_onnx: one range a layer");
  ModelWriter writer(net, batch);
  std::string x = "x";
  bool is_input = true;  // perhaps under another shape
  for (std::size_t i = 0; i < net.layers.size(); ++i) {
    const std::string name = layer_name(i);
    const float scale = largest[i] / (is_input ? 127.0F : 255.0F);
    x = quantize_dequantize(writer, x, scale, is_input ? kInputZeroPoint : std::uint8_t{0});
    const std::string end = end_of(net, i, name);
    const auto* layer = std::get_if<WeightLayer>(&net.layers[i]);
    if (layer == nullptr) {
      x = add_plain(writer, net.layers[i], batch, x, end);
      continue;
    }
    is_input = false;
    x = qdq_layer(writer, *layer, name, x, scale, layer->has_relu ? name + ".sum" : end);
    if (layer->has_relu) x = writer.node("Relu", {x}, end);
  }
  return writer.bytes();
}

}  // namespace pare::bench
