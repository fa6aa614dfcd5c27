#pragma once

#include "program/program.h"

namespace pare::engine {

/// The same program with hidden neurons in another order: where a linear op alone reads what
/// another one and element-wise ops behind it make, and its weights are pruned, neurons stand so
/// that few groups are left that kernels multiply at once (group_order). Inputs, outputs and states
/// stay as they are.
program::Program order_neurons(program::Program program);

}  // namespace pare::engine
