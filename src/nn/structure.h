#pragma once

#include <vector>

#include <torch/types.h>

#include "graph/parameter.h"

namespace pare::nn {

/// A stored tensor written out as graph::expand does, with gradients to the stored one.
torch::Tensor expand(const torch::Tensor& stored, const graph::Structure& structure);

/// Steps of the written-out tensor's rows from those of the stored one's: one, or one a row.
std::vector<double> steps_of_rows(std::vector<double> steps, const graph::Structure& structure);

}  // namespace pare::nn
