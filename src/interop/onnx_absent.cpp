// Stands in for the readers of ONNX files where their protocol buffers are left out.
#include "base/error.h"
#include "interop/onnx_export.h"
#include "interop/onnx_file.h"

namespace pare::interop {
namespace {

[[noreturn]] void refuse(const std::string& origin) {
  throw InputError(origin +
                   ": this pare has no ONNX; install libonnx-dev and libprotobuf-dev and build it "
                   "again with PARE_WITH_ONNX");
}

}  // namespace

OnnxFile parse_onnx(std::span<const std::byte>, const std::string& origin, const std::string&) {
  refuse(origin);
}

Tensor parse_onnx_tensor(std::span<const std::byte>, const std::string& origin) { refuse(origin); }

std::vector<std::byte> export_onnx(const graph::Graph& graph, OnnxForm) { refuse(graph.name); }

}  // namespace pare::interop
