#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/axis_order.h"
#include "engine/neurons.h"
#include "engine/plan.h"
#include "engine/spikes.h"

namespace pare::engine {

/// A convolution or linear op that reads spikes.
struct SpikeLayer {
  program::BufferId x;  ///< the spikes, behind copies
  std::shared_ptr<const SpikeSums> sums;
  const NeuronNodes* neurons = nullptr;  ///< that alone read its sums; null: they are stored
};

/// What of a loop runs on spikes.
struct SectionSpikes {
  std::vector<NeuronNodes> neurons = {};
  std::map<const program::Node*, SpikeLayer> layers = {};
  std::set<const program::Node*> pools = {};
  std::set<const program::Node*> copies = {};  ///< that only such layers read
  std::map<std::uint32_t, Grid> grids = {};    ///< of the buffers that neurons or poolings write
  std::set<std::uint32_t> flat = {};           ///< those that somebody else reads, too

  /// Whether a node has no step but those of its layer or its neurons.
  bool has(const program::Node& node) const;
  /// Whether what neurons read goes straight from a layer to them.
  bool has_layer(const NeuronNodes& neurons) const;
  /// What neurons read that no layer writes.
  std::vector<program::BufferId> currents() const;
};

/// None where the plan is not for one sample, or there are no neurons. `order`: in which axes of
/// all buffers are stored.
SectionSpikes choose_spikes(const PlanRequest& request, const program::Section& section,
                            const std::vector<int>& num_readers, const AxisOrder& order);

}  // namespace pare::engine
