#include "cost/traffic.h"

#include <algorithm>

#include "cost/operations.h"

namespace pare::cost {
namespace {

using program::ConstantId;

/// The constants of an op, read once.
class ConstantReads {
 public:
  ConstantReads(const program::Program& program, const program::Node& node)
      : program_(program), size_(num_elements(program.buffer(node.inputs.front()).shape)) {}

  Traffic operator()(const program::Linear& op) { return layer(op.weight, op.bias); }
  Traffic operator()(const program::Conv& op) { return layer(op.weight, op.bias); }
  Traffic operator()(const program::Requantize& op) {
    for (const ConstantId id : {op.multiplier, op.addend, op.shift}) {
      add(dense_bits(program_.constant(id)));
    }
    return traffic_;
  }
  Traffic operator()(const program::Threshold& op) {
    const program::Constant& codes = program_.constant(op.codes);
    const int width = program_.constant(op.thresholds).width.bits;
    add(size_ * (num_comparisons(program_, op) * width + codes.width.bits));
    return traffic_;
  }
  Traffic operator()(const program::Lookup& op) {
    add(size_ * program_.constant(op.table).width.bits);
    return traffic_;
  }
  Traffic operator()(const program::MaxPool&) { return {}; }
  Traffic operator()(const program::SumPool&) { return {}; }
  Traffic operator()(const program::Maximum&) { return {}; }
  Traffic operator()(const program::Multiply&) { return {}; }
  Traffic operator()(const program::Clamp&) { return {}; }
  Traffic operator()(const program::Add&) { return {}; }
  Traffic operator()(const program::Concat&) { return {}; }
  Traffic operator()(const program::Copy&) { return {}; }
  Traffic operator()(const program::Transpose&) { return {}; }
  Traffic operator()(const program::ArgMax&) { return {}; }

 private:
  Traffic layer(ConstantId weight, const std::optional<ConstantId>& bias) {
    add_with_zeros(weight);
    if (bias) add_with_zeros(*bias);
    return traffic_;
  }

  void add(std::int64_t bits) {
    traffic_.constant_bits += bits;
    traffic_.nonzero_constant_bits += bits;
  }
  void add_with_zeros(ConstantId id) {
    traffic_.constant_bits += dense_bits(program_.constant(id));
    traffic_.nonzero_constant_bits += nonzero_bits(program_.constant(id));
  }

  const program::Program& program_;
  std::int64_t size_;
  Traffic traffic_;
};

std::int64_t activation_bits(const program::Program& program, const program::Node& node,
                             const Storage& storage) {
  std::int64_t bits = 0;
  const auto add = [&](program::BufferId id) {
    if (!storage.is_stored[id.value]) return;
    const program::Buffer& buffer = program.buffer(id);
    bits += num_elements(buffer.shape) * buffer.width.bits;
  };
  std::for_each(node.inputs.begin(), node.inputs.end(), add);
  std::for_each(node.outputs.begin(), node.outputs.end(), add);
  return bits;
}

}  // namespace

std::int64_t dense_bits(const program::Constant& constant) {
  return static_cast<std::int64_t>(constant.values.size()) * program::bits_of_element(constant);
}

std::int64_t nonzero_bits(const program::Constant& constant) {
  const auto count = std::count_if(constant.values.begin(), constant.values.end(),
                                   [](std::int64_t x) { return x != 0; });
  return static_cast<std::int64_t>(count) * program::bits_of_element(constant);
}

Traffic traffic_of(const program::Program& program, const program::Node& node,
                   const Storage& storage) {
  Traffic traffic = std::visit(ConstantReads(program, node), node.op);
  traffic.activation_bits = activation_bits(program, node, storage);
  return traffic;
}

}  // namespace pare::cost
