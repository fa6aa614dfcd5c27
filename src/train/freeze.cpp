#include "train/freeze.h"

#include <algorithm>
#include <span>

#include <torch/torch.h>

#include "base/error.h"
#include "model/deploy.h"

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
  const std::int64_t count = std::min(model::kMaxGoldenSamples, data.validation.inputs.size());
  const torch::Tensor inputs =
      data.validation.inputs.rows(0, count).to(torch::kCPU).flatten(1).contiguous();
  const std::span<const float> values(inputs.data_ptr<float>(),
                                      static_cast<std::size_t>(inputs.numel()));
  return model::deploy(*frozen.lowered, Tensor::from({count, inputs.size(1)}, values));
}

}  // namespace pare::train
