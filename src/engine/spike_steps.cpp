#include "engine/spike_steps.h"

#include <algorithm>
#include <utility>

#include "program/windows.h"

namespace pare::engine {

using program::BufferId;
using program::Node;

SpikeSteps::SpikeSteps(const PlanRequest& request, SectionSpikes chosen,
                       const program::Section& section, Plan& plan, const GridBuffers& grids)
    : request_(request),
      program_(request.program),
      section_(section),
      chosen_(std::move(chosen)),
      plan_(plan),
      grids_(grids) {
  if (chosen_.neurons.empty()) return;
  for (const Node& node : section_.nodes) written_.insert(node.outputs[0].value);
  for (const auto& [id, of] : chosen_.grids) bits_[id] = add_spikes(of);
  for (const NeuronNodes& neurons : chosen_.neurons) add_membranes(neurons);
  set_stored();
}

BufferId SpikeSteps::add_buffer(Storage storage) {
  plan_.buffers.push_back(storage);
  return {static_cast<std::uint32_t>(plan_.buffers.size() - 1)};
}

BufferId SpikeSteps::add_spikes(const Grid& grid) {
  return add_buffer({.element = Element::kU8,
                     .size = (grid.num_elements() + 7) / 8,
                     .bytes = spike_bytes(grid.num_elements())});
}

void SpikeSteps::add_membranes(const NeuronNodes& neurons) {
  const std::size_t size = neurons.neurons.num_elements;
  const BufferId id = add_buffer(
      {.element = Element::kI32, .size = size, .bytes = current_size(size) * sizeof(std::int32_t)});
  held_[neurons.state->buffer.value] = id;
  const std::vector<std::int64_t> initial =
      program::expand(program_.constant(neurons.state->initial));
  Membranes made{.buffer = id, .initial = {}};
  if (initial.size() == 1) {
    made.initial.assign(size, static_cast<std::int32_t>(initial.front()));
  } else {
    made.initial.resize(size);
    grid(neurons.state->buffer).for_each([&](std::size_t flat, std::size_t at) {
      made.initial[at] = static_cast<std::int32_t>(initial[flat]);
    });
  }
  membranes_.push_back(std::move(made));
}

/// What only exists within layers is not stored.
void SpikeSteps::set_stored() {
  const auto drop = [&](BufferId id) { plan_.buffers[id.value].is_stored = false; };
  for (const NeuronNodes& neurons : chosen_.neurons) {
    drop(neurons.state->buffer);
    for (const Node* node : neurons.nodes) drop(node->outputs[0]);
  }
  for (const auto& [node, layer] : chosen_.layers) {
    if (layer.neurons != nullptr) drop(node->outputs[0]);
  }
  for (const Node* node : chosen_.copies) drop(node->outputs[0]);
  for (const auto& [id, of] : chosen_.grids)
    plan_.buffers[id].is_stored = chosen_.flat.contains(id);
}

bool SpikeSteps::has_state(const program::State& state) const {
  return held_.contains(state.buffer.value);
}

/// The order of axes is that of all grids.
Grid SpikeSteps::grid(BufferId id) const {
  return grid_of(program_.buffer(id).shape, chosen_.grids.begin()->second.order);
}

Step SpikeSteps::step(BufferId name, SpikeOp op, std::vector<BufferId> inputs, BufferId y) const {
  const bool is_layout =
      op.kind != SpikeKind::kSums && op.kind != SpikeKind::kLayer && op.kind != SpikeKind::kNeurons;
  const SpikeKernel kernel =
      is_layout ? lay_out_spikes : kernels_of(request_.instruction_set).spikes;
  return {program_.buffer(name).name, SpikeStep{kernel, std::move(op)}, std::move(inputs), y};
}

void SpikeSteps::add(const Node& node, std::vector<Step>& steps) {
  if (const auto layer = chosen_.layers.find(&node); layer != chosen_.layers.end()) {
    return add_layer(node, layer->second, steps);
  }
  if (chosen_.pools.contains(&node)) return add_pool(node, steps);
  for (const NeuronNodes& neurons : chosen_.neurons) {
    if (neurons.nodes.front() != &node) continue;
    if (!chosen_.has_layer(neurons)) add_neurons(neurons, steps);
  }
}

/// The bits of a buffer of spikes; where nothing here wrote them, they are packed first.
BufferId SpikeSteps::bits_of(BufferId x, std::vector<Step>& steps) {
  if (const auto bits = bits_.find(x.value); bits != bits_.end()) return bits->second;
  const Grid of = grid(x);
  const BufferId y = bits_[x.value] = add_spikes(of);
  steps.push_back(step(x, {.kind = SpikeKind::kPack, .y = of}, {x}, y));
  return y;
}

void SpikeSteps::unpack_if_needed(BufferId spikes, std::vector<Step>& steps) {
  if (!chosen_.flat.contains(spikes.value)) return;
  steps.push_back(step(spikes, {.kind = SpikeKind::kUnpack, .x = grid(spikes)},
                       {bits_.at(spikes.value)}, spikes));
}

void SpikeSteps::add_layer(const Node& node, const SpikeLayer& layer, std::vector<Step>& steps) {
  const BufferId x = bits_of(layer.x, steps);
  const BufferId sum = node.outputs[0];
  SpikeOp op{.kind = SpikeKind::kSums, .sums = layer.sums, .y = grid(sum)};
  if (layer.neurons == nullptr) {
    steps.push_back(step(sum, std::move(op), {x}, sum));
    return;
  }
  const NeuronNodes& neurons = *layer.neurons;
  op.kind = SpikeKind::kLayer;
  if (take_slots_of(x, bits_.at(neurons.spike.value))) op.steps_at_once = kStepsAtOnce;
  op.neurons = own_start(neurons);
  steps.push_back(step(neurons.spike, std::move(op), {x, held_.at(neurons.state->buffer.value)},
                       bits_.at(neurons.spike.value)));
  unpack_if_needed(neurons.spike, steps);
}

/// Where membranes are all the same at first, forwards: neurons know what, and memory need not.
std::shared_ptr<const Neurons> SpikeSteps::own_start(const NeuronNodes& neurons) {
  Neurons made = neurons.neurons;
  const BufferId held = held_.at(neurons.state->buffer.value);
  const auto at = std::find_if(membranes_.begin(), membranes_.end(),
                               [&](const Membranes& found) { return found.buffer == held; });
  std::vector<std::int32_t>& initial = at->initial;
  const bool is_uniform = std::all_of(initial.begin(), initial.end(),
                                      [&](std::int32_t value) { return value == initial.front(); });
  if (section_.kind == program::SectionKind::kForward && is_uniform && !initial.empty()) {
    made.initial = initial.front();
    initial.clear();
  }
  return std::make_shared<const Neurons>(std::move(made));
}

/// Spikes of so many steps at once make others of as many. Whether there are any.
bool SpikeSteps::take_slots_of(BufferId x, BufferId y) {
  plan_.buffers[y.value].slots = plan_.buffers[x.value].slots;
  return plan_.buffers[y.value].slots != 0;
}

/// What neurons add, position by position: once, if it is the same at every step.
BufferId SpikeSteps::currents_of(const NeuronNodes& neurons, std::vector<Step>& steps) {
  const BufferId x = neurons.input;
  const bool is_here = written_.contains(x.value);
  const auto stored = grids_.find(x.value);
  if (stored != grids_.end() && (is_here || !program_.buffer(x).each) &&
      plan_.buffers[stored->second.value].element == Element::kI32) {
    return stored->second;
  }
  const Grid of = grid(neurons.state->buffer);
  const std::size_t size = of.num_elements();
  const BufferId y = add_buffer(
      {.element = Element::kI32, .size = size, .bytes = current_size(size) * sizeof(std::int32_t)});
  (is_once(x) ? first_steps_ : steps)
      .push_back({program_.buffer(x).name, GridOp{of, true}, {x}, y});
  return y;
}

/// Whether it has the same value at every step of this loop.
bool SpikeSteps::is_once(BufferId id) const {
  return !program_.buffer(id).each && !written_.contains(id.value) &&
         std::none_of(section_.states.begin(), section_.states.end(),
                      [&](const program::State& state) { return state.buffer == id; });
}

void SpikeSteps::add_neurons(const NeuronNodes& neurons, std::vector<Step>& steps) {
  const BufferId x = currents_of(neurons, steps);
  if (is_once(neurons.input) && section_.kind == program::SectionKind::kForward) {
    plan_.buffers[bits_.at(neurons.spike.value).value].slots = kStepsAtOnce;
  }
  steps.push_back(step(neurons.spike, {.kind = SpikeKind::kNeurons, .neurons = own_start(neurons)},
                       {x, held_.at(neurons.state->buffer.value)}, bits_.at(neurons.spike.value)));
  unpack_if_needed(neurons.spike, steps);
}

void SpikeSteps::add_pool(const Node& node, std::vector<Step>& steps) {
  const BufferId x = node.inputs[0];
  const BufferId y = node.outputs[0];
  take_slots_of(bits_.at(x.value), bits_.at(y.value));
  steps.push_back(step(y,
                       {.kind = SpikeKind::kPool,
                        .x = grid(x),
                        .y = grid(y),
                        .window = window_of(program_, node, std::get<program::MaxPool>(node.op)),
                        .places = make_places(grid(x), grid(y))},
                       {bits_.at(x.value)}, bits_.at(y.value)));
  unpack_if_needed(y, steps);
}

}  // namespace pare::engine
