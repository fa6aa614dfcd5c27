#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// The spiking network of a network with ReLUs: each ReLU, and the quantizer behind it, becomes a
/// Spike of the layer's name ("conv1.relu" stays the node's), with a threshold "conv1.threshold" of
/// 1 and a leak "conv1.leak"; what enters the first of them is repeated "repeat"; the output is
/// summed over the steps ("output.sum"). A layer in front of the first spikes runs once a sample.
///
/// Ref: Rathi and Roy, DIET-SNN (2020): the SNN takes the weights of its CNN.
///
/// Throws InputError naming the node for what has no spiking form: batch norm (fold it, or train
/// without), other activation functions, a softmax, a graph that spikes already, or none to make
/// spike.
graph::Graph spike(const graph::Graph& graph, const recipe::Spike& options);

/// A Spike node's threshold and the wires that it reads and makes, in the graph's order.
struct Neurons {
  std::string node;
  std::string threshold;  ///< parameter
  std::string current;    ///< wire
  std::string spikes;     ///< wire
};
std::vector<Neurons> neurons_of(const graph::Graph& graph);

/// The same graph with other numbers of steps.
graph::Graph with_steps(const graph::Graph& graph, std::int64_t steps);

}  // namespace pare::rewrite
