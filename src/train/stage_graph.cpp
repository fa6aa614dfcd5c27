#include "train/stage_graph.h"

#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"
#include "rewrite/rewind.h"

namespace pare::train {

graph::Graph initial_graph(const recipe::Recipe& recipe, const TrainingData& data) {
  graph::Graph graph = rewrite::mlp(recipe.model, data.sample_shape, data.classes, recipe.seed);
  graph.name = recipe.name;
  graph.inputs.front().mean = data.standardisation.mean;
  graph.inputs.front().scale = data.standardisation.scale;
  return graph;
}

graph::Graph stage_graph(const graph::Graph& before, const recipe::Stage& stage,
                         const TrainingData& data) {
  graph::Graph graph = before;
  if (stage.quantize) graph = rewrite::quantize(graph, *stage.quantize, data.largest_input);
  if (stage.prune) graph = rewrite::prune(graph, *stage.prune);
  if (stage.prune && stage.prune->rewind) graph = rewrite::rewind(graph);
  return graph;
}

}  // namespace pare::train
