#pragma once

#include <span>

#include <torch/types.h>

#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::compress {

/// The element of `values` at place 1 + round(percent / 100 (n - 1)), in ascending order. REQUIRES:
/// n > 0.
double percentile(const torch::Tensor& values, double percent);

/// Gives the neurons of a spiking network their thresholds, layer after layer, those of the layers
/// in front set already and no membrane leaking: the network runs `calibration_steps` steps on the
/// samples, and a threshold is the largest, over the steps and over batches of samples, of the
/// `percentile` of the layer's currents. At the end all are multiplied by `threshold_scale`.
/// Samples are float32 [N, …], standardised. Throws InputError naming the neurons whose currents
/// are never above 0, or not finite.
///
/// Ref: Rathi and Roy, DIET-SNN (2020), there one batch.
graph::Graph balance_thresholds(const graph::Graph& graph, const recipe::Spike& options,
                                const torch::Tensor& samples);

}  // namespace pare::compress
