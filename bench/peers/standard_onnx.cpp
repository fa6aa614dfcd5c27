#include "standard_onnx.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include <onnx/onnx_pb.h>

#include "base/error.h"
#include "double_onnx.h"
#include "interop/onnx_file.h"

namespace pare::bench {
namespace {

/// Where Round and the input form of Clip begin.
constexpr std::int64_t kOldestOpset = 11;

class Expander {
 public:
  Expander(const onnx::ModelProto& model, const interop::OnnxFile& file)
      : from_(model), file_(file), to_(model) {
    to_.mutable_graph()->clear_node();
  }

  onnx::ModelProto run() && {
    for (const auto& node : from_.graph().node()) {
      if (node.op_type() == "Quant") {
        quant(node);
      } else if (node.op_type() == "BipolarQuant") {
        bipolar(node);
      } else {
        *to_.mutable_graph()->add_node() = node;
      }
    }
    to_.clear_opset_import();
    for (const auto& import : from_.opset_import()) {
      if (!import.domain().empty()) continue;
      auto& kept = *to_.add_opset_import();
      kept.set_version(std::max(kOldestOpset, import.version()));
    }
    drop_old_attributes();
    keep_constants_constant();
    open_batch();
    return std::move(to_);
  }

 private:
  float number(const std::string& name) const {
    return file_.initializers.at(name).to(DType::kF32).as<float>()[0];
  }

  std::string constant(const std::string& name, float value) {
    auto& tensor = *to_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_float_data(value);
    return name;
  }

  std::string node(const char* type, const std::vector<std::string>& inputs,
                   const std::string& output) {
    auto& made = *to_.mutable_graph()->add_node();
    made.set_op_type(type);
    for (const std::string& input : inputs) made.add_input(input);
    made.add_output(output);
    return output;
  }

  static std::int64_t attribute(const onnx::NodeProto& node, const char* name) {
    for (const auto& found : node.attribute()) {
      if (found.name() == name) return found.i();
    }
    return 0;
  }

  /// Scales and zero points of any integer type, as float.
  std::string floats(const std::string& name) {
    if (file_.initializers.at(name).dtype() == DType::kF32) return name;
    return constant(name + ".float", number(name));
  }

  void quant(const onnx::NodeProto& quant) {
    for (const auto& found : quant.attribute()) {
      if (found.name() == "rounding_mode" && found.s() != "ROUND") {
        throw InputError(quant.name() + ": rounding_mode " + found.s());
      }
    }
    const float half = std::exp2(number(quant.input(3)) - 1);
    const bool is_signed = attribute(quant, "signed") != 0;
    const float narrow = attribute(quant, "narrow") != 0 ? 1 : 0;
    const std::string& y = quant.output(0);
    const std::string scale = floats(quant.input(1));
    const std::string zero = floats(quant.input(2));
    std::string at = node("Div", {quant.input(0), scale}, y + ".div");
    at = node("Add", {at, zero}, y + ".add");
    at = node("Round", {at}, y + ".round");
    at = node("Clip",
              {at, constant(y + ".low", is_signed ? narrow - half : 0),
               constant(y + ".high", is_signed ? half - 1 : 2 * half - 1 - narrow)},
              y + ".clip");
    at = node("Sub", {at, zero}, y + ".sub");
    node("Mul", {at, scale}, y);
  }

  void bipolar(const onnx::NodeProto& quant) {
    const float scale = number(quant.input(1));
    const std::string& y = quant.output(0);
    const std::string below = node("Less", {quant.input(0), constant(y + ".zero", 0)}, y + ".less");
    node("Where", {below, constant(y + ".minus", -scale), constant(y + ".plus", scale)}, y);
  }

  /// What opset 6 says and later ones refuse.
  void drop_old_attributes() {
    for (auto& node : *to_.mutable_graph()->mutable_node()) {
      auto& list = *node.mutable_attribute();
      for (int i = list.size(); i-- > 0;) {
        const std::string& name = list.Get(i).name();
        if (name == "broadcast" || name == "is_test") list.DeleteSubrange(i, 1);
      }
    }
  }

  /// Initializers that are inputs too, as old files have them, are what a caller may replace: a
  /// runtime warns of each.
  void keep_constants_constant() {
    constexpr std::int64_t kOldestWithoutInputs = 4;
    to_.set_ir_version(std::max(kOldestWithoutInputs, to_.ir_version()));
    auto& inputs = *to_.mutable_graph()->mutable_input();
    for (int i = inputs.size(); i-- > 0;) {
      if (file_.initializers.contains(inputs.Get(i).name())) inputs.DeleteSubrange(i, 1);
    }
  }

  void open_batch() {
    auto& graph = *to_.mutable_graph();
    graph.clear_value_info();
    for (auto* list : {graph.mutable_input(), graph.mutable_output()}) {
      for (auto& value : *list) {
        auto& shape = *value.mutable_type()->mutable_tensor_type()->mutable_shape();
        if (shape.dim_size() > 0) shape.mutable_dim(0)->set_dim_param("batch");
      }
    }
  }

  const onnx::ModelProto& from_;
  const interop::OnnxFile& file_;
  onnx::ModelProto to_;
};

}  // namespace

std::string flat(const std::string& value) { return value + ".flat"; }

std::vector<std::byte> standard_onnx(std::span<const std::byte> model,
                                     std::span<const std::string> outputs, Precision precision) {
  onnx::ModelProto proto;
  check(proto.ParseFromArray(model.data(), static_cast<int>(model.size())), "an ONNX model");
  if (precision == Precision::kDouble) proto = in_double(proto);
  const interop::OnnxFile file = interop::parse_onnx(model, "model", "");
  onnx::ModelProto expanded = Expander(proto, file).run();
  for (const std::string& name : outputs) {
    auto& graph = *expanded.mutable_graph();
    auto& flatten = *graph.add_node();
    flatten.set_op_type("Flatten");
    flatten.add_input(name);
    flatten.add_output(flat(name));
    auto& output = *graph.add_output();
    output.set_name(flat(name));
    output.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }
  const std::string text = expanded.SerializeAsString();
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

}  // namespace pare::bench
