#include "train/baselines.h"

#include <gtest/gtest.h>

#include <torch/torch.h>

namespace pare::train {
namespace {

Part part_of(const std::vector<float>& inputs, const std::vector<std::int64_t>& labels) {
  const auto n = static_cast<std::int64_t>(labels.size());
  return {torch::tensor(inputs).view({n, 1, 2}), torch::tensor(labels, torch::kInt64)};
}

TEST(Baselines, AreThoseOfTheTrainingSamples) {
  // Means: class 0 (1, 0) of three samples, class 2 (5, 4) of two; class 1 has none.
  const Part train =
      part_of({0, 0, 2, 0, 1, 0, 4, 4, 6, 4}, std::vector<std::int64_t>{0, 0, 0, 2, 2});
  // (3, 2) lies between both means, (3.1, 2) nearer to the second, (0, 1) to the first.
  const Part test =
      part_of({3.1F, 2, 0, 1, 9, 9, 0, 0, 2, 1}, std::vector<std::int64_t>{2, 0, 2, 1, 2});
  const nlohmann::json found = baseline_accuracies(train, test, 3);
  EXPECT_DOUBLE_EQ(found.at("majority"), 0.2);
  // Right: the first three; the class without samples is never chosen.
  EXPECT_DOUBLE_EQ(found.at("nearest_centroid"), 0.6);
}

TEST(Baselines, OfManySamplesAreTheSameInPieces) {
  torch::manual_seed(1);
  // More than are taken at once.
  const std::int64_t n = 40'000;
  const torch::Tensor labels = torch::randint(3, {n}, torch::kInt64);
  const torch::Tensor x = torch::randn({n, 2}) + labels.unsqueeze(1);
  const nlohmann::json found = baseline_accuracies({x, labels}, {x, labels}, 3);
  std::vector<torch::Tensor> distances;
  for (std::int64_t c = 0; c < 3; ++c) {
    const torch::Tensor mean = x.to(torch::kFloat64).index({labels == c}).mean(0);
    distances.push_back((x - mean).square().sum(1));
  }
  const torch::Tensor expected = torch::stack(distances, 1).argmin(1).eq(labels);
  EXPECT_DOUBLE_EQ(found.at("nearest_centroid"),
                   expected.to(torch::kFloat64).mean().item<double>());
}

}  // namespace
}  // namespace pare::train
