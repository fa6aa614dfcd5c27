#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

#include "base/tensor.h"

namespace pare::interop {

/// Puts an ONNX model together, node by node.
class OnnxWriter {
 public:
  /// A model of the operators of `opset`. `doc` is for people.
  OnnxWriter(const std::string& name, std::int64_t opset, const std::string& doc);

  void use_domain(const std::string& domain, std::int64_t version);
  void add_metadata(const std::string& key, const std::string& value);

  // Values of float32 [batch, sample …]: the model's ends, and what Netron shows between them.
  void add_input(const std::string& name, const Shape& sample);
  void add_output(const std::string& name, const Shape& sample);
  void add_value(const std::string& name, const Shape& sample);

  /// An initializer; returns its name.
  std::string constant(const std::string& name, const Tensor& values);
  std::string number(const std::string& name, float value);

  /// A node of one output, called `name`; returns the output.
  const std::string& node(const std::string& type, const std::string& name,
                          const std::vector<std::string>& inputs, const std::string& output,
                          const std::string& domain = "");

  // Attributes of the last node.
  OnnxWriter& with(const std::string& name, std::int64_t value);
  OnnxWriter& with(const std::string& name, const Shape& values);
  OnnxWriter& with(const std::string& name, double value);
  OnnxWriter& with(const std::string& name, const char* text);

  /// The file's bytes. Throws InputError if it would have 2 GiB or more.
  std::vector<std::byte> bytes() const;

 private:
  onnx::AttributeProto& attribute(const std::string& name);
  void describe(onnx::ValueInfoProto& value, const std::string& name, const Shape& sample);

  onnx::ModelProto model_;
};

}  // namespace pare::interop
