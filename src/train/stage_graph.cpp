#include "train/stage_graph.h"

#include "rewrite/cnn.h"
#include "rewrite/prune.h"
#include "rewrite/prune_units.h"
#include "rewrite/quantize.h"
#include "rewrite/rewind.h"
#include "rewrite/units.h"

namespace pare::train {

graph::Graph initial_graph(const recipe::Recipe& recipe, const TrainingData& data) {
  graph::Graph graph = rewrite::network(recipe.model, data.sample_shape, data.classes, recipe.seed);
  graph.name = recipe.name;
  graph.inputs.front().mean = data.standardisation.mean;
  graph.inputs.front().scale = data.standardisation.scale;
  return graph;
}

graph::Graph stage_graph(const graph::Graph& before, const recipe::Stage& stage,
                         const TrainingData& data) {
  graph::Graph graph = before;
  if (stage.quantize) graph = rewrite::quantize(graph, *stage.quantize, data.largest_input);
  if (!stage.prune) return graph;
  const bool is_of_units = stage.prune->structure == recipe::PruneStructure::kUnits;
  graph =
      is_of_units ? rewrite::prune_units(graph, *stage.prune) : rewrite::prune(graph, *stage.prune);
  if (stage.prune->rewind) graph = rewrite::rewind(graph);
  if (stage.prune->compact) graph = rewrite::compact_units(graph);
  return graph;
}

}  // namespace pare::train
