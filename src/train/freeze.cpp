#include "train/freeze.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "base/error.h"

namespace pare::train {

Frozen freeze(const graph::Graph& graph, const TrainingData& data) {
  if (lower::is_float(graph)) return {};
  try {
    return {lower::lower(graph, {.input_max_abs = static_cast<double>(data.largest_input)})};
  } catch (const InputError& error) {
    return {std::nullopt, error.what()};
  }
}

std::optional<model::Deployment> deployment_of(const Frozen& frozen, const TrainingData& data) {
  if (!frozen.lowered) return std::nullopt;
  const lower::Lowered& lowered = *frozen.lowered;
  const std::int64_t count = std::min(model::kMaxGoldenSamples, data.validation.inputs.size(0));
  const torch::Tensor inputs =
      data.validation.inputs.narrow(0, 0, count).to(torch::kCPU).flatten(1).contiguous();
  const auto size = static_cast<std::size_t>(inputs.size(1));
  std::vector<program::Inputs> samples;
  for (std::int64_t n = 0; n < count; ++n) {
    program::Codes codes(size);
    const float* first = inputs.data_ptr<float>() + n * inputs.size(1);
    lower::quantize_input(lowered.interface, {first, size}, codes);
    samples.push_back({{std::move(codes)}, {}});
  }
  return model::Deployment{.program = lowered.program,
                           .interface = lowered.interface,
                           .golden = model::make_golden(lowered.program, samples),
                           .notes = lowered.notes};
}

}  // namespace pare::train
