#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/format.h"
#include "graph/quantize.h"

namespace pare::graph {

/// An asymmetric map of b bits: code = to_code(w) and value = from_code(code) of graph/quantize.h,
/// with kAffineRounding.
struct AffineMap {
  Scale scale = {};
  CodeRange codes = {};
  float zero_point = 0;  ///< the code of 0, one of `codes`
};

/// Half up, so that a zero point may be added before or after rounding.
inline constexpr Rounding kAffineRounding = Rounding::kHalfUp;

/// Affine maps of `num_groups` equal runs of `values`. With beta = min w, alpha = max w, both taken
/// so far that 0 lies between them, and codes -2^(b-1) … 2^(b-1) - 1:
///
///     s = (2^b - 1) / (alpha - beta),  zero point = -round(beta s) - 2^(b-1)
///
/// so that beta gets the lowest code, alpha the highest, and 0 is a value: pruned weights stay 0.
/// alpha - beta is at least kMinRange; with StepRule::kPow2, 1 / s is the power of two at or above.
/// Ref: Wu et al. 2020, arXiv:2004.09602, as recalled in docs/methods/quantization.md.
///
/// REQUIRES: codes of all b bits (not narrow), one or one a group; the groups divide the values.
std::vector<AffineMap> affine_maps(std::span<const CodeRange> codes, StepRule step,
                                   std::span<const float> values, std::size_t num_groups);

/// Whether training computes with other values of a weight than what is left of it.
bool has_training_maps(const Graph& graph);

}  // namespace pare::graph
