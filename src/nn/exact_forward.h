#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "lower/lower.h"

namespace pare::nn {

/// What a frozen network says: its program run on many samples at once, code for code as
/// program::run_reference does. Sums are taken in float64 (float32 where every partial sum and
/// factor is below 2^24): integers below the bound are exact in any order and on any number of
/// threads. Everything else is int64 and the reference's own functions.
class ExactForward {
 public:
  /// Keeps a copy of what it needs. REQUIRES: the interface says how many steps the program's loop
  /// takes, if it has one, and the input is the same at each of them. Throws InputError naming the
  /// layer if a sum needs more than 53 bits.
  explicit ExactForward(const lower::Lowered& lowered);
  ~ExactForward();

  struct Result {
    torch::Tensor values;  ///< float64 [N, …] of the output, through the interface's map
    /// Of buffers that hold a wire of the graph: their codes, int64 [N, elements], by the wire's
    /// name, one step after the other where the wire has a value at each; and which channels those
    /// are (all if empty).
    std::map<std::string, torch::Tensor> codes;
    std::map<std::string, std::vector<std::int64_t>> kept;
  };

  /// `inputs` float32 [N, …] on the CPU, standardised: what Network::forward takes.
  Result operator()(const torch::Tensor& inputs) const;

 private:
  struct Plan;
  std::unique_ptr<const Plan> plan_;
};

}  // namespace pare::nn
