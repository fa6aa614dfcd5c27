#pragma once

#include "recipe/recipe.h"

namespace pare::train {

/// The learning rate of an epoch (0 is the first) under the stage's schedule:
/// constant; step: rate * step_factor^floor(epoch / step_epochs); cosine: from the rate at epoch 0
/// to rate * final_rate_factor at the last epoch (Loshchilov and Hutter 2017, eq. 5, one cycle).
double learning_rate(const recipe::Train& train, int epoch);

}  // namespace pare::train
