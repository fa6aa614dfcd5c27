#pragma once

#include "graph/graph.h"

namespace pare::rewrite {

// Lottery tickets: what is left after pruning starts again from earlier values.
// Ref: Frankle and Carbin 2019 (arXiv:1803.03635); rewinding to a later epoch: Frankle et al. 2019
// (arXiv:1903.01611).

/// Copies everything that training moves in `from` (trainable parameters, running statistics) into
/// auxiliary parameters "NAME.rewind" of `graph`; copies that are there already are replaced.
graph::Graph remember(const graph::Graph& graph, const graph::Graph& from);
inline graph::Graph remember(const graph::Graph& graph) { return remember(graph, graph); }

/// Goes back to what `remember` copied, weights under the masks of today. A parameter that came
/// later (a quantizer's range) keeps its value. Throws InputError if nothing is remembered.
graph::Graph rewind(const graph::Graph& graph);

/// The graph without the copies.
graph::Graph forget(const graph::Graph& graph);

}  // namespace pare::rewrite
