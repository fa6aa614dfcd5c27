#include "nn/structure.h"

#include <torch/torch.h>

#include "graph/overloaded.h"

namespace pare::nn {
namespace {

/// [p, q, k] -> [p k, q k]: element (r, c) of a block is stored[(r - c) mod k].
torch::Tensor expand_circulant(const torch::Tensor& stored) {
  const std::int64_t p = stored.size(0);
  const std::int64_t q = stored.size(1);
  const std::int64_t k = stored.size(2);
  const torch::Tensor steps = torch::arange(k, torch::kInt64).to(stored.device());
  const torch::Tensor index = (steps.unsqueeze(1) - steps.unsqueeze(0)).remainder(k);
  return stored.index_select(2, index.flatten())
      .view({p, q, k, k})
      .permute({0, 2, 1, 3})
      .reshape({p * k, q * k});
}

}  // namespace

torch::Tensor expand(const torch::Tensor& stored, const graph::Structure& structure) {
  return std::visit(
      graph::Overloaded{[&](const graph::Dense&) { return stored; },
                        [&](const graph::BlockCirculant&) { return expand_circulant(stored); }},
      structure);
}

std::vector<double> steps_of_rows(std::vector<double> steps, const graph::Structure& structure) {
  const auto* circulant = std::get_if<graph::BlockCirculant>(&structure);
  if (circulant == nullptr || steps.size() == 1) return steps;
  std::vector<double> rows;
  for (const double step : steps) {
    rows.insert(rows.end(), static_cast<std::size_t>(circulant->block_size), step);
  }
  return rows;
}

}  // namespace pare::nn
