#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"
#include "interop/onnx_constant.h"
#include "interop/onnx_file.h"
#include "interop/onnx_import.h"
#include "interop/onnx_metadata.h"

namespace pare::interop {

/// A value of the file that depends on the network's input, as a wire of the graph: the same
/// elements in row-major order, under a shape that may differ (what reshapes it is put in where an
/// op needs the shape), with zeros around it that are not there yet.
struct WireView {
  graph::WireId wire;
  Shape shape;         ///< of one sample, in the file
  Shape padding = {};  ///< in front of each spatial axis, then behind each; empty: none
  /// Between QuantizeLinear and DequantizeLinear the file has integers where the wire has what they
  /// stand for.
  std::optional<QuantizerSpec> codes = std::nullopt;
  /// What the file's metadata say of the quantizer, of fewer bits than its integers have.
  std::optional<QuantizerNote> note = std::nullopt;
  /// The node of the file that gave it a shape other than the wire's; empty: none did.
  std::string reshaped_by = {};
  /// Whether nothing but this view can reach the wire, so that its node may still be changed.
  bool is_sole = true;
};

using OnnxTensor = std::variant<Constant, WireView>;

/// One walk over a file's nodes (interop/onnx_import.h).
class OnnxTranslator {
 public:
  OnnxTranslator(OnnxFile file, const std::string& origin, const ImportOptions& options);

  Imported run() &&;

 private:
  using Rule = void (OnnxTranslator::*)();
  static Rule find_rule(const OnnxNode& node);
  void refuse_unknown() const;
  void start();
  void recall_input();
  void finish();
  void count_reads();
  /// Adds to held_; fails if that is more than a file of its size has a use for.
  void hold(std::size_t bytes);
  /// Lets go of the constants that are not read behind the node.
  void release_constants();
  void drop_dead_nodes();
  void put_biases_on_accumulators();

  // One rule an operator; the node is `node_`.
  void identity();
  void dropout();
  void constant();
  void cast();
  void shape();
  void gather();
  void flatten();
  void reshape();
  void squeeze();
  void unsqueeze();
  void transpose();
  void depth_to_space();
  void concat();
  void add();
  void subtract();
  void multiply();
  void divide();
  void power();
  void clip();
  void relu();
  void leaky_relu();
  void sigmoid();
  void tanh();
  void softmax();
  void batch_norm();
  void mat_mul();
  void gemm();
  void conv();
  void pad();
  void max_pool();
  void average_pool();
  void global_average_pool();
  void global_max_pool();
  void quant();
  void bipolar_quant();
  void trunc();
  void quantize_linear();
  void dequantize_linear();
  void q_linear_conv();
  void q_linear_mat_mul();

  // The node's attributes and inputs (onnx_translator.cpp).
  std::string who() const;
  [[noreturn]] void fail(const std::string& what) const;
  std::int64_t int_attribute(const std::string& name, std::int64_t otherwise) const;
  /// The shortest decimal number that is the attribute's float32: what its writer meant.
  double float_attribute(const std::string& name, double otherwise) const;
  std::string text_attribute(const std::string& name, const std::string& otherwise) const;
  Shape ints_attribute(const std::string& name, const Shape& otherwise) const;
  bool has_attribute(const std::string& name) const { return node_->attributes.contains(name); }
  bool has_input(std::size_t number) const;
  const OnnxTensor& input(std::size_t number) const;
  bool is_constant(std::size_t number) const;
  bool are_constant() const;  ///< all inputs
  const Constant& constant_input(std::size_t number) const;
  Tensor plain_input(std::size_t number) const;
  double number_input(std::size_t number, double otherwise) const;
  Shape ints_input(std::size_t number) const;
  WireView any_wire_input(std::size_t number) const;  ///< of integers too
  WireView wire_input(std::size_t number) const;
  Shape axes_of(const std::string& attribute, std::size_t number) const;
  std::size_t normal_axis(std::int64_t axis, std::size_t rank) const;
  void write(OnnxTensor tensor);
  void write_wire(WireView view, graph::WireId wire);

  // Wires and nodes of the graph (onnx_translator.cpp).
  const Shape& shape_of(graph::WireId wire) const { return infos_.at(wire.value).shape; }
  std::string new_name(const std::string& wanted);
  std::string node_name();
  graph::WireId append(const std::string& name, graph::Op op, std::vector<graph::WireId> inputs);
  graph::Node* producer_of(graph::WireId wire);
  graph::ParameterId add_parameter(const std::string& name, graph::Role role, Tensor values);
  /// The wire under another shape; `name` is that of the node it takes, empty: of the wire's.
  graph::WireId with_shape(graph::WireId wire, const Shape& shape, const std::string& name = "");
  graph::WireId materialised(const WireView& view);
  void element_wise(graph::Op op);

  // Shapes (onnx_shapes.cpp).
  Shape full_shape(const WireView& view) const;
  Shape sample_shape(const WireView& view, Shape with_batch) const;
  void reshape_constant(Shape shape);
  void reshape_wire(Shape with_batch);
  WireView rearranged(WireView view, const Shape& order);
  void along_axis(std::size_t axis, graph::Op op, std::vector<WireView> views);

  // Arithmetic with constants (onnx_arithmetic.cpp).
  bool fold_division_into_input(const WireView& view, const Tensor& divisor);
  std::size_t channels_of(graph::WireId wire) const;
  void combine(const std::function<double(double, double)>& op);
  void scale_and_shift(const WireView& view, const Tensor& gain, const Tensor& shift);
  bool fold_into_bias(const WireView& view, const Constant& addend);
  bool fold_into_input(const WireView& view, const std::vector<double>& gain,
                       const std::vector<double>& shift);
  graph::WireId affine(const WireView& view, graph::WireId wire, std::vector<double> gain,
                       std::vector<double> shift);

  // Layers and poolings (onnx_layers.cpp).
  graph::ParameterId add_weight(const std::string& name, graph::Role role, Constant constant);
  void linear(const WireView& view, Constant weight, const std::optional<Constant>& bias);
  void convolve(const WireView& view, const Constant& weight, const std::optional<Constant>& bias);
  /// Of the node's attributes, checked and padded as auto_pad says. `kernel` empty: the node says
  /// it.
  graph::PoolWindow slide_of(const Shape& sample, Shape kernel) const;
  Shape same_padding(const Shape& sample, const graph::PoolWindow& slide, bool is_upper) const;
  void extend_by_ceil(const Shape& sample, graph::PoolWindow& slide) const;
  graph::PoolWindow pool_window(const Shape& sample) const;
  void pool(WireView view, graph::Op op);

  // Quantizers (onnx_quantizers.cpp).
  QuantizerSpec qonnx_spec() const;
  QuantizerSpec linear_spec(std::size_t scale, std::size_t zero, std::size_t rank,
                            std::int64_t axis) const;
  /// Ranges of a note, where its quotients are the file's scales.
  void recall(QuantizerSpec& spec, const QuantizerNote& note) const;
  graph::Quantizer add_quantizer(const std::string& name, const QuantizerSpec& spec,
                                 const Shape& shape, bool is_wire);
  WireView quantized(WireView view, const QuantizerSpec& spec);
  Constant dequantized(const Tensor& codes, const QuantizerSpec& spec) const;
  WireView decoded(std::size_t number, const QuantizerSpec& spec) const;
  void narrow_codes(const WireView& view, double lowest, double highest);
  void requantize_output(const QuantizerSpec& spec);

  OnnxFile file_;  ///< its initializers move to tensors_
  const std::string& origin_;
  const ImportOptions& options_;
  const OnnxNode* node_ = nullptr;
  nlohmann::json metadata_;  ///< of pare, null if there is none
  std::int64_t batch_ = 1;   ///< what the file says, or a number that stands for it
  Imported result_;
  graph::Graph& graph_ = result_.graph;
  std::vector<graph::WireInfo> infos_;                 ///< by WireId
  std::vector<std::optional<std::size_t>> producers_;  ///< by WireId, index into nodes
  std::map<std::string, OnnxTensor> tensors_;          ///< by the file's names
  std::map<std::string, int> num_reads_;               ///< by nodes other than Shape
  std::map<std::string, int> reads_left_;              ///< by any node, or as the output
  std::size_t held_ = 0;       ///< bytes of constants that may still be read, and of parameters
  std::size_t most_held_ = 0;  ///< a file that needs more is refused
  std::map<std::string, int> names_;  ///< of nodes, wires, parameters: how often each was wanted
  struct Affine {
    std::vector<double> gain, shift;
  };
  std::map<std::string, Affine> affines_;  ///< by node: before they are rounded to float32
};

}  // namespace pare::interop
