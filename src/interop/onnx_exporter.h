#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/quantize.h"
#include "interop/onnx_export.h"
#include "interop/onnx_writer.h"

namespace pare::interop {

/// A quantizer, looked up, as all forms write it.
struct QuantizerPlan {
  graph::Codec codec;
  bool is_binary = false;
  bool is_signed = true;
  bool is_narrow = true;
  int bits = 2;

  /// Whether 8-bit integers hold the codes.
  bool fits_bytes() const;
  DType byte_type() const { return is_signed ? DType::kI8 : DType::kU8; }
  /// One step a scale: what QONNX and ONNX call scales.
  std::vector<float> steps() const;
  std::vector<float> zeros() const;  ///< zero points, as many as steps
};

/// `values` as an initializer of `shape`, or a scalar where there is one.
Tensor list_of(const std::vector<float>& values, const Shape& shape);

/// [1, …] of `rank` axes with `size` at `axis`.
Shape along(std::size_t rank, std::size_t axis, std::size_t size);

/// One walk over a graph's nodes (interop/onnx_export.h).
class OnnxExporter {
 public:
  OnnxExporter(const graph::Graph& graph, OnnxForm form);

  std::vector<std::byte> run() &&;

  // One overload an op; the node is `node_`.
  void operator()(const graph::Linear& op);
  void operator()(const graph::Conv& op);
  void operator()(const graph::MaxPool& op);
  void operator()(const graph::AveragePool& op);
  void operator()(const graph::SumPool& op);
  void operator()(const graph::BatchNorm& op);
  void operator()(const graph::Relu& op);
  void operator()(const graph::LeakyRelu& op);
  void operator()(const graph::Sigmoid& op);
  void operator()(const graph::Tanh& op);
  void operator()(const graph::Table& op);
  void operator()(const graph::Softmax& op);
  void operator()(const graph::Dropout& op);
  void operator()(const graph::Add& op);
  void operator()(const graph::Concat& op);
  void operator()(const graph::Flatten& op);
  void operator()(const graph::Reshape& op);
  void operator()(const graph::Transpose& op);
  void operator()(const graph::Quantize& op);
  void operator()(const graph::Repeat&) { fail_time(); }
  void operator()(const graph::SumOverTime&) { fail_time(); }
  void operator()(const graph::Spike&) { fail_time(); }

 private:
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail_time() const {
    fail("spikes and time have no ONNX form; export the program (--to c)");
  }
  std::string& name_of(graph::WireId wire) { return names_.at(wire.value); }
  const std::string& input(std::size_t i = 0) { return name_of(node_->inputs.at(i)); }
  const Shape& input_shape() const { return wires_[node_->inputs.front().value].shape; }
  const std::string& output() { return name_of(node_->outputs.front()); }
  std::string hidden(const std::string& suffix) const { return node_->name + "." + suffix; }
  OnnxWriter& node(const char* type, const std::vector<std::string>& inputs);
  OnnxWriter& slide(const graph::PoolWindow& window);
  void average(const graph::PoolWindow& window, bool counts_padding, const std::string& to);
  void write_input();

  // Parameters (onnx_export_parameters.cpp).
  std::vector<float> steps_for(const graph::Parameter& parameter) const;
  /// The initializer of that parameter, or what a node makes of it; `write` makes it once.
  std::string once(const graph::Parameter& parameter, const std::function<std::string()>& write);
  std::string plain(graph::ParameterId id);
  std::string parameter(graph::ParameterId id);
  std::string qonnx_parameter(const graph::Parameter& parameter, const QuantizerPlan& plan);
  std::string qdq_parameter(const graph::Parameter& parameter, const QuantizerPlan& plan);

  // Quantizers (onnx_export_quantizers.cpp).
  QuantizerPlan plan_of(const graph::Quantizer& quantizer, const Tensor& values,
                        const std::vector<float>& steps) const;
  void remember(const std::string& node, const QuantizerPlan& plan);
  void qonnx(const QuantizerPlan& plan, const std::string& name, const std::string& from,
             const std::string& to, const Shape& lists);
  void quantize_and_back(const QuantizerPlan& plan);
  void expand(const QuantizerPlan& plan);
  void signs(const QuantizerPlan& plan);
  const char* rounding_mode(graph::Rounding rounding) const;
  const char* rounding_operator(graph::Rounding rounding) const;

  const graph::Graph& graph_;
  OnnxForm form_;
  std::vector<graph::WireInfo> wires_;
  OnnxWriter writer_;
  std::vector<std::string> names_;              ///< of ONNX values, by WireId
  std::map<std::string, std::string> written_;  ///< parameters by name: their value in the file
  nlohmann::json metadata_;
  const graph::Node* node_ = nullptr;
};

}  // namespace pare::interop
