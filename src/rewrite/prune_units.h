#pragma once

#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// Structured magnitude pruning: the units (rewrite/units.h: filters, neurons, with all that adds
/// and depthwise convolutions tie to them) of the smallest norm get mask 0 in all that makes them,
/// rows of weights, biases, gains and shifts, so that they are 0 for every input. Which units are 0
/// already counts as pruned.
///
/// The norm of a unit is the mean of |w| (l1) or the root of the mean of w^2 (l2) over its weights,
/// so that layers of different sizes can be ranked together (scope kGlobal); within a layer that is
/// the order of the sums (Li et al. 2017, arXiv:1608.08710). Equal norms go in the order of the
/// units. The last unit of a layer stays.
///
/// `fractions` with one entry f prunes round(f * alive) units, `sparsity` s leaves round((1 - s) *
/// all) alive; with scope kLayer of each layer. `exclude` are patterns of layers whose units stay.
///
/// Throws InputError if there are no units to prune, a pattern matches no layer, a weight is not
/// finite, or more units are pruned already than `sparsity` asks for.
graph::Graph prune_units(const graph::Graph& graph, const recipe::Prune& options);

}  // namespace pare::rewrite
