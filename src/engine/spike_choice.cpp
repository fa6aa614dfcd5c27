#include "engine/spike_choice.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/plan_parts.h"
#include "engine/spike_sums.h"
#include "program/windows.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::Node;

/// The weights behind a SpikeConv.
struct Candidate {
  const Node* node;
  BufferId x;  ///< the spikes
  std::vector<std::int64_t> weight;
  SpikeConv conv;
};

/// [C] or [C, up to three axes]?
bool has_grid(const Shape& shape) { return !shape.empty() && shape.size() <= 4; }

/// One window of the whole input.
graph::Window whole(const Grid& grid) {
  graph::Window window;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto size = static_cast<std::int64_t>(grid.size[i]);
    window.axes[i] = {.input = size, .kernel = size};
  }
  return window;
}

class Chooser {
 public:
  Chooser(const PlanRequest& request, const program::Section& section,
          const std::vector<int>& num_readers, const AxisOrder& order)
      : request_(request),
        program_(request.program),
        section_(section),
        num_readers_(num_readers),
        order_(order) {}

  SectionSpikes choose() {
    made_.neurons = find_neurons(request_, section_, num_readers_);
    std::erase_if(made_.neurons,
                  [&](const NeuronNodes& found) { return !has_grid(shape(found.state->buffer)); });
    if (made_.neurons.empty()) return {};
    for (const NeuronNodes& found : made_.neurons) produced_.insert(found.spike.value);
    for (const Node& node : section_.nodes) find(node);
    take_layers();
    for (const std::uint32_t id : produced_) made_.grids[id] = grid(id);
    count_readers();
    return std::move(made_);
  }

 private:
  const Shape& shape(BufferId id) const { return program_.buffer(id).shape; }
  Grid grid(std::uint32_t id) const { return grid_of(shape({id}), order_); }

  /// Whether a buffer holds spikes that a layer can read.
  bool has_spikes(BufferId id) const {
    return produced_.contains(id.value) ||
           (program_.buffer(id).width == program::Width{1, false} && has_grid(shape(id)));
  }

  void find(const Node& node) {
    const BufferId x = node.inputs[0];
    if (const auto* conv = std::get_if<program::Conv>(&node.op)) {
      if (conv->groups == 1 && has_spikes(x)) add_conv(node, *conv);
    } else if (const auto* linear = std::get_if<program::Linear>(&node.op)) {
      if (!linear->predicate_block) add_linear(node, *linear);
    } else if (std::holds_alternative<program::MaxPool>(node.op)) {
      if (!produced_.contains(x.value)) return;
      made_.pools.insert(&node);
      produced_.insert(node.outputs[0].value);
    } else if (std::holds_alternative<program::Copy>(node.op)) {
      const BufferId y = node.outputs[0];
      if (produced_.contains(x.value) && shape(y).size() == 1) copies_[y.value] = &node;
    }
  }

  void add_conv(const Node& node, const program::Conv& op) {
    const Shape& weight = program_.constant(op.weight).shape;
    add(node, node.inputs[0], op.weight, op.bias,
        {.window = window_of(program_, node, op),
         .num_channels = static_cast<std::size_t>(weight[1]),
         .num_outputs = static_cast<std::size_t>(weight[0])});
  }

  void add_linear(const Node& node, const program::Linear& op) {
    const auto copy = copies_.find(node.inputs[0].value);
    const BufferId x = copy != copies_.end() ? copy->second->inputs[0] : node.inputs[0];
    if (!has_spikes(x) || shape(node.inputs[0]).size() != 1) return;
    const Grid from = grid(x.value);
    add(node, x, op.weight, op.bias,
        {.window = whole(from),
         .num_channels = from.num_channels,
         .num_outputs = static_cast<std::size_t>(program_.constant(op.weight).shape[0])});
  }

  void add(const Node& node, BufferId x, program::ConstantId weight,
           const std::optional<program::ConstantId>& bias, SpikeConv conv) {
    const auto& sums = request_.intervals.partial_sums[node.outputs[0].value];
    const BufferId y = node.outputs[0];
    if (!sums || element_for(program_.buffer(y).width) == Element::kI64) return;
    conv.sums = *sums;
    if (bias) conv.bias = program_.constant(*bias).values;
    candidates_.push_back({&node, x, program::expand(program_.constant(weight)), conv});
    candidates_.back().conv.weight = candidates_.back().weight;
  }

  void take_layers() {
    for (const Candidate& candidate : candidates_) {
      auto sums =
          make_spike_sums(candidate.conv, order_, request_.instruction_set, request_.preferred);
      if (!sums) continue;
      made_.layers[candidate.node] = {candidate.x,
                                      std::make_shared<const SpikeSums>(std::move(*sums)),
                                      sole_reader(candidate.node->outputs[0])};
    }
  }

  /// The neurons that alone read a buffer, or null.
  const NeuronNodes* sole_reader(BufferId id) const {
    if (num_readers_[id.value] != 1) return nullptr;
    for (const NeuronNodes& found : made_.neurons) {
      if (found.input == id) return &found;
    }
    return nullptr;
  }

  void count_readers() {
    for (const auto& [y, copy] : copies_) {
      const auto num_layers =
          std::count_if(made_.layers.begin(), made_.layers.end(),
                        [id = y](const auto& entry) { return entry.first->inputs[0].value == id; });
      if (num_layers == num_readers_[y]) made_.copies.insert(copy);
    }
    for (const std::uint32_t id : produced_) {
      int others = num_readers_[id];
      for (const Node& node : section_.nodes) {
        if (made_.has(node) && node.inputs[0].value == id) --others;
      }
      if (others > 0) made_.flat.insert(id);
    }
    // Neurons without a layer take what they add as it is.
    for (const NeuronNodes& found : made_.neurons) {
      if (produced_.contains(found.input.value)) made_.flat.insert(found.input.value);
    }
  }

  const PlanRequest& request_;
  const program::Program& program_;
  const program::Section& section_;
  const std::vector<int>& num_readers_;
  const AxisOrder order_;
  SectionSpikes made_;
  std::set<std::uint32_t> produced_;             // buffers of spikes, by neurons and poolings
  std::map<std::uint32_t, const Node*> copies_;  // of such buffers, by what they write
  std::vector<Candidate> candidates_;
};

}  // namespace

bool SectionSpikes::has(const Node& node) const {
  return layers.contains(&node) || pools.contains(&node) || copies.contains(&node) ||
         std::any_of(neurons.begin(), neurons.end(), [&](const NeuronNodes& found) {
           return std::binary_search(found.nodes.begin(), found.nodes.end(), &node);
         });
}

bool SectionSpikes::has_layer(const NeuronNodes& of) const {
  return std::any_of(layers.begin(), layers.end(),
                     [&](const auto& entry) { return entry.second.neurons == &of; });
}

std::vector<BufferId> SectionSpikes::currents() const {
  std::vector<BufferId> ids;
  for (const NeuronNodes& found : neurons) {
    if (!has_layer(found)) ids.push_back(found.input);
  }
  return ids;
}

SectionSpikes choose_spikes(const PlanRequest& request, const program::Section& section,
                            const std::vector<int>& num_readers, const AxisOrder& order) {
  if (request.is_generic || request.kind != PlanKind::kSample) return {};
  return Chooser(request, section, num_readers, order).choose();
}

}  // namespace pare::engine
