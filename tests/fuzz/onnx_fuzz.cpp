// Any bytes are a network that can be written, and frozen or refused; or are refused.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "graph/infer.h"
#include "interop/onnx_import.h"
#include "lower/lower.h"
#include "model/model.h"

namespace {

/// Whether freezing it takes no longer than a fuzzer may.
bool is_small(const pare::graph::Graph& graph) {
  std::int64_t elements = 0;
  for (const auto& wire : pare::graph::infer_shapes(graph)) {
    elements += pare::num_elements(wire.shape);
  }
  return elements < 20000 && graph.nodes.size() < 200;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    // Files of external data: none is there.
    const auto imported =
        pare::interop::import_onnx(std::as_bytes(std::span(data, size)), "fuzz", "/nonexistent");
    pare::model::to_bytes({.graph = imported.graph});
    if (is_small(imported.graph)) pare::lower::lower(imported.graph, {.input_max_abs = 1});
  } catch (const pare::InputError&) {
  }
  return 0;
}
