#include "train/baselines.h"

#include <algorithm>
#include <limits>

#include <torch/torch.h>

namespace pare::train {
namespace {

/// Samples at once, of `elements` numbers each.
std::int64_t rows_at_once(std::int64_t elements) {
  return samples_at_once(elements, std::int64_t{1} << 14);
}

/// Sums of each class's samples, [classes, elements], and how many there are.
struct ClassSums {
  torch::Tensor sums;
  torch::Tensor counts;
};

ClassSums class_sums(const Part& part, std::int64_t classes) {
  const std::int64_t elements = num_elements(part.inputs.sample_shape());
  const auto options = torch::dtype(torch::kFloat64).device(part.inputs.device());
  ClassSums result{torch::zeros({classes, elements}, options),
                   torch::bincount(part.labels, {}, classes)};
  const std::int64_t rows = rows_at_once(elements);
  for (std::int64_t first = 0; first < part.inputs.size(); first += rows) {
    const std::int64_t n = std::min(rows, part.inputs.size() - first);
    const torch::Tensor x = part.inputs.rows(first, n).flatten(1).to(torch::kFloat64);
    // A product, whose order of additions is fixed on a GPU too.
    const torch::Tensor is_of = torch::one_hot(part.labels.narrow(0, first, n), classes);
    result.sums += is_of.to(torch::kFloat64).t().mm(x);
  }
  return result;
}

double nearest_centroid(const ClassSums& of, const Part& test) {
  const torch::Tensor means = of.sums / of.counts.clamp_min(1).unsqueeze(1);
  // |x - m|^2 less what all classes share.
  const torch::Tensor offsets =
      means.square().sum(1).masked_fill(of.counts == 0, std::numeric_limits<double>::infinity());
  const std::int64_t rows = rows_at_once(means.size(1));
  std::int64_t right = 0;
  for (std::int64_t first = 0; first < test.inputs.size(); first += rows) {
    const std::int64_t n = std::min(rows, test.inputs.size() - first);
    const torch::Tensor x = test.inputs.rows(first, n).flatten(1).to(torch::kFloat64);
    const torch::Tensor distances = offsets - 2 * x.mm(means.t());
    right += distances.argmin(1).eq(test.labels.narrow(0, first, n)).sum().item<std::int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(test.inputs.size());
}

}  // namespace

nlohmann::json baseline_accuracies(const Part& train, const Part& test, std::int64_t classes) {
  const torch::NoGradGuard no_grad;
  const ClassSums sums = class_sums(train, classes);
  const torch::Tensor is_majority = test.labels.eq(sums.counts.argmax());
  return {{"majority", is_majority.to(torch::kFloat64).mean().item<double>()},
          {"nearest_centroid", nearest_centroid(sums, test)}};
}

}  // namespace pare::train
