#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <torch/types.h>

#include "graph/graph.h"
#include "recipe/recipe.h"
#include "rewrite/calibrate.h"

namespace pare::compress {

// Post-training quantization (docs/methods/post_training_quantization.md). Samples are float32
// [N, …], standardised, on the device on which the network is to run.

/// `count` of the samples, or all if there are fewer, at equal distances: a set that is sorted by
/// its labels is seen whole.
torch::Tensor calibration_samples(const torch::Tensor& samples, std::int64_t count);

/// Histograms of the wires behind which rewrite::quantize would put a node, by that node's name:
/// what the float network carries there, in one pass over the samples. Throws InputError naming the
/// wire if a value is not finite. REQUIRES: a graph without quantizers.
std::map<std::string, rewrite::MagnitudeHistogram> observe(const graph::Graph& graph,
                                                           const recipe::Quantize& options,
                                                           const torch::Tensor& samples);

/// The magnitudes of float32 samples, on any device.
void add_magnitudes(const torch::Tensor& samples, rewrite::MagnitudeHistogram& magnitudes);

/// The end of the first bin up to which at least `percent` of the inputs' magnitudes lie; 100: the
/// largest. Throws InputError naming quantize.input_percentile if that is 0.
float input_range(const rewrite::MagnitudeHistogram& magnitudes, double percent);

/// Quantizes a trained graph: ranges of input and activations by options.calibration on the samples
/// (those of a graph that has quantizers already: of its float form), weights as the options say,
/// and with options.bias_correction the biases moved. Throws InputError as rewrite::quantize,
/// observe and correct_biases do. REQUIRES: options.calibration is not kNone.
graph::Graph quantize_post_training(const graph::Graph& graph, const recipe::Quantize& options,
                                    const torch::Tensor& samples);

}  // namespace pare::compress
