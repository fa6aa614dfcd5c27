#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace pare::rewrite {

/// A node with a weight, and what a recipe's patterns match: its name.
struct Layer {
  std::string name;
  graph::ParameterId weight;
  std::optional<graph::ParameterId> bias = std::nullopt;
};

/// The layers that have weights, in the graph's order.
std::vector<Layer> layers_of(const graph::Graph& graph);

/// Gives a parameter without a mask one that keeps everything.
void add_mask(graph::Parameter& parameter);

/// Throws InputError if `pattern` matches no layer, naming the layers and `key`, the recipe's key.
void check_matches_a_layer(const std::vector<Layer>& layers, std::string_view pattern,
                           std::string_view key);

}  // namespace pare::rewrite
