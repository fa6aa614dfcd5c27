#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/quantize.h"

namespace pare::graph {

/// A Spike node's neurons as integers, where its membrane has a grid. Lists have one element, or
/// one a channel.
struct NeuronCodes {
  int fraction_bits = 0;                ///< a code of the current is 2^fraction_bits codes here
  std::vector<double> step;             ///< of the membrane
  std::vector<std::int64_t> threshold;  ///< at least 1
  std::vector<std::int64_t> leak;       ///< numerators of leak / 2^leak_shift
  int leak_shift = 0;
  CodeRange membrane;

  std::int64_t threshold_of(std::size_t channel) const {
    return threshold.size() == 1 ? threshold.front() : threshold.at(channel);
  }
  std::int64_t leak_of(std::size_t channel) const {
    return leak.size() == 1 ? leak.front() : leak.at(channel);
  }
};

/// The code of a threshold on a membrane's grid: rounded half to even, at least 1, at most `top`.
std::int64_t threshold_code(double threshold, double step, std::int64_t top);

/// None where the membrane has no grid: no format "membrane" is held, or the current carries real
/// numbers. `wires` is what `infer` gave for the node's input at least. Throws InputError naming
/// the node if the leak is not quantized, or its step is no power of two. REQUIRES: the node
/// is a Spike.
std::optional<NeuronCodes> neuron_codes(const Graph& graph, const Node& node,
                                        std::span<const WireInfo> wires);

}  // namespace pare::graph
