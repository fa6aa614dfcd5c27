#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"
#include "onnx_runtime.h"

namespace pare::bench {

/// How the codes that a runtime computes in float32 compare with those that pare computes in double
/// of the same inputs: of the runtime's own codes at the quantizer before.
struct QuantizerAgreement {
  std::string name;
  std::int64_t values = 0;
  /// Codes that differ, by kind: the neighbour's, with the double within the a-priori error of
  /// float32 of the border between them; the neighbour's, but farther from it; any other.
  std::int64_t ties = 0;
  std::int64_t off_by_one = 0;
  std::int64_t others = 0;
  double farthest = 0;  ///< of a tie from its border, in steps
  double bound = 0;     ///< largest error bound of all values, in steps
};

/// One entry a quantize node of `graph`, which is what the ONNX file `onnx` was imported as, over
/// all `samples` (raw inputs [1, …]). The error bound of a value that is made of products is
///
///     gamma(k) * sum of |products|,  gamma(k) = k u / (1 - k u),  u = 2^-24
///
/// for at most k roundings on the way from one quantizer to the next: n for a sum of n, whatever
/// its order, 8 for a batch norm, 4 for the quantizer itself. Ref: Higham, Accuracy and Stability
/// of Numerical Algorithms, 2nd ed., section 3.1. Throws InputError where the nodes between two
/// quantizers are no chain, or of other kinds.
std::vector<QuantizerAgreement> hold_quantizers(const OnnxRuntime& runtime,
                                                const graph::Graph& graph,
                                                std::span<const std::byte> onnx,
                                                std::span<const Tensor> samples);

/// Of how many codes of a quantizer a runtime that computes in double has others than pare, both
/// from the network's input on.
struct DoubleAgreement {
  std::string name;
  std::int64_t values = 0;
  std::int64_t differing = 0;
};

/// One entry a quantize node of `graph`, as above, by standard_onnx(…, Precision::kDouble).
std::vector<DoubleAgreement> hold_in_double(const OnnxRuntime& runtime, const graph::Graph& graph,
                                            std::span<const std::byte> onnx,
                                            std::span<const Tensor> samples);

}  // namespace pare::bench
