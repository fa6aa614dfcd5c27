#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <onnx/onnx_pb.h>

#include "interop/onnx_import.h"

namespace pare::interop {

/// Writes small ONNX models for tests: one input "x", one output "y".
class TestOnnx {
 public:
  /// `input` with its batch; a size of -1 is left open.
  explicit TestOnnx(const Shape& input, std::int64_t opset = 13) {
    model_.set_ir_version(7);
    model_.mutable_graph()->set_name("test");
    auto& import = *model_.add_opset_import();
    import.set_domain("");
    import.set_version(opset);
    auto& value = *model_.mutable_graph()->add_input();
    value.set_name("x");
    auto& type = *value.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : input) {
      auto& dimension = *type.mutable_shape()->add_dim();
      if (size > 0) dimension.set_dim_value(size);
      if (size <= 0) dimension.set_dim_param("batch");
    }
    auto& output = *model_.mutable_graph()->add_output();
    output.set_name("y");
    output.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }

  onnx::ModelProto& model() { return model_; }

  TestOnnx& constant(const std::string& name, const Shape& shape, std::vector<float> values) {
    auto& tensor = add(name, shape, onnx::TensorProto::FLOAT);
    for (const float x : values) tensor.add_float_data(x);
    return *this;
  }
  TestOnnx& integers(const std::string& name, const Shape& shape, std::vector<std::int64_t> values,
                     int type = onnx::TensorProto::INT64) {
    auto& tensor = add(name, shape, type);
    for (const std::int64_t x : values) {
      if (type == onnx::TensorProto::INT64) tensor.add_int64_data(x);
      if (type != onnx::TensorProto::INT64) tensor.add_int32_data(static_cast<std::int32_t>(x));
    }
    return *this;
  }

  /// A node that writes `output`, called as its output.
  TestOnnx& node(const std::string& type, const std::vector<std::string>& inputs,
                 const std::string& output, const std::string& domain = "") {
    auto& node = *model_.mutable_graph()->add_node();
    node.set_op_type(type);
    node.set_name(output);
    node.set_domain(domain);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return *this;
  }
  TestOnnx& quant(const std::vector<std::string>& inputs, const std::string& output) {
    return node("Quant", inputs, output, "qonnx.custom_op.general");
  }

  // Attributes of the last node.
  TestOnnx& with(const std::string& name, std::int64_t value) {
    auto& made = attribute(name, onnx::AttributeProto::INT);
    made.set_i(value);
    return *this;
  }
  TestOnnx& with(const std::string& name, std::initializer_list<std::int64_t> values) {
    auto& made = attribute(name, onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) made.add_ints(value);
    return *this;
  }
  TestOnnx& with(const std::string& name, float value) {
    attribute(name, onnx::AttributeProto::FLOAT).set_f(value);
    return *this;
  }
  TestOnnx& with(const std::string& name, std::string_view text) {
    attribute(name, onnx::AttributeProto::STRING).set_s(std::string(text));
    return *this;
  }

  std::string bytes() const { return model_.SerializeAsString(); }

  /// What it is imported as.
  Imported imported(const ImportOptions& options = {}) const {
    const std::string text = bytes();
    return import_onnx(std::as_bytes(std::span(text)), "test.onnx", "", options);
  }

 private:
  onnx::TensorProto& add(const std::string& name, const Shape& shape, int type) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t size : shape) tensor.add_dims(size);
    return tensor;
  }
  onnx::AttributeProto& attribute(const std::string& name,
                                  onnx::AttributeProto::AttributeType type) {
    auto& graph = *model_.mutable_graph();
    auto& made = *graph.mutable_node(graph.node_size() - 1)->add_attribute();
    made.set_name(name);
    made.set_type(type);
    return made;
  }

  onnx::ModelProto model_;
};

}  // namespace pare::interop
