// The GPU's kernels for spiking neurons against the CPU's, every number.

#include "nn/spike_cuda.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "nn/spike_kernels.h"

namespace pare::nn {
namespace {

using Numbers = std::vector<float>;

/// A layer and all that its pointers point to.
struct Layer {
  SpikeLayer spikes = {};
  Numbers threshold;
  Numbers leak;
  Numbers step;
  Numbers current;
  Numbers gradient;  ///< of the spikes
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  int in(int lowest, int highest) {
    return std::uniform_int_distribution(lowest, highest)(engine_);
  }
  bool one_in(int n) { return in(1, n) == 1; }
  Numbers uniform(std::size_t size, float lowest, float highest) {
    std::uniform_real_distribution distribution(lowest, highest);
    Numbers numbers(size);
    for (float& x : numbers) x = distribution(engine_);
    return numbers;
  }

 private:
  std::mt19937 engine_;
};

SpikeRule random_rule(Random& random) {
  SpikeRule rule;
  rule.is_strict = random.one_in(2);
  rule.reset = random.one_in(3) ? SpikeReset::kHard : SpikeReset::kSoft;
  rule.leaks_reset = random.one_in(2);
  rule.surrogate = {.shape = static_cast<SurrogateShape>(random.in(0, 2)),
                    .gain = 0.3 * random.in(1, 4),
                    .width = 0.5 * random.in(1, 4)};
  rule.codes = {static_cast<float>(-random.in(0, 70)), static_cast<float>(random.in(1, 70))};
  return rule;
}

/// Odd sizes, every rule, more neurons than a block has threads and fewer, up to three segments.
Layer random_layer(unsigned seed) {
  Random random(seed);
  Layer layer;
  SpikeShape& shape = layer.spikes.shape;
  shape = {.steps = random.in(1, 40),
           .samples = random.in(1, 4),
           .channels = random.in(1, 37),
           .positions = random.in(1, 9)};
  layer.spikes.is_once = random.one_in(3);
  layer.spikes.rule = random_rule(random);
  const auto of_channels = [&](Numbers& numbers, float lowest, float highest) {
    const bool is_common = random.one_in(2);
    const auto channels = static_cast<std::size_t>(shape.channels);
    numbers = random.uniform(is_common ? 1 : channels, lowest, highest);
    return OfChannels{numbers.data(), is_common ? 0 : 1};
  };
  layer.spikes.threshold = of_channels(layer.threshold, 0.5F, 1.5F);
  layer.spikes.leak = of_channels(layer.leak, 0.5F, 1.0F);
  if (random.one_in(2)) layer.spikes.step = of_channels(layer.step, 0.01F, 0.1F);
  const auto neurons = static_cast<std::size_t>(shape.neurons());
  const auto steps = static_cast<std::size_t>(shape.steps);
  layer.current = random.uniform(layer.spikes.is_once ? neurons : steps * neurons, -0.8F, 1.4F);
  layer.gradient = random.uniform(steps * neurons, -1, 1);
  return layer;
}

std::size_t num_kept(const Layer& layer) {
  return static_cast<std::size_t>(num_kept_membranes(layer.spikes.shape.steps) *
                                  layer.spikes.shape.neurons());
}

struct Forward {
  Numbers spikes;
  Numbers kept;
};

template <class Run>
Forward forward(const Layer& layer, Run&& run) {
  Forward to{.spikes = Numbers(layer.gradient.size(), -7), .kept = Numbers(num_kept(layer), -7)};
  run(to.spikes.data(), to.kept.data());
  return to;
}

Forward on_cpu(const Layer& layer) {
  return forward(layer, [&](float* spikes, float* kept) {
    for (std::int64_t chunk = 0; chunk < num_spike_chunks(layer.spikes); ++chunk) {
      spike_forward(layer.spikes, chunk, layer.current.data(), spikes, kept);
    }
  });
}

Forward on_gpu(const Layer& layer) {
  return forward(layer, [&](float* spikes, float* kept) {
    spike_forward_cuda(layer.spikes, layer.current.data(), spikes, kept, nullptr);
  });
}

constexpr unsigned kNumLayers = 400;

TEST(SpikesOfGpuKernels, AreTheSameBitsAsTheCpus) {
  std::size_t num_spikes = 0;
  for (unsigned seed = 0; seed < kNumLayers; ++seed) {
    const Layer layer = random_layer(seed);
    const Forward cpu = on_cpu(layer);
    const Forward gpu = on_gpu(layer);
    ASSERT_EQ(gpu.spikes, cpu.spikes) << "seed " << seed;
    ASSERT_EQ(gpu.kept, cpu.kept) << "seed " << seed;
    num_spikes += static_cast<std::size_t>(std::ranges::count(cpu.spikes, 1.0F));
  }
  EXPECT_GT(num_spikes, 100000);
}

TEST(SpikesOfGpuKernels, NeedNotKeepMembranes) {
  const Layer layer = random_layer(1);
  Numbers spikes(layer.gradient.size(), -7);
  spike_forward_cuda(layer.spikes, layer.current.data(), spikes.data(), nullptr, nullptr);
  EXPECT_EQ(spikes, on_cpu(layer).spikes);
}

/// What a parameter's numbers get: those of neurons [samples, channels, positions] summed.
std::vector<double> by_channel(const SpikeShape& shape, const float* of_neurons,
                               std::int64_t stride) {
  std::vector<double> sums(stride == 0 ? 1 : static_cast<std::size_t>(shape.channels));
  for (std::int64_t i = 0; i < shape.neurons(); ++i) {
    const std::int64_t channel = i / shape.positions % shape.channels;
    sums[static_cast<std::size_t>(channel * stride)] += static_cast<double>(of_neurons[i]);
  }
  return sums;
}

TEST(GradientsOfGpuKernels, AreThoseOfTheCpu) {
  for (unsigned seed = 0; seed < kNumLayers; ++seed) {
    SCOPED_TRACE(seed);
    const Layer layer = random_layer(seed);
    const Numbers kept = on_cpu(layer).kept;
    const SpikeShape& shape = layer.spikes.shape;
    const auto neurons = static_cast<std::size_t>(shape.neurons());
    const auto size = [&](const OfChannels& of) {
      return of.stride == 0 ? 1 : static_cast<std::size_t>(shape.channels);
    };
    Numbers cpu(layer.current.size(), -7);
    std::vector<double> threshold(size(layer.spikes.threshold));
    std::vector<double> leak(size(layer.spikes.leak));
    for (std::int64_t chunk = 0; chunk < num_spike_chunks(layer.spikes); ++chunk) {
      spike_backward(layer.spikes, chunk, layer.current.data(), kept.data(), layer.gradient.data(),
                     cpu.data(), {threshold.data(), leak.data()});
    }
    Numbers gpu(layer.current.size(), -7);
    Numbers sums(2 * neurons, -7);
    spike_backward_cuda(layer.spikes, layer.current.data(), kept.data(), layer.gradient.data(),
                        gpu.data(), sums.data(), nullptr);
    ASSERT_EQ(gpu, cpu);
    const auto expect_near = [&](const float* of_neurons, std::int64_t stride,
                                 const std::vector<double>& expected) {
      const std::vector<double> got = by_channel(shape, of_neurons, stride);
      for (std::size_t c = 0; c < expected.size(); ++c) {
        ASSERT_NEAR(got[c], expected[c], 1e-4 * (1 + std::abs(expected[c]))) << c;
      }
    };
    expect_near(sums.data(), layer.spikes.threshold.stride, threshold);
    expect_near(sums.data() + neurons, layer.spikes.leak.stride, leak);
  }
}

}  // namespace
}  // namespace pare::nn
