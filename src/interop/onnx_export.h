#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare::interop {

/// How quantizers are written.
enum class OnnxForm {
  /// Standard operators of float32 (Div, Round, Clip, Mul): any runtime computes what pare's float
  /// graph computes, quantizers included.
  kFloat,
  /// Quant and BipolarQuant of QONNX: bits, scales and zero points stay.
  kQonnx,
  /// QuantizeLinear and DequantizeLinear of 8-bit integers, with a Clip between them where there
  /// are
  /// fewer bits; quantizers of more than 8 bits as in kFloat.
  kQdq,
};

/// A graph as an ONNX model (opset 13) of one input and one output, both with a batch of any size;
/// names are the graph's. What the input's mean and scale do to raw data is computed in the model,
/// in float64 as pare does, except in QONNX, whose readers want quantizers first: there the input
/// is what the network takes, and mean and scale stand in the metadata, where import_onnx finds
/// them.
///
/// Importing it gives the same network: the same nodes, and quantizers with the same codes.
/// docs/interop.md says how each op is written.
///
/// Throws InputError naming the node for what ONNX, or the form, has no operator for: tables,
/// batch norm without running statistics, lists of levels, roundings that the form does not have,
/// per-element scales.
std::vector<std::byte> export_onnx(const graph::Graph& graph, OnnxForm form);

}  // namespace pare::interop
