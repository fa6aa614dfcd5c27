#include "train/inputs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <torch/torch.h>

#include "compress/post_training.h"
#include "data/patches.h"
#include "train/tensors.h"

namespace pare::train {
namespace {

RC_GTEST_PROP(Inputs, PatchesAreThoseThatAreCutOfTheCube, ()) {
  const std::int64_t patch = 2 * *rc::gen::inRange<std::int64_t>(0, 4) + 1;
  const std::int64_t rows = *rc::gen::inRange<std::int64_t>(patch, patch + 5);
  const std::int64_t columns = *rc::gen::inRange<std::int64_t>(patch, patch + 5);
  const std::int64_t bands = *rc::gen::inRange<std::int64_t>(1, 4);
  Tensor cube(DType::kF32, {rows, columns, bands});
  for (std::size_t i = 0; i < cube.size(); ++i) cube.as<float>()[i] = static_cast<float>(i);
  const auto pixels = *rc::gen::container<std::vector<std::int64_t>>(
      7, rc::gen::inRange<std::int64_t>(0, rows * columns));
  const torch::Tensor expected = to_torch(data::cut_patches(cube, patch, pixels));
  const torch::Tensor numbers = torch::tensor(pixels, torch::kInt64);
  const Inputs inputs(with_mirrored_border(to_torch(cube), patch), numbers);
  RC_ASSERT(inputs.size() == 7);
  RC_ASSERT(inputs.sample_shape() == (Shape{bands, patch, patch}));
  RC_ASSERT(inputs.rows(0, 7).equal(expected));
  RC_ASSERT(inputs.rows(2, 3).equal(expected.narrow(0, 2, 3)));
  RC_ASSERT(inputs.rows(2, 3).is_contiguous());
  const torch::Tensor order = torch::tensor({5, 0, 5, 3}, torch::kInt64);
  RC_ASSERT(inputs.picked(order).rows(0, 4).equal(expected.index_select(0, order)));
  for (const std::int64_t count : {3, 7, 9}) {
    RC_ASSERT(
        inputs.at_equal_distances(count).equal(compress::calibration_samples(expected, count)));
  }
  RC_ASSERT(inputs.largest_magnitude() == expected.abs().max().item<float>());
}

TEST(Inputs, HeldOnesAreWhatIsHeld) {
  const torch::Tensor samples = torch::randn({2500, 3, 2});
  const Inputs inputs = samples;
  EXPECT_EQ(inputs.size(), 2500);
  EXPECT_EQ(inputs.sample_shape(), (Shape{3, 2}));
  EXPECT_TRUE(inputs.rows(4, 9).equal(samples.narrow(0, 4, 9)));
  EXPECT_EQ(inputs.rows(0, 2500).data_ptr(), samples.data_ptr());
  const torch::Tensor order = torch::tensor({7, 1}, torch::kInt64);
  EXPECT_TRUE(inputs.picked(order).rows(0, 2).equal(samples.index_select(0, order)));
  EXPECT_EQ(inputs.largest_magnitude(), samples.abs().max().item<float>());
  const float most = inputs.magnitudes().percentile(99);
  const double inside = samples.abs().le(most).to(torch::kFloat64).mean().item<double>();
  EXPECT_GE(inside, 0.99);
  EXPECT_LT(inside, 0.992);
  EXPECT_EQ(Inputs().size(), 0);
}

TEST(Inputs, PartsOfASceneHoldItOnce) {
  const PatchSource source = with_mirrored_border(torch::randn({9, 8, 4}), 3);
  const Inputs a(source, torch::arange(10, torch::kInt64));
  const Inputs b(source, torch::arange(10, 20, torch::kInt64));
  // The scene with its border, and both who read it.
  EXPECT_EQ(source.pixels.sizes(), (torch::IntArrayRef{11 * 10, 4}));
  EXPECT_EQ(source.pixels.use_count(), 3);
}

}  // namespace
}  // namespace pare::train
