#include "double_onnx.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace pare::bench {
namespace {

using Numbers = std::vector<std::int64_t>;

bool is_quantizer(const onnx::NodeProto& node) {
  return node.op_type() == "Quant" || node.op_type() == "BipolarQuant";
}

Numbers numbers_of(const onnx::NodeProto& node, const char* name, Numbers otherwise) {
  for (const auto& found : node.attribute()) {
    if (found.name() == name) return {found.ints().begin(), found.ints().end()};
  }
  return otherwise;
}

/// Every float32 value v has a twin of doubles, twin(v), from the node that computes it or by a
/// cast of v. Quantizers read and write v, all others the twins.
class Doubler {
 public:
  explicit Doubler(const onnx::ModelProto& model) : to_(model), from_(model) {
    graph().clear_node();
  }

  onnx::ModelProto run() && {
    std::set<std::string> constants;
    for (const auto& tensor : from_.graph().initializer()) {
      constants.insert(tensor.name());
      if (tensor.data_type() == onnx::TensorProto::FLOAT) widen(tensor.name());
    }
    for (const auto& input : from_.graph().input()) {
      if (!constants.contains(input.name())) widen(input.name());
    }
    for (const auto& node : from_.graph().node()) add(node);
    return std::move(to_);
  }

 private:
  onnx::GraphProto& graph() { return *to_.mutable_graph(); }

  static std::string twin(const std::string& value) { return value + ".double"; }

  /// The twin of a float32 value, integers as they are.
  std::string read(const std::string& value) const {
    return floats_.contains(value) ? twin(value) : value;
  }

  onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::string& output) {
    auto& made = *graph().add_node();
    made.set_op_type(type);
    for (const std::string& input : inputs) made.add_input(input);
    made.add_output(output);
    return made;
  }

  static void set(onnx::NodeProto& node, const char* name, const Numbers& values) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute.add_ints(value);
  }

  void cast(const std::string& from, const std::string& to, onnx::TensorProto::DataType type) {
    auto& attribute = *node("Cast", {from}, to).add_attribute();
    attribute.set_name("to");
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(type);
  }

  void widen(const std::string& value) {
    cast(value, twin(value), onnx::TensorProto::DOUBLE);
    floats_.insert(value);
  }

  std::string integers(const std::string& name, const Numbers& values) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) tensor.add_int64_data(value);
    return name;
  }

  static bool is_float_constant(const onnx::NodeProto& node) {
    return node.op_type() == "Constant" && node.attribute_size() == 1 &&
           (node.attribute(0).type() == onnx::AttributeProto::FLOAT ||
            node.attribute(0).t().data_type() == onnx::TensorProto::FLOAT);
  }

  void add(const onnx::NodeProto& node) {
    if (is_quantizer(node) || is_float_constant(node)) {
      *graph().add_node() = node;
      widen(node.output(0));
      return;
    }
    const bool reads_floats =
        node.op_type() != "Shape" && node.input_size() > 0 && floats_.contains(node.input(0));
    if (!reads_floats) {
      *graph().add_node() = node;
      return;
    }
    if (node.op_type() == "Conv") {
      convolve(node);
    } else {
      auto& made = *graph().add_node();
      made = node;
      for (int i = 0; i < node.input_size(); ++i) made.set_input(i, read(node.input(i)));
      made.set_output(0, twin(node.output(0)));
    }
    floats_.insert(node.output(0));
    cast(twin(node.output(0)), node.output(0), onnx::TensorProto::FLOAT);
  }

  /// Sums over the taps of [batch, positions, inputs] times [inputs, outputs], the channels last.
  void convolve(const onnx::NodeProto& conv) {
    const Numbers kernel = numbers_of(conv, "kernel_shape", {});
    const std::size_t axes = kernel.size();
    for (const auto& attribute : conv.attribute()) {
      const bool is_grouped = attribute.name() == "group" && attribute.i() != 1;
      if (is_grouped) throw InputError(conv.name() + ": group");
    }
    if (axes == 0) throw InputError(conv.name() + ": no kernel_shape");
    const std::string& y = conv.output(0);
    Numbers order(axes + 2);  // of the channels last
    std::iota(order.begin() + 1, order.end() - 1, 2);
    order.back() = 1;
    set(node("Transpose", {padded(conv, axes)}, y + ".last"), "perm", order);
    std::string sum;
    const std::int64_t taps =
        std::accumulate(kernel.begin(), kernel.end(), std::int64_t{1}, std::multiplies<>());
    for (std::int64_t n = 0; n < taps; ++n) {
      const std::string product = tap(conv, n, kernel);
      if (n > 0) node("Add", {sum, product}, product + ".sum");
      sum = n > 0 ? product + ".sum" : product;
    }
    if (conv.input_size() > 2) {
      node("Add", {sum, read(conv.input(2))}, y + ".biased");
      sum = y + ".biased";
    }
    Numbers back(axes + 2);  // of the channels in front
    std::iota(back.begin() + 2, back.end(), 1);
    back[1] = static_cast<std::int64_t>(axes) + 1;
    set(node("Transpose", {sum}, twin(y)), "perm", back);
  }

  /// In front of and behind each axis.
  static Numbers pads_of(const onnx::NodeProto& conv, std::size_t axes) {
    std::string mode = "NOTSET";
    for (const auto& attribute : conv.attribute()) {
      if (attribute.name() == "auto_pad") mode = attribute.s();
    }
    if (mode == "NOTSET") return numbers_of(conv, "pads", Numbers(2 * axes));
    const Numbers kernel = numbers_of(conv, "kernel_shape", {});
    const Numbers ones(axes, 1);
    const Numbers dilations = numbers_of(conv, "dilations", ones);
    if (mode != "SAME_UPPER" || numbers_of(conv, "strides", ones) != ones) {
      throw InputError(conv.name() + ": auto_pad " + mode);
    }
    Numbers pads(2 * axes);
    for (std::size_t axis = 0; axis < axes; ++axis) {
      const std::int64_t both = (kernel[axis] - 1) * dilations[axis];
      pads[axis] = both / 2;
      pads[axes + axis] = both - both / 2;
    }
    return pads;
  }

  std::string padded(const onnx::NodeProto& conv, std::size_t axes) {
    const Numbers pads = pads_of(conv, axes);
    Numbers all(2 * (axes + 2));
    for (std::size_t axis = 0; axis < axes; ++axis) {
      all[2 + axis] = pads[axis];
      all[axes + 4 + axis] = pads[axes + axis];
    }
    const std::string name = conv.output(0) + ".padded";
    node("Pad", {read(conv.input(0)), integers(name + ".pads", all)}, name);
    return name;
  }

  std::string tap(const onnx::NodeProto& conv, std::int64_t n, const Numbers& kernel) {
    const std::size_t axes = kernel.size();
    const Numbers strides = numbers_of(conv, "strides", Numbers(axes, 1));
    const Numbers dilations = numbers_of(conv, "dilations", Numbers(axes, 1));
    const std::string name = conv.output(0) + ".tap" + std::to_string(n);
    Numbers at(axes);
    Numbers after(axes);
    Numbers first(axes);
    Numbers last(axes);
    Numbers input_axes(axes);
    Numbers weight_axes(axes);
    for (std::size_t axis = axes; axis-- > 0; n /= kernel[axis]) {
      at[axis] = n % kernel[axis];
      after[axis] = at[axis] + 1;
      first[axis] = at[axis] * dilations[axis];
      const std::int64_t behind = (kernel[axis] - 1 - at[axis]) * dilations[axis];
      last[axis] = behind == 0 ? std::numeric_limits<std::int64_t>::max() : -behind;
      input_axes[axis] = static_cast<std::int64_t>(axis) + 1;
      weight_axes[axis] = static_cast<std::int64_t>(axis) + 2;
    }
    node(
        "Slice",
        {conv.output(0) + ".last", integers(name + ".first", first), integers(name + ".last", last),
         integers(name + ".axes", input_axes), integers(name + ".steps", strides)},
        name + ".x");
    node("Slice",
         {read(conv.input(1)), integers(name + ".at", at), integers(name + ".after", after),
          integers(name + ".weight_axes", weight_axes)},
         name + ".w");
    node("Reshape", {name + ".w", integers(name + ".flat", {0, 0})}, name + ".matrix");
    set(node("Transpose", {name + ".matrix"}, name + ".columns"), "perm", {1, 0});
    node("MatMul", {name + ".x", name + ".columns"}, name);
    return name;
  }

  onnx::ModelProto to_;
  const onnx::ModelProto& from_;
  std::set<std::string> floats_;
};

}  // namespace

onnx::ModelProto in_double(const onnx::ModelProto& model) { return Doubler(model).run(); }

}  // namespace pare::bench
