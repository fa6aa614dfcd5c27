#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/tensor.h"

namespace pare::interop {

// An ONNX file as plain values: what onnx.proto says, without protocol buffers.

/// Attributes of the kinds that operators of networks have. std::monostate: any other (a subgraph,
/// a sparse tensor, a type).
using OnnxAttribute =
    std::variant<std::monostate, std::int64_t, float, std::string, std::vector<std::int64_t>,
                 std::vector<float>, std::vector<std::string>, Tensor>;

struct OnnxNode {
  std::string name;  ///< may be empty, need not be unique
  std::string domain;
  std::string type;                  ///< "Conv"
  std::vector<std::string> inputs;   ///< names of values; "": left out
  std::vector<std::string> outputs;  ///< as inputs
  std::map<std::string, OnnxAttribute> attributes = {};
};

/// An input or output of the graph.
struct OnnxValue {
  std::string name;
  /// Sizes of the axes, -1 where the file leaves one open. None: not even their number is known.
  std::optional<Shape> shape = std::nullopt;
};

struct OnnxFile {
  std::string name;      ///< of the graph
  std::string producer;  ///< "pytorch 1.10"; may be empty
  std::int64_t opset = 1;
  std::map<std::string, std::string> metadata = {};
  std::vector<OnnxNode> nodes = {};
  std::map<std::string, Tensor> initializers = {};
  std::vector<OnnxValue> inputs = {};  ///< those that are no initializers
  std::vector<OnnxValue> outputs = {};
};

/// Reads an ONNX file. `origin` names it in messages; `folder` is where the files lie that it keeps
/// large tensors in. Numbers of less than 32 bits that are no integers become f32, integers of 4
/// bits those of 8. Throws InputError: not an ONNX model, of opset 22 or newer (or older than 6),
/// and tensors whose data are missing, of another size than their shape says, of a type that is no
/// number, or in a file outside of `folder`.
OnnxFile parse_onnx(std::span<const std::byte> bytes, const std::string& origin,
                    const std::string& folder);

/// The tensor of a .pb file (TensorProto), as operators' conformance vectors are kept in. Throws
/// InputError as parse_onnx.
Tensor parse_onnx_tensor(std::span<const std::byte> bytes, const std::string& origin);

/// The opsets that are read.
inline constexpr std::int64_t kOldestOpset = 6;
inline constexpr std::int64_t kNewestOpset = 21;

}  // namespace pare::interop
