#pragma once

#include "base/tensor.h"
#include "lower/lower.h"
#include "model/deployment.h"

namespace pare::model {

/// What runs elsewhere of a frozen network, with golden vectors of what its program makes of
/// `inputs`: float32 [N, …], as the network takes them (behind the input's mean and scale), of
/// which the first kMaxGoldenSamples count. REQUIRES: samples of the program's input, no loop.
Deployment deploy(lower::Lowered lowered, const Tensor& inputs);

}  // namespace pare::model
