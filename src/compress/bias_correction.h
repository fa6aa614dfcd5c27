#pragma once

#include <torch/types.h>

#include "graph/graph.h"

namespace pare::compress {

/// Moves each layer's bias, channel by channel, by the mean of what the float network's output is
/// there less the quantized one's, layer after layer in the graph's order: an error that earlier
/// layers leave is corrected too. A layer without a bias in front of a batch norm gets the
/// difference taken off the running mean, which is the same. `trained` has the layers of
/// `quantized`, without quantizers. Ref: Nagel et al. 2019, arXiv:1906.04721, section 4.2 and
/// appendix D (empirical bias correction).
///
/// Throws InputError naming the layer if it has neither a bias nor a batch norm with running
/// statistics behind.
graph::Graph correct_biases(const graph::Graph& quantized, const graph::Graph& trained,
                            const torch::Tensor& samples);

}  // namespace pare::compress
