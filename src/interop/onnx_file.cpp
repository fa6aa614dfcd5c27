#include "interop/onnx_file.h"

#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx_pb.h>

#include "base/error.h"
#include "interop/onnx_tensor.h"

namespace pare::interop {
namespace {

/// Nodes that a file may have: more are no network that fits anywhere.
constexpr int kMaxNodes = 10000;

/// What the parts of a file may take in memory when it is read, its numbers not counted: two bytes
/// of a file can be a message of 300.
constexpr std::int64_t kMostOfParts = std::int64_t{64} << 20;

/// Adds up what the parts of messages take, before any of them is made. Damage is left to the
/// parser.
class PartCounter {
 public:
  explicit PartCounter(std::span<const std::byte> bytes)
      : stream_(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                static_cast<int>(bytes.size())) {}

  /// Whether they take more than a file's may.
  bool is_exceeded(const google::protobuf::Descriptor& type) {
    add(type, 0);
    return taken_ > kMostOfParts;
  }

 private:
  using WireFormat = google::protobuf::internal::WireFormatLite;

  void add(const google::protobuf::Descriptor& type, int depth) {
    // Twice what was measured of libprotobuf's objects and ours together.
    constexpr std::int64_t kMessage = 320;
    constexpr std::int64_t kText = 128;
    constexpr std::int64_t kNumber = 48;
    constexpr int kDeepest = 100;
    while (const std::uint32_t tag = stream_.ReadTag()) {
      const auto* field = type.FindFieldByNumber(static_cast<int>(tag >> 3));
      const auto* inner = field == nullptr ? nullptr : field->message_type();
      const bool has_length =
          WireFormat::GetTagWireType(tag) == WireFormat::WIRETYPE_LENGTH_DELIMITED;
      taken_ += !has_length ? kNumber : inner == nullptr ? kText : kMessage;
      if (taken_ > kMostOfParts) return;
      if (!has_length) {
        if (!WireFormat::SkipField(&stream_, tag)) return;
        continue;
      }
      std::uint32_t length = 0;
      const bool fits = stream_.ReadVarint32(&length) &&
                        length <= static_cast<std::uint32_t>(std::numeric_limits<int>::max());
      if (!fits || depth == kDeepest) return;
      if (inner == nullptr) {
        if (!stream_.Skip(static_cast<int>(length))) return;
        continue;
      }
      const auto limit = stream_.PushLimit(static_cast<int>(length));
      add(*inner, depth + 1);
      stream_.Skip(stream_.BytesUntilLimit());
      stream_.PopLimit(limit);
    }
  }

  google::protobuf::io::CodedInputStream stream_;
  std::int64_t taken_ = 0;
};

class Reader {
 public:
  Reader(const std::string& origin, const std::string& folder) : origin_(origin), folder_(folder) {}

  OnnxFile read(const onnx::ModelProto& model) const {
    if (!model.has_graph() || model.graph().node_size() == 0) {
      fail("no ONNX model: it has no graph, or one without nodes");
    }
    const onnx::GraphProto& graph = model.graph();
    OnnxFile file;
    file.name = graph.name();
    file.producer = model.producer_name();
    if (!model.producer_version().empty()) file.producer += " " + model.producer_version();
    file.opset = opset_of(model);
    for (const auto& entry : model.metadata_props()) file.metadata[entry.key()] = entry.value();
    if (graph.node_size() > kMaxNodes) {
      fail(fmt::format("{} nodes; at most {} are read", graph.node_size(), kMaxNodes));
    }
    if (graph.sparse_initializer_size() > 0) fail("sparse initializers; only dense ones are read");
    for (const auto& tensor : graph.initializer()) {
      const std::string who = fmt::format("{}: initializer '{}'", origin_, tensor.name());
      if (!file.initializers.emplace(tensor.name(), decode_tensor(tensor, who, folder_)).second) {
        fail(fmt::format("two initializers are called '{}'", tensor.name()));
      }
    }
    for (const auto& node : graph.node()) file.nodes.push_back(read_node(node));
    for (const auto& value : graph.input()) {
      if (!file.initializers.contains(value.name())) file.inputs.push_back(read_value(value));
    }
    for (const auto& value : graph.output()) file.outputs.push_back(read_value(value));
    return file;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", origin_, what));
  }

  std::int64_t opset_of(const onnx::ModelProto& model) const {
    std::int64_t opset = 1;
    for (const auto& import : model.opset_import()) {
      if (import.domain().empty() || import.domain() == "ai.onnx") opset = import.version();
    }
    if (opset < kOldestOpset || opset > kNewestOpset) {
      fail(fmt::format("opset {}; {} to {} are read: convert it with onnx.version_converter", opset,
                       kOldestOpset, kNewestOpset));
    }
    return opset;
  }

  OnnxNode read_node(const onnx::NodeProto& node) const {
    OnnxNode result{.name = node.name(),
                    .domain = node.domain() == "ai.onnx" ? "" : node.domain(),
                    .type = node.op_type(),
                    .inputs = {node.input().begin(), node.input().end()},
                    .outputs = {node.output().begin(), node.output().end()}};
    for (const auto& attribute : node.attribute()) {
      result.attributes[attribute.name()] = read_attribute(attribute, node);
    }
    return result;
  }

  OnnxAttribute read_attribute(const onnx::AttributeProto& attribute,
                               const onnx::NodeProto& node) const {
    switch (attribute.type()) {
      case onnx::AttributeProto::INT:
        return attribute.i();
      case onnx::AttributeProto::FLOAT:
        return attribute.f();
      case onnx::AttributeProto::STRING:
        return attribute.s();
      case onnx::AttributeProto::INTS:
        return std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end());
      case onnx::AttributeProto::FLOATS:
        return std::vector<float>(attribute.floats().begin(), attribute.floats().end());
      case onnx::AttributeProto::STRINGS:
        return std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
      case onnx::AttributeProto::TENSOR:
        return decode_tensor(
            attribute.t(),
            fmt::format("{}: attribute '{}' of node '{}'", origin_, attribute.name(), node.name()),
            folder_);
      default:
        return std::monostate{};
    }
  }

  OnnxValue read_value(const onnx::ValueInfoProto& value) const {
    OnnxValue result{.name = value.name()};
    if (!value.type().has_tensor_type()) {
      fail(fmt::format("'{}' is no tensor", value.name()));
    }
    if (!value.type().tensor_type().has_shape()) return result;
    result.shape.emplace();
    for (const auto& dimension : value.type().tensor_type().shape().dim()) {
      const bool is_known = dimension.has_dim_value() && dimension.dim_value() > 0;
      result.shape->push_back(is_known ? dimension.dim_value() : -1);
    }
    return result;
  }

  const std::string& origin_;
  const std::string& folder_;
};

void parse_message(google::protobuf::Message& message, std::span<const std::byte> bytes,
                   const std::string& origin) {
  // What is wrong is said by an exception, not on the library's stderr.
  const google::protobuf::LogSilencer silence;
  const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (fits && PartCounter(bytes).is_exceeded(*message.GetDescriptor())) {
    throw InputError(
        fmt::format("{}: a graph of too many small parts: they would take more than {} MiB", origin,
                    kMostOfParts >> 20));
  }
  if (!fits || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw InputError(
        fmt::format("{}: no ONNX file, or a damaged one ({} bytes that are no protocol buffer)",
                    origin, bytes.size()));
  }
}

}  // namespace

OnnxFile parse_onnx(std::span<const std::byte> bytes, const std::string& origin,
                    const std::string& folder) {
  onnx::ModelProto model;
  parse_message(model, bytes, origin);
  return Reader(origin, folder).read(model);
}

Tensor parse_onnx_tensor(std::span<const std::byte> bytes, const std::string& origin) {
  onnx::TensorProto tensor;
  parse_message(tensor, bytes, origin);
  return decode_tensor(tensor, origin, "");
}

}  // namespace pare::interop
