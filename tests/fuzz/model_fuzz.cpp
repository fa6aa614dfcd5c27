// Any bytes are either refused with an InputError, or a model that can be written, read, printed
// and evaluated.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "graph/print.h"
#include "model/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pare::model::Model model;
  try {
    model = pare::model::parse(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const pare::InputError&) {
    return 0;
  }
  const auto bytes = pare::model::to_bytes(model);
  const auto again = pare::model::parse(bytes, "written");
  pare::check(pare::model::to_bytes(again) == bytes, "a model differs once written");
  pare::graph::print(model.graph);

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
