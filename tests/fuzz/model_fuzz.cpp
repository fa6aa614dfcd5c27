// Any bytes are either refused with an InputError, or a model that can be written, read, printed
// and evaluated, and whose program runs on its golden inputs. Checksum and hash are made right
// first: no fuzzer would ever get past them.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/safetensors.h"
#include "base/sha256.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "graph/print.h"
#include "model/checksum.h"
#include "model/model.h"
#include "program/reference.h"

namespace {

/// The file as it would be had it been made with these contents.
std::vector<std::byte> with_checksums(std::span<const std::byte> bytes) {
  pare::Safetensors contents = pare::parse_safetensors(bytes, "fuzz");
  const auto program = contents.tensors.find("program");
  if (program != contents.tensors.end() && contents.metadata.contains("program_hash")) {
    contents.metadata["program_hash"] = pare::sha256_hex(program->second.bytes());
  }
  if (contents.metadata.contains(pare::model::kChecksumKey)) {
    contents.metadata[pare::model::kChecksumKey] = pare::model::checksum(contents);
  }
  return pare::to_bytes(contents);
}

void run_program(const pare::model::Deployment& deployment) {
  // As many steps as the file says may be far more than it holds data for.
  constexpr std::int64_t kMaxElements = 1 << 14;
  std::int64_t total = 0;
  for (const auto& buffer : deployment.program.buffers) {
    const std::int64_t steps =
        buffer.each ? deployment.golden.trip_counts[buffer.each->value] + 1 : 1;
    if (steps > kMaxElements) return;
    total += pare::num_elements(buffer.shape) * steps;
  }
  if (total > kMaxElements) return;
  const auto inputs = pare::model::inputs_of(deployment.program, deployment.golden, 0);
  pare::program::run_reference(deployment.program, inputs, {.traps = true});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pare::model::Model model;
  try {
    model = pare::model::parse(with_checksums(std::as_bytes(std::span(data, size))), "fuzz");
  } catch (const pare::InputError&) {
    return 0;
  }
  const auto bytes = pare::model::to_bytes(model);
  const auto again = pare::model::parse(bytes, "written");
  pare::check(pare::model::to_bytes(again) == bytes, "a model differs once written");
  pare::graph::print(model.graph);
  if (model.deployment) run_program(*model.deployment);

  // Shapes may be large where the file is small: only small samples are evaluated.
  constexpr std::int64_t kMaxElements = 1 << 12;
  for (const auto& wire : pare::graph::infer_shapes(model.graph)) {
    if (pare::num_elements(wire.shape) > kMaxElements) return 0;
  }
  if (model.graph.inputs.size() != 1) return 0;
  const auto& input = model.graph.inputs.front();
  pare::Shape shape = {2};
  if (input.time == pare::graph::Time::kEachStep) shape.push_back(2);
  shape.insert(shape.end(), input.shape.begin(), input.shape.end());
  const auto outputs = pare::graph::evaluate(model.graph, pare::Tensor(pare::DType::kF32, shape));
  if (outputs.rank() > 0) pare::graph::apply_head(model.graph.head, outputs);
  return 0;
}
