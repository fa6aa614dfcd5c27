#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "engine/plan.h"
#include "engine/row_steps.h"
#include "engine/spike_choice.h"

namespace pare::engine {

/// The steps of a loop's nodes that run on spikes, with what packs and unpacks them. Next to a
/// buffer of spikes the plan gets another one for its bits, next to a state one for its membranes.
class SpikeSteps {
 public:
  /// Adds buffers to plan.buffers. All but `chosen` outlive this.
  SpikeSteps(const PlanRequest& request, SectionSpikes chosen, const program::Section& section,
             Plan& plan, const GridBuffers& grids);

  bool has(const program::Node& node) const { return chosen_.has(node); }

  /// Appends the steps of a node that this has; many have none of their own.
  void add(const program::Node& node, std::vector<Step>& steps);

  /// What holds neurons' membranes, instead of the states that `has_state`. REQUIRES: all steps
  /// were added.
  std::vector<Membranes> membranes() const { return membranes_; }
  bool has_state(const program::State& state) const;

  /// What runs once, in front of the loop.
  std::vector<Step> first_steps() const { return first_steps_; }

 private:
  program::BufferId add_buffer(Storage storage);
  program::BufferId add_spikes(const Grid& grid);
  program::BufferId bits_of(program::BufferId x, std::vector<Step>& steps);
  program::BufferId currents_of(const NeuronNodes& neurons, std::vector<Step>& steps);
  bool is_once(program::BufferId id) const;
  void add_membranes(const NeuronNodes& neurons);
  void add_layer(const program::Node& node, const SpikeLayer& layer, std::vector<Step>& steps);
  void add_neurons(const NeuronNodes& neurons, std::vector<Step>& steps);
  void add_pool(const program::Node& node, std::vector<Step>& steps);
  bool take_slots_of(program::BufferId x, program::BufferId y);
  std::shared_ptr<const Neurons> own_start(const NeuronNodes& neurons);
  void unpack_if_needed(program::BufferId spikes, std::vector<Step>& steps);
  void set_stored();
  Grid grid(program::BufferId id) const;
  Step step(program::BufferId name, SpikeOp op, std::vector<program::BufferId> inputs,
            program::BufferId y) const;

  const PlanRequest& request_;
  const program::Program& program_;
  const program::Section& section_;
  SectionSpikes chosen_;
  Plan& plan_;
  const GridBuffers& grids_;
  std::map<std::uint32_t, program::BufferId> bits_;  // of buffers of spikes
  std::map<std::uint32_t, program::BufferId> held_;  // membranes, by their state's buffer
  std::set<std::uint32_t> written_;                  // in the section, by nodes
  std::vector<Membranes> membranes_;
  std::vector<Step> first_steps_;
};

}  // namespace pare::engine
