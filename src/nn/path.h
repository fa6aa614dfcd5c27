#pragma once

namespace pare::nn {

/// Which of two equal implementations computes.
enum class Path {
  kKernels,  ///< loops over memory: float32, mostly on the CPU
  kAten,     ///< tensor operations: any device, float32 or float64, any grid
};

}  // namespace pare::nn
