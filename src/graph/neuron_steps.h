#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/neuron.h"

namespace pare::graph {

/// What graph/evaluate does with a Spike node: on the codes of the membrane where it has any, in
/// which all numbers here are integers; else on real numbers.
class NeuronSteps {
 public:
  /// The graph outlives it. Throws InputError as neuron_codes. REQUIRES: the node is a Spike.
  NeuronSteps(const Graph& graph, const Node& node, std::span<const WireInfo> wires);

  /// One step of a neuron, whose membrane starts at 0: whether it spikes.
  bool step(std::size_t channel, double current, double& membrane) const;

 private:
  double code_of(double current, std::size_t channel) const;
  double leaked(double u, std::size_t channel) const;

  const Spike& op_;
  std::optional<NeuronCodes> codes_;
  std::vector<double> current_steps_;
  std::vector<double> thresholds_;
  std::vector<double> leaks_;
};

}  // namespace pare::graph
