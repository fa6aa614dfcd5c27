#include "train/evaluate.h"

#include <algorithm>
#include <utility>

#include <torch/torch.h>

#include "train/loss.h"

namespace pare::train {
namespace {

constexpr std::int64_t kBatch = 8192;

}  // namespace

std::int64_t samples_at_once(std::int64_t elements, std::int64_t most) {
  constexpr std::int64_t kElements = std::int64_t{1} << 20;
  return std::clamp<std::int64_t>(kElements / std::max<std::int64_t>(elements, 1), 1, most);
}

torch::Tensor outputs(nn::Network& network, const Inputs& inputs,
                      std::map<std::string, torch::Tensor>* trace, nn::WeightMaps weight_maps) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  std::map<std::string, std::vector<torch::Tensor>> traced;
  const std::int64_t batch = samples_at_once(network.largest_wire(), kBatch);
  for (std::int64_t start = 0; start < inputs.size(); start += batch) {
    const std::int64_t size = std::min(batch, inputs.size() - start);
    nn::Context context;
    context.trace = trace;
    context.weight_maps = weight_maps;
    parts.push_back(network.forward(inputs.rows(start, size), context));
    if (trace == nullptr) continue;
    for (const auto& [name, value] : *trace) traced[name].push_back(value);
  }
  for (auto& [name, values] : traced) (*trace)[name] = torch::cat(values);
  return torch::cat(parts);
}

Score score(nn::Network& network, const Part& part, recipe::Loss kind, nn::WeightMaps weight_maps) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = outputs(network, part.inputs, nullptr, weight_maps);
  const torch::Tensor right = logits.argmax(1).eq(part.labels).sum();
  return {.loss = loss(kind, logits, part.labels).item<double>(),
          .accuracy = right.item<double>() / static_cast<double>(part.labels.size(0))};
}

}  // namespace pare::train
