#pragma once

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "nn/network.h"
#include "recipe/recipe.h"

namespace pare::train {

/// Samples on the device, standardised.
struct Part {
  torch::Tensor inputs;  ///< float32 [N, …]
  torch::Tensor labels;  ///< int64 [N]
};

/// The network's outputs for all samples, [N, C] float32, in evaluation mode, in batches that bound
/// the memory. With `trace`, the named wires too, each [N, …].
torch::Tensor outputs(nn::Network& network, const torch::Tensor& inputs,
                      std::map<std::string, torch::Tensor>* trace = nullptr);

struct Score {
  double loss = 0;      ///< without penalties
  double accuracy = 0;  ///< top-1, 0 … 1
};

Score score(nn::Network& network, const Part& part, recipe::Loss loss);

}  // namespace pare::train
