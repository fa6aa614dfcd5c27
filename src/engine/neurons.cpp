#include "engine/neurons.h"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "engine/plan_parts.h"
#include "program/broadcast.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::ConstantId;
using program::Interval;
using program::Node;

/// What follows a state through the nodes of a section. Each step returns null where the program
/// does something else.
class Finder {
 public:
  Finder(const PlanRequest& request, const program::Section& section,
         const std::vector<int>& num_readers)
      : request_(request), program_(request.program), num_readers_(num_readers) {
    for (const Node& node : section.nodes) {
      writers_[node.outputs[0].value] = &node;
      for (const BufferId id : node.inputs) readers_[id.value].push_back(&node);
    }
  }

  std::optional<NeuronNodes> find(const program::State& state) {
    found_ = {.state = &state};
    const BufferId membrane = state.buffer;
    // As the plan counts: one node, and twice for being a state.
    if (!is_narrow(membrane) || num_readers(membrane) != 3 || num_readers(state.next) != 1) {
      return std::nullopt;
    }
    const Node* const add = reader<program::Add>(membrane);
    if (add == nullptr || add->inputs[0] == add->inputs[1]) return std::nullopt;
    const BufferId input = add->inputs[0] == membrane ? add->inputs[1] : add->inputs[0];
    potential_ = add->outputs[0];
    if (!is_narrow(input) || !is_narrow(potential_)) return std::nullopt;
    Neurons& neurons = found_.neurons;
    const Shape& shape = program_.buffer(membrane).shape;
    neurons.num_channels = shape.empty() ? 1 : static_cast<std::size_t>(shape.front());
    neurons.num_elements = static_cast<std::size_t>(num_elements(shape));
    if (neurons.num_channels > kMostChannels) return std::nullopt;
    take(add);
    if (!find_spike() || !(find_soft_reset() || find_late_reset() || find_hard_reset())) {
      return std::nullopt;
    }
    take_current(input);
    std::sort(found_.nodes.begin(), found_.nodes.end());
    return std::move(found_);
  }

 private:
  static constexpr std::size_t kMostChannels = std::size_t{1} << 16;

  bool is_narrow(BufferId id) const {
    return element_for(program_.buffer(id).width) != Element::kI64;
  }
  int num_readers(BufferId id) const { return num_readers_[id.value]; }
  void take(const Node* node) { found_.nodes.push_back(node); }

  template <class Op>
  const Node* reader(BufferId id) const {
    const auto readers = readers_.find(id.value);
    if (readers == readers_.end()) return nullptr;
    for (const Node* node : readers->second) {
      if (std::holds_alternative<Op>(node->op)) return node;
    }
    return nullptr;
  }

  /// The only one.
  const Node* only_reader(BufferId id) const {
    const auto readers = readers_.find(id.value);
    if (readers == readers_.end() || readers->second.size() != 1 || num_readers(id) != 1) {
      return nullptr;
    }
    return readers->second.front();
  }

  // -------------------------------------------------------------------------------- constants

  /// One element a channel, if the constant has no more.
  std::optional<std::vector<std::int64_t>> by_channel(const Shape& of, ConstantId id) const {
    const std::vector<std::int64_t> values = program::expand(program_.constant(id));
    const std::size_t channels = found_.neurons.num_channels;
    if (values.size() == 1) return std::vector<std::int64_t>(channels, values.front());
    if (values.size() != channels || static_cast<std::size_t>(of.front()) != channels) {
      return std::nullopt;
    }
    return values;
  }

  /// A list that goes round. None if an element has not 32 bits.
  template <class Get>
  std::optional<AlignedVector<std::int32_t>> cyclic(Get&& get) const {
    AlignedVector<std::int32_t> list(found_.neurons.num_channels + kNeuronBlock);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::int64_t value = get(i % found_.neurons.num_channels);
      if (!fits_bits(32, {value, value})) return std::nullopt;
      list[i] = static_cast<std::int32_t>(value);
    }
    return list;
  }

  // ------------------------------------------------------------------------------------ parts

  /// A threshold of the potential with two such codes.
  const Node* threshold(std::int64_t below, std::int64_t above) const {
    const auto readers = readers_.find(potential_.value);
    for (const Node* node : readers->second) {
      const auto* op = std::get_if<program::Threshold>(&node->op);
      if (op == nullptr || program_.constant(op->thresholds).shape.back() != 1) continue;
      const program::Constant& codes = program_.constant(op->codes);
      if (codes.values.size() == 2 && codes.values[0] == below && codes.values[1] == above) {
        return node;
      }
    }
    return nullptr;
  }

  std::optional<std::vector<std::int64_t>> thresholds_of(const Node& node) const {
    const ConstantId id = std::get<program::Threshold>(node.op).thresholds;
    return by_channel(program_.constant(id).shape, id);
  }

  bool find_spike() {
    const Node* const node = threshold(0, 1);
    if (node == nullptr) return false;
    const auto thresholds = thresholds_of(*node);
    if (!thresholds) return false;
    // What no potential reaches, or every one, need not have 32 bits.
    const Interval potentials = program_.buffer(potential_).width.range();
    auto list = cyclic([&](std::size_t c) {
      return std::clamp((*thresholds)[c] - 1, potentials.lowest - 1, potentials.highest);
    });
    if (!list) return false;
    found_.neurons.silent = std::move(*list);
    found_.spike = node->outputs[0];
    take(node);
    return true;
  }

  /// What a requantize of the spike makes of 1. None unless it makes 0 of 0.
  const Node* find_drop() {
    const Node* const drop = reader<program::Requantize>(found_.spike);
    if (drop == nullptr) return nullptr;
    const auto& op = std::get<program::Requantize>(drop->op);
    const auto factors = factors_of(*drop);
    if (!factors || factors->shift != 0 || op.lowest > 0 || op.highest < 0) return nullptr;
    auto list = cyclic(
        [&](std::size_t c) { return std::clamp(factors->factor[c], op.lowest, op.highest); });
    if (!list) return nullptr;
    found_.neurons.drop = std::move(*list);
    return drop;
  }

  /// A requantize or clamp that writes `to`.
  bool find_leak(const Node* node, BufferId from, BufferId to) {
    found_.neurons.leak = {};
    if (node == nullptr || node->outputs[0] != to || !is_narrow(from) || !is_narrow(to)) {
      return false;
    }
    if (const auto* clamp = std::get_if<program::Clamp>(&node->op)) {
      found_.neurons.leak_range = held(clamp->lowest, clamp->highest, to);
      return true;
    }
    if (!std::holds_alternative<program::Requantize>(node->op)) return false;
    if (find_small_leak(*node)) return true;
    auto made = epilogue(*node);
    if (!made) return false;
    found_.neurons.leak = std::move(*made);
    return true;
  }

  bool find_small_leak(const Node& node) {
    constexpr std::int64_t kMostFactor = std::int64_t{1} << 11;
    const auto factors = factors_of(node);
    if (!factors || factors->shift < 1 || factors->shift > 11) return false;
    const auto [lowest, highest] =
        std::minmax_element(factors->factor.begin(), factors->factor.end());
    const Interval x = program_.buffer(node.inputs[0]).width.range();
    const std::int64_t largest = std::max(-x.lowest, x.highest);
    const auto& op = std::get<program::Requantize>(node.op);
    found_.neurons.leak_range = held(op.lowest, op.highest, node.outputs[0]);
    // Networks often learn to leak nothing.
    if (*lowest == *highest && *lowest == std::int64_t{1} << factors->shift) return true;
    if (*lowest < 0 || *highest > kMostFactor || !is_narrow(node.inputs[0]) ||
        largest * *highest >> factors->shift >= std::int64_t{1} << 29) {
      return false;
    }
    SmallLeak leak{.factor = {}, .shift = factors->shift};
    leak.factor = cyclic([&](std::size_t c) { return factors->factor[c]; }).value();
    found_.neurons.leak = std::move(leak);
    return true;
  }

  /// Of a requantize that does nothing but round half to even x by factors of one 2^-shift.
  struct Factors {
    std::vector<std::int64_t> factor;
    int shift;
  };
  std::optional<Factors> factors_of(const Node& node) const {
    const auto& op = std::get<program::Requantize>(node.op);
    const auto constant = [&](ConstantId id) {
      return by_channel(program_.constant(id).shape, id);
    };
    const auto factor = constant(op.multiplier);
    const auto addend = constant(op.addend);
    const auto shift = constant(op.shift);
    if (!factor || !addend || !shift || op.rounding != program::Rounding::kHalfEven ||
        *std::max_element(addend->begin(), addend->end()) != 0 ||
        *std::min_element(addend->begin(), addend->end()) != 0 ||
        *std::max_element(shift->begin(), shift->end()) !=
            *std::min_element(shift->begin(), shift->end())) {
      return std::nullopt;
    }
    return Factors{*factor, static_cast<int>(shift->front())};
  }

  Interval held(std::int64_t lowest, std::int64_t highest, BufferId y) const {
    const Interval width = program_.buffer(y).width.range();
    return {std::clamp(lowest, width.lowest, width.highest),
            std::clamp(highest, width.lowest, width.highest)};
  }

  /// Of a requantize whose constants have one element a channel.
  std::optional<Epilogue> epilogue(const Node& node) const {
    const auto& op = std::get<program::Requantize>(node.op);
    const BufferId x = node.inputs[0];
    const Shape& shape = program_.buffer(x).shape;
    for (const ConstantId id : {op.multiplier, op.addend, op.shift}) {
      if (!by_channel(program_.constant(id).shape, id)) return std::nullopt;
    }
    const std::size_t channels = found_.neurons.num_channels;
    const std::size_t positions = found_.neurons.num_elements / channels;
    Shape elements(shape.size(), 1);
    if (!elements.empty()) elements.front() = static_cast<std::int64_t>(channels);
    const std::vector<Interval> sums =
        sums_by_output(request_.intervals.buffers[x.value], found_.neurons.num_elements, channels,
                       [&](std::size_t i) { return i / positions; });
    auto made = make_epilogue({.program = program_,
                               .node = node,
                               .sums = sums,
                               .padded_size = channels + kNeuronBlock,
                               .elements = elements,
                               .has_fma = kernels_of(request_.instruction_set).has_fma});
    if (!made) return std::nullopt;
    const auto go_round = [&](auto& list) {
      for (std::size_t i = channels; i < list.size(); ++i) list[i] = list[i % channels];
    };
    go_round(made->multiply_f);
    go_round(made->add_f);
    go_round(made->is_float);
    go_round(made->multiply_d);
    go_round(made->add_d);
    return made;
  }

  // ----------------------------------------------------------------------------------- resets

  BufferId next() const { return found_.state->next; }

  /// next = leak(potential + drop)
  bool find_soft_reset() {
    const Node* const add = reader<program::Add>(potential_);
    const Node* const drop = find_drop();
    if (add == nullptr || drop == nullptr || num_readers(potential_) != 2) return false;
    if (!adds(*add, potential_, drop->outputs[0]) || num_readers(drop->outputs[0]) != 1) {
      return false;
    }
    const Node* const leak = only_reader(add->outputs[0]);
    if (!find_leak(leak, add->outputs[0], next())) return false;
    found_.neurons.reset = SpikeReset::kDropThenLeak;
    for (const Node* node : {drop, add, leak}) take(node);
    return true;
  }

  /// next = clamp(leak(potential) + drop)
  bool find_late_reset() {
    const Node* leak = reader<program::Requantize>(potential_);
    if (leak == nullptr) leak = reader<program::Clamp>(potential_);
    const Node* const drop = find_drop();
    if (leak == nullptr || drop == nullptr || num_readers(potential_) != 2) return false;
    const BufferId left = leak->outputs[0];
    const Node* const add = only_reader(left);
    if (add == nullptr || !std::holds_alternative<program::Add>(add->op) ||
        !adds(*add, left, drop->outputs[0]) || num_readers(drop->outputs[0]) != 1 ||
        !is_narrow(add->outputs[0]) || !find_leak(leak, potential_, left)) {
      return false;
    }
    const Node* const clamp = only_reader(add->outputs[0]);
    if (clamp == nullptr || clamp->outputs[0] != next()) return false;
    const auto* op = std::get_if<program::Clamp>(&clamp->op);
    if (op == nullptr) return false;
    found_.neurons.reset = SpikeReset::kLeakThenDrop;
    found_.neurons.range = held(op->lowest, op->highest, next());
    for (const Node* node : {leak, drop, add, clamp}) take(node);
    return true;
  }

  /// next = leak(potential where nothing spiked, else 0)
  bool find_hard_reset() {
    const Node* const silent = threshold(1, 0);
    const Node* const multiply = reader<program::Multiply>(potential_);
    if (silent == nullptr || multiply == nullptr || num_readers(potential_) != 3 ||
        num_readers(silent->outputs[0]) != 1 || !adds(*multiply, potential_, silent->outputs[0])) {
      return false;
    }
    const Node* const spike = threshold(0, 1);
    if (thresholds_of(*silent) != thresholds_of(*spike)) return false;
    const Node* const leak = only_reader(multiply->outputs[0]);
    if (!find_leak(leak, multiply->outputs[0], next())) return false;
    found_.neurons.reset = SpikeReset::kZero;
    for (const Node* node : {silent, multiply, leak}) take(node);
    return true;
  }

  /// Whether these are the node's two inputs.
  static bool adds(const Node& node, BufferId a, BufferId b) {
    return (node.inputs[0] == a && node.inputs[1] == b) ||
           (node.inputs[0] == b && node.inputs[1] == a);
  }

  /// The requantize that alone leads to the neurons, if kernels can run that, too.
  void take_current(BufferId input) {
    found_.input = input;
    const auto writer = writers_.find(input.value);
    if (writer == writers_.end() || num_readers(input) != 1) return;
    const Node* const node = writer->second;
    if (!std::holds_alternative<program::Requantize>(node->op)) return;
    if (!is_narrow(node->inputs[0])) return;
    if (!find_current_shift(*node)) {
      auto made = epilogue(*node);
      if (!made) return;
      found_.neurons.current = std::move(made);
    }
    found_.input = node->inputs[0];
    take(node);
  }

  /// Whether a requantize multiplies by one power of two, and nothing is clamped.
  bool find_current_shift(const Node& node) {
    const auto factors = factors_of(node);
    if (!factors || factors->shift != 0) return false;
    const std::int64_t factor = factors->factor.front();
    const auto& op = std::get<program::Requantize>(node.op);
    const Interval x = hull(request_.intervals.buffers[node.inputs[0].value]);
    const bool is_one = std::all_of(factors->factor.begin(), factors->factor.end(),
                                    [&](std::int64_t each) { return each == factor; });
    if (!is_one || factor <= 0 || !std::has_single_bit(static_cast<std::uint64_t>(factor)) ||
        !Interval{op.lowest, op.highest}.contains({x.lowest * factor, x.highest * factor})) {
      return false;
    }
    found_.neurons.current_shift = std::countr_zero(static_cast<std::uint64_t>(factor));
    return true;
  }

  const PlanRequest& request_;
  const program::Program& program_;
  const std::vector<int>& num_readers_;
  std::map<std::uint32_t, const Node*> writers_;
  std::map<std::uint32_t, std::vector<const Node*>> readers_;
  NeuronNodes found_;
  BufferId potential_ = {};
};

}  // namespace

std::vector<NeuronNodes> find_neurons(const PlanRequest& request, const program::Section& section,
                                      const std::vector<int>& num_readers) {
  std::vector<NeuronNodes> all;
  Finder finder(request, section, num_readers);
  for (const program::State& state : section.states) {
    if (auto found = finder.find(state)) all.push_back(std::move(*found));
  }
  return all;
}

}  // namespace pare::engine
