#pragma once

#include <cstdint>

#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// Unstructured magnitude pruning of the weights of Linear nodes: the smallest of the float stored
/// weights that are still alive get mask 0 and become 0. Masks only ever grow. Equal magnitudes go
/// in the order of the graph's parameters and elements, so that the result is a function of the
/// graph.
///
/// `fractions` with one entry f removes round(f * alive) weights (a recipe with several is expanded
/// into as many stages when it is read); `sparsity` s leaves round((1 - s) * all) alive. Scope
/// kGlobal ranks the weights of all layers together, kLayer counts and ranks in each layer.
/// `exclude` are patterns of node names; what they match is neither pruned nor counted.
///
/// Throws InputError if no layer is left to prune, a pattern matches no layer, a weight is not
/// finite, a fraction is outside 0 … 1, or more weights are pruned already than `sparsity` asks
/// for. Ref: docs/methods/ps_and_qs.md, section 6.
graph::Graph prune(const graph::Graph& graph, const recipe::Prune& options);

/// Weights of Linear nodes, and how many of them no mask removes.
struct WeightCount {
  std::int64_t all = 0;
  std::int64_t alive = 0;

  double sparsity() const {
    return all == 0 ? 0 : 1 - static_cast<double>(alive) / static_cast<double>(all);
  }
};
WeightCount count_weights(const graph::Graph& graph);

}  // namespace pare::rewrite
