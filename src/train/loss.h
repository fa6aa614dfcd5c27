#pragma once

#include <torch/types.h>

#include "recipe/recipe.h"

namespace pare::train {

/// Mean loss of a batch, a scalar. logits float32 (or float64) [N, C], labels int64 [N] in 0 … C-1.
///
/// kCrossEntropy: -log softmax(logits)[label], mean over the samples.
/// kBinaryCrossEntropy: p = softmax(logits) over the classes, then -log p at the label's class and
/// -log(1 - p) at the others, mean over samples and classes. With C = 1: p is the logistic function
/// of the logit, and labels are 0 or 1. (The authors' program of Ps and Qs takes the softmax over
/// the batch instead.) Both are computed from log-probabilities, so that large logits stay finite.
torch::Tensor loss(recipe::Loss kind, const torch::Tensor& logits, const torch::Tensor& labels);

}  // namespace pare::train
