#include "train/stage_graph.h"

#include <torch/torch.h>

#include "compress/post_training.h"
#include "compress/spike_thresholds.h"
#include "rewrite/cnn.h"
#include "rewrite/prune.h"
#include "rewrite/prune_units.h"
#include "rewrite/quantize.h"
#include "rewrite/rewind.h"
#include "rewrite/spike.h"
#include "rewrite/units.h"

namespace pare::train {

graph::Graph initial_graph(const recipe::Recipe& recipe, const TrainingData& data) {
  if (data.imported) {
    graph::Graph graph = *data.imported;
    graph.name = recipe.name;
    return graph;
  }
  graph::Graph graph = rewrite::network(recipe.model, data.sample_shape, data.classes, recipe.seed);
  graph.name = recipe.name;
  graph.inputs.front().mean = data.standardisation.mean;
  graph.inputs.front().scale = data.standardisation.scale;
  return graph;
}

namespace {

graph::Graph pruned(const graph::Graph& before, const recipe::Prune& options) {
  const bool is_of_units = options.structure == recipe::PruneStructure::kUnits;
  graph::Graph graph =
      is_of_units ? rewrite::prune_units(before, options) : rewrite::prune(before, options);
  if (options.rewind) graph = rewrite::rewind(graph);
  return options.compact ? rewrite::compact_units(graph) : graph;
}

}  // namespace

graph::Graph stage_graph(const graph::Graph& before, const recipe::Stage& stage,
                         const TrainingData& data) {
  graph::Graph graph = before;
  if (stage.spike) {
    graph = compress::balance_thresholds(
        rewrite::spike(graph, *stage.spike), *stage.spike,
        data.train.inputs.at_equal_distances(stage.spike->calibration_samples));
  }
  const bool is_calibrated =
      stage.quantize && stage.quantize->calibration != recipe::Calibration::kNone;
  if (stage.quantize && !is_calibrated) {
    const double percent = stage.quantize->input_percentile;
    const float range = percent == 100
                            ? data.largest_input
                            : compress::input_range(data.train.inputs.magnitudes(), percent);
    graph = rewrite::quantize(graph, *stage.quantize, range);
  }
  if (stage.prune) graph = pruned(graph, *stage.prune);
  // What is measured on samples must be the network that the stage leaves.
  if (is_calibrated) {
    const torch::Tensor samples =
        data.train.inputs.at_equal_distances(stage.quantize->calibration_samples);
    graph = compress::quantize_post_training(graph, *stage.quantize, samples);
  }
  return graph;
}

}  // namespace pare::train
