#include "nn/spike_gpu.h"

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "nn/test_spikes.h"

namespace pare::nn {
namespace {

class SpikesOnGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  }
};

TEST_F(SpikesOnGpu, AreThoseOfTensorOperationsAndOfTheCpu) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const TestSpikes layer = random_spikes(seed);
    ASSERT_EQ(fastest_path(layer.current.cuda(), {.threshold = layer.neurons.threshold.cuda()}),
              Path::kKernels);
    const SpikePass on_gpu = pass_spikes(layer, Path::kKernels, torch::kCUDA);
    const SpikePass by_aten = pass_spikes(layer, Path::kAten, torch::kCUDA);
    EXPECT_TRUE(on_gpu.spikes.equal(by_aten.spikes));
    EXPECT_TRUE(on_gpu.spikes.equal(pass_spikes(layer, Path::kKernels).spikes));
    EXPECT_TRUE(is_close(on_gpu.current, by_aten.current));
    EXPECT_TRUE(is_close(on_gpu.threshold, by_aten.threshold));
    EXPECT_TRUE(is_close(on_gpu.leak, by_aten.leak));
  }
}

TEST_F(SpikesOnGpu, AreTheSameBitsEachTime) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const TestSpikes layer = random_spikes(seed);
    const SpikePass first = pass_spikes(layer, Path::kKernels, torch::kCUDA);
    const SpikePass second = pass_spikes(layer, Path::kKernels, torch::kCUDA);
    EXPECT_TRUE(first.current.equal(second.current));
    EXPECT_TRUE(first.threshold.equal(second.threshold));
  }
}

}  // namespace
}  // namespace pare::nn
