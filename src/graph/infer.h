#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"

namespace pare::graph {

/// The codes that a wire carries: value = (code - zero_point) * step.
struct Grid {
  std::vector<double> step;     ///< one, or one a channel (axis 0); positive
  std::int64_t zero_point = 0;  ///< the code of 0
  /// Hull of the codes, over all elements and with the weights as they are. Behind a layer it
  /// holds every partial sum in any order, bias included: it says how wide the accumulator must be.
  std::int64_t lowest = 0;
  std::int64_t highest = 0;

  friend bool operator==(const Grid&, const Grid&) = default;
};

/// What is known of a wire without data.
struct WireInfo {
  Shape shape;  ///< of one sample at one step
  Time time = Time::kOnce;
  std::optional<Grid> grid = std::nullopt;  ///< none: real numbers

  friend bool operator==(const WireInfo&, const WireInfo&) = default;
};

/// A wire of more elements is refused: one sample would not fit in memory.
inline constexpr std::int64_t kMaxWireElements = std::int64_t{1} << 28;

/// The most steps that a Repeat may take, and that sums over time are made for.
inline constexpr std::int64_t kMaxSteps = 4096;

/// How many steps the graph's Repeat nodes take, 0 without one: then the data say how many there
/// are. Throws InputError if they differ.
std::int64_t repeated_steps(const Graph& graph);

/// Shape and time of what one node makes; no grid. `wires` by WireId, those that it reads at least.
/// Throws InputError as infer_shapes.
WireInfo infer_shape(const Graph& graph, const Node& node, const std::vector<WireInfo>& wires);

/// Shape and time of every wire, by WireId; no grids. REQUIRES: ids in range, every wire written
/// before it is read. Throws InputError naming the node if shapes do not fit each other.
std::vector<WireInfo> infer_shapes(const Graph& graph);

/// Shape, time and grid of every wire, by WireId. REQUIRES: the graph passes graph::check.
///
/// Quantize starts a grid. Linear and Conv keep one (with quantized weights, one step for all
/// inputs, and a bias on the accumulator's grid or none), as do the poolings (an average's step is
/// divided by the window's size; none where borders divide by less), Relu, Dropout, Flatten,
/// Reshape and Transpose (which keep the channels, or have one step), Repeat, SumOverTime, Add of
/// equal steps, and Concat of equal steps and zero points. Spike makes codes 0 and 1 of step 1. All
/// others make real numbers. Throws InputError naming the layer if its sums may leave 63 bits.
std::vector<WireInfo> infer(const Graph& graph);

/// Steps of a layer's accumulator, float32(input step) * float32(weight step): one, or one an
/// output channel. Empty if its input or its weight has no grid. This is the grid of a kAccumulator
/// bias. `wires` is what `infer` gave for the node's inputs at least.
std::vector<float> accumulator_steps(const Graph& graph, const Node& node,
                                     std::span<const WireInfo> wires);

/// How messages name a node: "layer 3 'fc3'" (Linear and Conv nodes are counted), "node
/// 'fc3.relu'".
std::string describe(const Graph& graph, const Node& node);

}  // namespace pare::graph
