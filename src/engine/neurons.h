#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/plan.h"
#include "engine/spikes.h"
#include "program/program.h"

namespace pare::engine {

/// The nodes of a loop that are one layer of neurons (docs/formats/program.md, Spiking neurons).
struct NeuronNodes {
  const program::State* state = nullptr;         ///< the membrane
  program::BufferId input = {};                  ///< what is added to it, perhaps made finer
  program::BufferId spike = {};                  ///< 1 where the potential reaches the threshold
  std::vector<const program::Node*> nodes = {};  ///< all, in the order of the section
  Neurons neurons = {};
};

/// The layers of neurons of a loop that kernels can run: what they hold has at most 32 bits, and
/// nothing but the neurons themselves reads it.
std::vector<NeuronNodes> find_neurons(const PlanRequest& request, const program::Section& section,
                                      const std::vector<int>& num_readers);

}  // namespace pare::engine
