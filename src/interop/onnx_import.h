#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare::interop {

/// What an ONNX file does not say.
struct ImportOptions {
  /// How raw data become what the file's input takes: (raw - input_mean) / input_scale. A file for
  /// pixels from 0 to 1 reads pixels from 0 to 255 with a scale of 255.
  double input_mean = 0;
  double input_scale = 1;
  /// What is made of the output.
  graph::HeadKind head = graph::HeadKind::kValues;
};

struct Imported {
  graph::Graph graph;
  /// For people, one line each: what was assumed, moved or left out.
  std::vector<std::string> notes = {};
};

/// The network of an ONNX file: float, with the quantizers of QONNX, or with those of
/// QuantizeLinear and DequantizeLinear. Axis 0 of what the file computes is the batch, of whatever
/// size, and goes. docs/interop.md says what becomes what.
///
/// Throws InputError: as parse_onnx; one error that lists every operator that pare has no form for,
/// by node and type; and naming the node, one whose attributes or inputs have none.
Imported import_onnx(const std::string& path, const ImportOptions& options = {});

/// The same of a file's bytes. `origin` names it in messages, `folder` is where it lies.
Imported import_onnx(std::span<const std::byte> bytes, const std::string& origin,
                     const std::string& folder, const ImportOptions& options = {});

/// Whether a file is called as ONNX files are (.onnx).
bool is_onnx_path(const std::string& path);

}  // namespace pare::interop
