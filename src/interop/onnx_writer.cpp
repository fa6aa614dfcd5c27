#include "interop/onnx_writer.h"

#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "base/error.h"
#include "base/version.h"

namespace pare::interop {
namespace {

/// The oldest that has opset 13's models.
constexpr int kIrVersion = 7;

int type_of(DType dtype) {
  using onnx::TensorProto;
  switch (dtype) {
    case DType::kBool:
      return TensorProto::BOOL;
    case DType::kU8:
      return TensorProto::UINT8;
    case DType::kI8:
      return TensorProto::INT8;
    case DType::kU16:
      return TensorProto::UINT16;
    case DType::kI16:
      return TensorProto::INT16;
    case DType::kI32:
      return TensorProto::INT32;
    case DType::kU32:
      return TensorProto::UINT32;
    case DType::kI64:
      return TensorProto::INT64;
    case DType::kU64:
      return TensorProto::UINT64;
    case DType::kF32:
      return TensorProto::FLOAT;
    case DType::kF64:
      return TensorProto::DOUBLE;
  }
  return TensorProto::UNDEFINED;
}

}  // namespace

OnnxWriter::OnnxWriter(const std::string& name, std::int64_t opset, const std::string& doc) {
  model_.set_ir_version(kIrVersion);
  model_.set_producer_name("pare");
  model_.set_producer_version(std::string(version()));
  model_.set_doc_string(doc);
  use_domain("", opset);
  model_.mutable_graph()->set_name(name);
}

void OnnxWriter::use_domain(const std::string& domain, std::int64_t version) {
  auto& import = *model_.add_opset_import();
  import.set_domain(domain);
  import.set_version(version);
}

void OnnxWriter::add_metadata(const std::string& key, const std::string& value) {
  auto& entry = *model_.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

void OnnxWriter::describe(onnx::ValueInfoProto& value, const std::string& name,
                          const Shape& sample) {
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("batch");
  for (const std::int64_t size : sample) type.mutable_shape()->add_dim()->set_dim_value(size);
}

void OnnxWriter::add_input(const std::string& name, const Shape& sample) {
  describe(*model_.mutable_graph()->add_input(), name, sample);
}
void OnnxWriter::add_output(const std::string& name, const Shape& sample) {
  describe(*model_.mutable_graph()->add_output(), name, sample);
}
void OnnxWriter::add_value(const std::string& name, const Shape& sample) {
  describe(*model_.mutable_graph()->add_value_info(), name, sample);
}

std::string OnnxWriter::constant(const std::string& name, const Tensor& values) {
  auto& tensor = *model_.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type_of(values.dtype()));
  for (const std::int64_t size : values.shape()) tensor.add_dims(size);
  tensor.set_raw_data(values.bytes().data(), values.bytes().size());
  return name;
}

std::string OnnxWriter::number(const std::string& name, float value) {
  return constant(name, Tensor::scalar(value));
}

const std::string& OnnxWriter::node(const std::string& type, const std::string& name,
                                    const std::vector<std::string>& inputs,
                                    const std::string& output, const std::string& domain) {
  auto& node = *model_.mutable_graph()->add_node();
  node.set_op_type(type);
  node.set_name(name);
  if (!domain.empty()) node.set_domain(domain);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node.output(0);
}

onnx::AttributeProto& OnnxWriter::attribute(const std::string& name) {
  auto& graph = *model_.mutable_graph();
  auto& made = *graph.mutable_node(graph.node_size() - 1)->add_attribute();
  made.set_name(name);
  return made;
}

OnnxWriter& OnnxWriter::with(const std::string& name, std::int64_t value) {
  auto& made = attribute(name);
  made.set_type(onnx::AttributeProto::INT);
  made.set_i(value);
  return *this;
}

OnnxWriter& OnnxWriter::with(const std::string& name, const Shape& values) {
  auto& made = attribute(name);
  made.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) made.add_ints(value);
  return *this;
}

OnnxWriter& OnnxWriter::with(const std::string& name, double value) {
  auto& made = attribute(name);
  made.set_type(onnx::AttributeProto::FLOAT);
  made.set_f(static_cast<float>(value));
  return *this;
}

OnnxWriter& OnnxWriter::with(const std::string& name, const char* text) {
  auto& made = attribute(name);
  made.set_type(onnx::AttributeProto::STRING);
  made.set_s(text);
  return *this;
}

std::vector<std::byte> OnnxWriter::bytes() const {
  const std::size_t size = model_.ByteSizeLong();
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw InputError(
        fmt::format("the network takes {} bytes; an ONNX file has less than 2 GiB", size));
  }
  std::vector<std::byte> bytes(size);
  check(model_.SerializeToArray(bytes.data(), static_cast<int>(size)), "a model is serialized");
  return bytes;
}

}  // namespace pare::interop
