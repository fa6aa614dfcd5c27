#pragma once

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "nn/network.h"
#include "recipe/recipe.h"
#include "train/inputs.h"

namespace pare::train {

/// How many samples to evaluate at once, at most `most`: so that the largest tensor, of `elements`
/// numbers a sample, stays at some megabytes, which an allocator reuses and does not fetch anew.
std::int64_t samples_at_once(std::int64_t elements, std::int64_t most);

/// Samples on the device, standardised.
struct Part {
  Inputs inputs;         ///< float32 [N, …]
  torch::Tensor labels;  ///< int64 [N]
};

/// The network's outputs for all samples, [N, C] float32, in evaluation mode, in batches that bound
/// the memory. With `trace`, the named wires too, each [N, …].
torch::Tensor outputs(nn::Network& network, const Inputs& inputs,
                      std::map<std::string, torch::Tensor>* trace = nullptr,
                      nn::WeightMaps weight_maps = nn::WeightMaps::kOfInference);

struct Score {
  double loss = 0;      ///< without penalties
  double accuracy = 0;  ///< top-1, 0 … 1
};

Score score(nn::Network& network, const Part& part, recipe::Loss loss,
            nn::WeightMaps weight_maps = nn::WeightMaps::kOfInference);

}  // namespace pare::train
