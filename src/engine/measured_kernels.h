#pragma once

#include <functional>

#include "engine/plan.h"

namespace pare::engine {

/// Whether a quarter or more of the weights are 0, so that several kernels may be worth trying.
bool is_pruned(const program::Constant& weight);

/// Whether those of some linear op or convolution are.
bool is_pruned(const program::Program& program);

/// Times the kernels that fit each linear op and convolution, on zeros: the plan that the model of
/// costs makes, and those with the others. `make` makes a plan of that kind. What is returned is
/// the model's choice unless another kernel took less than nine tenths of its time for some op;
/// then whole runs of a plan with these and of all others decide. Takes the time of making five
/// plans and of 24 to 100 runs of one sample, or of a chunk of a batch.
KernelPreferences measured_kernels(const program::Program& program, PlanKind kind,
                                   const std::function<Plan(const KernelPreferences&)>& make);

}  // namespace pare::engine
