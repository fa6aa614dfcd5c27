#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace pare::rewrite {

/// A part of a parameter that belongs to one unit: an index along one of its axes.
struct UnitSlice {
  graph::ParameterId parameter;
  std::size_t axis = 0;
  std::int64_t index = 0;

  friend bool operator==(const UnitSlice&, const UnitSlice&) = default;
};

/// One unit of a network: an output channel of a convolution or a neuron of a linear layer, with
/// all channels that adds and depthwise convolutions tie to it.
struct Unit {
  /// What makes it: rows of weights (axis 0), elements of biases, batch norms and quantizers.
  std::vector<UnitSlice> made_by;
  /// What reads it: columns of weights (axis 1).
  std::vector<UnitSlice> read_by;
};

/// The units that may be removed as a whole, in the order of the layers that make them. Left out
/// are the network's inputs and outputs, and units that an op reads which a removal would change:
/// softmax, sigmoid and table (which do not take 0 to 0), batch norm without gain and shift,
/// reshape, a transpose that moves the channels, convolutions in groups (but depthwise ones),
/// circulant weights, quantizers with a step for each element. REQUIRES: the graph passes
/// graph::check.
std::vector<Unit> units_of(const graph::Graph& graph);

/// Calls f with the numbers of a slice's elements in a row-major tensor of `shape`.
template <class F>
void for_each_of_slice(const Shape& shape, const UnitSlice& slice, F&& f) {
  std::size_t inner = 1;
  for (std::size_t i = slice.axis + 1; i < shape.size(); ++i) {
    inner *= static_cast<std::size_t>(shape[i]);
  }
  const std::size_t run = inner * static_cast<std::size_t>(shape[slice.axis]);
  const auto size = static_cast<std::size_t>(num_elements(shape));
  for (std::size_t start = static_cast<std::size_t>(slice.index) * inner; start < size;
       start += run) {
    for (std::size_t i = start; i < start + inner; ++i) f(i);
  }
}

/// Whether the unit is 0 for every input: all its rows of weights, biases, gains and shifts are 0.
bool is_zero(const graph::Graph& graph, const Unit& unit);

/// Takes all units that are 0 out of the graph: their rows, their columns, their elements. What the
/// graph computes stays the same to the last bit: a unit stays where a quantizer takes its range
/// from weights that read it and are not 0 (prune_units masks them). Copies of parameters for
/// rewinding are cut alike. Of units that together are all outputs of a layer one stays.
graph::Graph compact_units(const graph::Graph& graph);

}  // namespace pare::rewrite
