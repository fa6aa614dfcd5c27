#include "train/batches.h"

#include <gtest/gtest.h>

#include <torch/torch.h>

namespace pare::train {
namespace {

Batches numbered(std::int64_t samples, std::int64_t batch_size) {
  const torch::Tensor labels = torch::arange(samples, torch::kInt64);
  return {labels.to(torch::kFloat32).unsqueeze(1), labels, batch_size};
}

TEST(Batches, AnEpochShowsEverySampleOnceWithItsLabel) {
  Batches batches = numbered(10, 4);
  batches.shuffle(1, 0, 0);
  std::vector<torch::Tensor> seen;
  for (std::int64_t i = 0; i < batches.count(); ++i) {
    const auto [inputs, labels] = batches.batch(i);
    EXPECT_TRUE(torch::equal(inputs.squeeze(1).to(torch::kInt64), labels));
    seen.push_back(labels);
  }
  const torch::Tensor sorted = std::get<0>(torch::cat(seen).sort());
  EXPECT_TRUE(torch::equal(sorted, torch::arange(10, torch::kInt64)));
}

TEST(Batches, TheOrderDependsOnSeedStageAndEpochAlone) {
  const auto order = [](std::uint64_t seed, int stage, int epoch) {
    Batches batches = numbered(100, 100);
    batches.shuffle(seed, stage, epoch);
    return batches.batch(0).second;
  };
  EXPECT_TRUE(torch::equal(order(1, 2, 3), order(1, 2, 3)));
  EXPECT_FALSE(torch::equal(order(1, 2, 3), order(2, 2, 3)));
  EXPECT_FALSE(torch::equal(order(1, 2, 3), order(1, 1, 3)));
  EXPECT_FALSE(torch::equal(order(1, 2, 3), order(1, 2, 4)));
}

TEST(Batches, ASingleLeftOverSampleIsLeftOut) {
  EXPECT_EQ(numbered(9, 4).count(), 2);
  EXPECT_EQ(numbered(10, 4).count(), 3);
  EXPECT_EQ(numbered(3, 4).count(), 1);
}

TEST(Batches, AugmentEachImageByItsOwnNumber) {
  const torch::Tensor images = torch::rand({50, 2, 5, 4}) + 1;
  const torch::Tensor labels = torch::arange(50);
  const data::Augmentation augmentation{.crop_padding = 1, .has_flip = true, .fill = {-1, -2}};
  Batches batches(images, labels, 16, augmentation);
  Batches same(images, labels, 7, augmentation);
  batches.shuffle(3, 1, 2);
  same.shuffle(3, 1, 2);
  const auto [first, numbers] = batches.batch(0);
  EXPECT_TRUE(first.narrow(0, 0, 7).equal(same.batch(0).first));
  EXPECT_FALSE(first.equal(images.index_select(0, numbers)));
  batches.shuffle(3, 1, 3);
  EXPECT_FALSE(batches.batch(0).first.equal(first));
  // A shuffle of whole images keeps what is not padding.
  EXPECT_GE(first.min().item<float>(), -2);
}

TEST(Batches, RefuseToAugmentWhatIsNoImage) {
  EXPECT_THROW(Batches(torch::rand({5, 4}), torch::arange(5), 2, {.crop_padding = 1}), InputError);
}

}  // namespace
}  // namespace pare::train
