#include "train/tensors.h"

#include <gtest/gtest.h>

#include <torch/torch.h>

namespace pare::train {
namespace {

TEST(Tensors, ThereAndBackIsTheIdentity) {
  const Tensor floats = Tensor::from<float>({2, 3}, {1, -2, 3.5F, 0, 1e-30F, 7});
  const Tensor labels = Tensor::from<std::int64_t>({4}, {0, 1, -1, 1LL << 40});
  EXPECT_EQ(to_plain(to_torch(floats)), floats);
  EXPECT_EQ(to_plain(to_torch(labels)), labels);
}

TEST(Tensors, AViewIsCopiedInItsOwnOrder) {
  const torch::Tensor transposed = torch::arange(6, torch::kFloat32).reshape({2, 3}).t();
  EXPECT_EQ(to_plain(transposed), Tensor::from<float>({3, 2}, {0, 3, 1, 4, 2, 5}));
}

}  // namespace
}  // namespace pare::train
