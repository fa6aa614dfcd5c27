#pragma once

#include <torch/types.h>

#include "base/tensor.h"

namespace pare::train {

/// Copies between plain memory and torch, element types kept (float32, int64, uint8 and the like).
/// Throws InternalError for a type that the other side lacks.
torch::Tensor to_torch(const Tensor& tensor);
Tensor to_plain(const torch::Tensor& tensor);

}  // namespace pare::train
