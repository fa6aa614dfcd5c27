#include "engine/neuron_order.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/group_order.h"
#include "engine/measured_kernels.h"
#include "engine/plan_parts.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::Constant;
using program::ConstantId;
using program::Node;
using program::Program;
using program::Section;

/// A constant whose first axis is neurons, and how many more it has.
struct ByNeuron {
  ConstantId id;
  std::size_t num_axes_behind = 0;
};

/// Those of an element-wise op of one input; none if it is no such op.
std::optional<std::vector<ByNeuron>> constants_of(const program::Op& op) {
  if (const auto* requantize = std::get_if<program::Requantize>(&op)) {
    return {{{requantize->multiplier}, {requantize->addend}, {requantize->shift}}};
  }
  if (const auto* threshold = std::get_if<program::Threshold>(&op)) {
    return {{{threshold->thresholds, 1}, {threshold->codes, 1}}};
  }
  if (const auto* lookup = std::get_if<program::Lookup>(&op)) return {{{lookup->table, 1}}};
  if (std::holds_alternative<program::Clamp>(op)) return std::vector<ByNeuron>();
  return std::nullopt;
}

/// All of a constant in the order of its first axis.
void reorder(Constant& constant, std::span<const std::uint32_t> order) {
  const std::size_t size = constant.values.size() / order.size();
  std::vector<std::int64_t> values;
  for (const std::uint32_t from : order) {
    const auto part = std::span(constant.values).subspan(from * size, size);
    values.insert(values.end(), part.begin(), part.end());
  }
  constant.values = std::move(values);
}

void reorder_columns(Constant& weight, std::span<const std::uint32_t> order) {
  const std::vector<std::int64_t> values = weight.values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t column = i % order.size();
    weight.values[i] = values[i - column + order[column]];
  }
}

class Orderer {
 public:
  explicit Orderer(Program& program) : program_(program) {
    for (const BufferId id : program_.outputs) count_reader(id);
    for (const Section& section : program_.sections) {
      for (const program::State& state : section.states) {
        count_reader(state.next);
        // What is a state at the end of a step is one at its beginning.
        num_readers_[state.buffer.value] += 2;
        count_use(state.initial);
      }
      for (const Node& node : section.nodes) {
        for (const BufferId id : node.inputs) count_reader(id);
        count_uses(node.op);
      }
    }
  }

  void order_all() {
    for (const Section& section : program_.sections) {
      for (const Node& node : section.nodes) {
        if (std::holds_alternative<program::Linear>(node.op)) order_inputs(section, node);
      }
    }
  }

 private:
  void count_reader(BufferId id) { ++num_readers_[id.value]; }
  void count_use(ConstantId id) { ++num_uses_[id.value]; }

  void count_uses(const program::Op& op) {
    if (const auto layer = program::layer_constants(op)) {
      count_use(layer->weight);
      if (layer->bias) count_use(*layer->bias);
    } else if (const auto constants = constants_of(op)) {
      for (const ByNeuron& constant : *constants) count_use(constant.id);
    }
  }

  /// A linear op that alone uses its constants.
  const program::Linear* own_linear(const Node& node) const {
    const auto* op = std::get_if<program::Linear>(&node.op);
    if (op == nullptr || op->predicate_block || num_uses_.at(op->weight.value) != 1) return nullptr;
    if (op->bias && num_uses_.at(op->bias->value) != 1) return nullptr;
    return program_.constant(op->weight).circulant ? nullptr : op;
  }

  static const Node* writer_of(const Section& section, BufferId id) {
    const auto node = std::ranges::find_if(
        section.nodes, [&](const Node& other) { return other.outputs[0] == id; });
    return node == section.nodes.end() ? nullptr : &*node;
  }

  /// Whether a constant has a part for each neuron, which can be moved, or one for all of them.
  bool can_reorder(const ByNeuron& constant) const {
    return is_for_all(constant) || num_uses_.at(constant.id.value) == 1;
  }
  bool is_for_all(const ByNeuron& constant) const {
    const Shape& shape = program_.constant(constant.id).shape;
    return num_elements(shape) == 1 || shape.size() == constant.num_axes_behind || shape[0] == 1;
  }

  struct Moved {
    std::vector<ConstantId> constants;
    std::vector<BufferId> buffers;
  };

  /// What must be moved along when the neurons of a buffer are, back to the op that sums them up;
  /// none if they must stay.
  std::optional<Moved> moved_with(const Section& section, BufferId id) const {
    Moved moved;
    while (num_readers_.at(id.value) == 1 && program_.buffer(id).shape.size() == 1) {
      const Node* node = writer_of(section, id);
      if (node == nullptr) return std::nullopt;
      moved.buffers.push_back(id);
      if (const program::Linear* linear = own_linear(*node)) {
        moved.constants.push_back(linear->weight);
        if (linear->bias) moved.constants.push_back(*linear->bias);
        return moved;
      }
      const auto constants = constants_of(node->op);
      if (!constants) return std::nullopt;
      for (const ByNeuron& constant : *constants) {
        if (!can_reorder(constant)) return std::nullopt;
        if (!is_for_all(constant)) moved.constants.push_back(constant.id);
      }
      id = node->inputs[0];
    }
    return std::nullopt;
  }

  void order_inputs(const Section& section, const Node& node) {
    const program::Linear* op = own_linear(node);
    if (op == nullptr || !is_pruned(program_.constant(op->weight))) return;
    Constant& weight = program_.constants[op->weight.value];
    const std::size_t size =
        interleave_for(program_.buffer(node.inputs[0]).width.range(), hull_of(weight.values));
    if (size == 0) return;
    const auto moved = moved_with(section, node.inputs[0]);
    if (!moved) return;
    const std::vector<std::uint32_t> order =
        group_order(weight.values, static_cast<std::size_t>(weight.shape[0]), size);
    reorder_columns(weight, order);
    for (const ConstantId id : moved->constants) reorder(program_.constants[id.value], order);
    // Which lists channels in the order of the wire.
    for (const BufferId id : moved->buffers) program_.buffers[id.value].origin.reset();
  }

  Program& program_;
  std::vector<int> num_readers_ = std::vector<int>(program_.buffers.size());
  std::vector<int> num_uses_ = std::vector<int>(program_.constants.size());
};

}  // namespace

Program order_neurons(Program program) {
  Orderer(program).order_all();
  return program;
}

}  // namespace pare::engine
