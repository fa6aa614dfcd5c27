#include "nn/spike.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <torch/torch.h>

#include "nn/aten_spike.h"
#include "nn/test_spikes.h"

namespace pare::nn {
namespace {

using torch::Tensor;

Tensor number(double value) { return torch::full({1}, value); }

/// One neuron [T, 1, 1] with a current for each step.
Tensor currents(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat32).view({-1, 1, 1});
}

std::vector<double> to_list(const Tensor& values) {
  const Tensor flat = values.detach().flatten().to(torch::kFloat64).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

/// The spikes of one neuron, which both paths must give.
std::vector<double> spikes_of(const Tensor& current, const SpikingNeurons& neurons) {
  const auto by_kernels = to_list(spike(current, neurons, Path::kKernels));
  EXPECT_EQ(by_kernels, to_list(spike(current, neurons, Path::kAten)));
  return by_kernels;
}

/// u of one neuron.
std::vector<double> membranes_of(const Tensor& current, const SpikingNeurons& n) {
  const auto as_step = [](const Tensor& x) { return x.defined() ? x.view({1, 1}) : x; };
  const Tensor leak = n.leak.defined() ? n.leak : number(1);
  const AtenNeurons neurons{as_step(n.threshold), as_step(leak), as_step(n.membrane_step), n.rule};
  return to_list(aten_membranes(current, current.size(0), neurons));
}

struct Trace {
  SpikeRule rule;
  std::vector<double> membranes;
};

class Traces : public testing::TestWithParam<Trace> {};

// leak 0.9, threshold 1, current 0.6 throughout. E.g. leaked: 0.9 (1.14 - 1) + 0.6 = 0.726; not
// leaked: 0.9 1.14 - 1 + 0.6 = 0.626.
TEST_P(Traces, AreThoseDoneByHand) {
  const SpikingNeurons neurons{
      .threshold = number(1), .leak = number(0.9), .rule = GetParam().rule};
  const Tensor current = currents({0.6, 0.6, 0.6, 0.6, 0.6});
  EXPECT_EQ(spikes_of(current, neurons), (std::vector<double>{0, 1, 0, 1, 0}));
  const std::vector<double> found = membranes_of(current, neurons);
  ASSERT_EQ(found.size(), GetParam().membranes.size());
  for (std::size_t t = 0; t < found.size(); ++t) {
    EXPECT_NEAR(found[t], GetParam().membranes[t], 1e-6) << "step " << t;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Resets, Traces,
    testing::Values(Trace{{}, {0.6, 1.14, 0.726, 1.2534, 0.82806}},
                    Trace{{.leaks_reset = false}, {0.6, 1.14, 0.626, 1.1634, 0.64706}},
                    Trace{{.reset = SpikeReset::kHard}, {0.6, 1.14, 0.6, 1.14, 0.6}},
                    Trace{{.reset = SpikeReset::kHard, .leaks_reset = false},
                          {0.6, 1.14, 0.6, 1.14, 0.6}}));

TEST(Spike, AtTheThresholdItIsAMatterOfStrictness) {
  // u = 0.5, 1: the second step reaches the threshold and does not pass it; then 1.5 or 0.5.
  const Tensor current = currents({0.5, 0.5, 0.5});
  SpikingNeurons neurons{.threshold = number(1)};
  EXPECT_EQ(spikes_of(current, neurons), (std::vector<double>{0, 0, 1}));
  neurons.rule.is_strict = false;
  EXPECT_EQ(spikes_of(current, neurons), (std::vector<double>{0, 1, 0}));
}

// Without leak, a constant current I in (0, V] makes ceil(T I / V) - 1 spikes in T steps where they
// are strict, and floor(T I / V) where they are not. Multiples of 1/64 are exact.
RC_GTEST_PROP(Spike, CountsAsIntegrationSays, ()) {
  const auto threshold = *rc::gen::inRange<std::int64_t>(1, 300);
  const auto of_step = *rc::gen::inRange<std::int64_t>(1, threshold + 1);
  const auto steps = *rc::gen::inRange<std::int64_t>(1, 100);
  const bool is_strict = *rc::gen::arbitrary<bool>();
  const SpikingNeurons neurons{.threshold = number(static_cast<double>(threshold) / 64),
                               .rule = {.is_strict = is_strict}};
  const Tensor current = torch::full({1, 1}, static_cast<double>(of_step) / 64);
  const Tensor spikes = spike_of_constant_current(current, steps, neurons, Path::kKernels);
  const std::int64_t sum = steps * of_step;
  const std::int64_t expected = is_strict ? (sum + threshold - 1) / threshold - 1 : sum / threshold;
  RC_ASSERT(spikes.sum().item<std::int64_t>() == expected);
}

TEST(Spike, RoundsItsMembraneHalfToEven) {
  // Steps of 1/4: 1/8 is half of one, and goes to 0; 3/8 to 2 of them; -3/8 to -2; 5/8 to 2.
  const SpikingNeurons neurons{
      .threshold = number(10), .membrane_step = number(0.25), .rule = {.codes = {-8, 7}}};
  const auto next = [&](double u) { return membranes_of(currents({u, 0}), neurons).back(); };
  EXPECT_EQ(next(0.125), 0);
  EXPECT_EQ(next(0.375), 0.5);
  EXPECT_EQ(next(-0.375), -0.5);
  EXPECT_EQ(next(0.625), 0.5);
  EXPECT_EQ(next(5), 1.75) << "saturated at code 7";
  EXPECT_EQ(next(-5), -2) << "saturated at code -8";
  EXPECT_EQ(next(std::nan("")), 0);
}

TEST(Spike, SaturatesBehindTheReset) {
  // u = 3, spike. Leaked reset: 3 - 2.5 = 0.5. Not leaked: code 12 is above the highest, 3, but 12
  // less the threshold's 10 is not. At u = 2.75 neither.
  SpikingNeurons neurons{
      .threshold = number(2.5), .membrane_step = number(0.25), .rule = {.codes = {-4, 3}}};
  for (const bool leaks_reset : {true, false}) {
    neurons.rule.leaks_reset = leaks_reset;
    EXPECT_EQ(membranes_of(currents({3, 0}), neurons).back(), 0.5);
    EXPECT_EQ(membranes_of(currents({9, 0}), neurons).back(), 0.75);
    EXPECT_EQ(membranes_of(currents({2.75, 0}), neurons).back(), 0.25);
  }
}

TEST(Spike, GradientsStopWhereTheMembraneSaturates) {
  // The second membrane saturates: u = 0.5, 1, 1.25 with 0.75 as the largest c. Only the current
  // of the last step reaches the last spike, by gain h(z) / V = 0.3 (1 - |1.25 / 2 - 1|) / 2.
  const SpikingNeurons neurons{
      .threshold = number(2), .membrane_step = number(0.25), .rule = {.codes = {-4, 3}}};
  for (const Path path : {Path::kKernels, Path::kAten}) {
    const Tensor current = currents({0.5, 0.5, 0.5}).set_requires_grad(true);
    spike(current, neurons, path)[2].sum().backward();
    const std::vector<double> found = to_list(current.grad());
    EXPECT_EQ(found[0], 0);
    EXPECT_EQ(found[1], 0);
    EXPECT_NEAR(found[2], 0.3 * 0.625 / 2, 1e-7);
  }
}

TEST(Spike, KernelsGiveWhatTensorOperationsGive) {
  std::int64_t spikes = 0;
  std::int64_t silent = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const TestSpikes layer = random_spikes(seed);
    ASSERT_EQ(fastest_path(layer.current, layer.neurons), Path::kKernels);
    const SpikePass by_kernels = pass_spikes(layer, Path::kKernels);
    const SpikePass by_aten = pass_spikes(layer, Path::kAten);
    ASSERT_TRUE(by_kernels.spikes.equal(by_aten.spikes));
    EXPECT_TRUE(is_close(by_kernels.current, by_aten.current));
    EXPECT_TRUE(is_close(by_kernels.threshold, by_aten.threshold));
    EXPECT_TRUE(is_close(by_kernels.leak, by_aten.leak));
    spikes += by_kernels.spikes.sum().item<std::int64_t>();
    silent += by_kernels.spikes.numel() - by_kernels.spikes.sum().item<std::int64_t>();
  }
  EXPECT_GT(spikes, 10000);
  EXPECT_GT(silent, 10000);
}

TEST(Spike, AConstantCurrentIsThatOfEveryStep) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    TestSpikes layer = random_spikes(seed);
    if (!layer.is_constant) continue;
    const SpikePass once = pass_spikes(layer, Path::kKernels);
    std::vector<std::int64_t> shape = layer.current.sizes().vec();
    shape.insert(shape.begin(), layer.steps);
    layer.current = layer.current.unsqueeze(0).expand(shape).contiguous();
    layer.is_constant = false;
    const SpikePass repeated = pass_spikes(layer, Path::kKernels);
    EXPECT_TRUE(once.spikes.equal(repeated.spikes));
    EXPECT_TRUE(is_close(once.current, repeated.current.sum(0)));
    EXPECT_TRUE(once.threshold.equal(repeated.threshold));
  }
}

class Threads {
 public:
  explicit Threads(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

TEST(Spike, ThreadsDoNotChangeABit) {
  // 1512 neurons are six chunks; 150 steps are enough for torch to share them out.
  torch::manual_seed(5);
  const TestSpikes layer{
      .current = torch::randn({150, 4, 6, 7, 9}) * 0.7 + 0.2,
      .steps = 150,
      .is_constant = false,
      .neurons = {.threshold = torch::rand({6}) + 0.5, .leak = torch::full({1}, 0.9)}};
  const auto with = [&](int threads) {
    const Threads use(threads);
    return pass_spikes(layer, Path::kKernels);
  };
  const SpikePass alone = with(1);
  for (const int threads : {2, 3, 4}) {
    SCOPED_TRACE(threads);
    const SpikePass shared = with(threads);
    EXPECT_TRUE(shared.spikes.equal(alone.spikes));
    EXPECT_TRUE(shared.current.equal(alone.current));
    EXPECT_TRUE(shared.threshold.equal(alone.threshold));
    EXPECT_TRUE(shared.leak.equal(alone.leak));
  }
}

TEST(Spike, OtherTensorsThanTheKernelsGoToTensorOperations) {
  const SpikingNeurons neurons{.threshold = number(1)};
  const SpikingNeurons in_double{.threshold = number(1).to(torch::kFloat64)};
  const Tensor current = torch::rand({2, 3, 4});
  EXPECT_EQ(fastest_path(current, neurons), Path::kKernels);
  EXPECT_EQ(fastest_path(current.to(torch::kFloat64), in_double), Path::kAten);
  EXPECT_EQ(fastest_path(current, in_double), Path::kAten);
}

TEST(Spike, TakesTensorsAsTheyLie) {
  const SpikingNeurons neurons{.threshold = number(0.8), .leak = number(0.9)};
  const Tensor current = torch::rand({6, 5, 9}).transpose(1, 2);
  EXPECT_TRUE(spike(current, neurons, Path::kKernels)
                  .equal(spike(current.contiguous(), neurons, Path::kKernels)));
  EXPECT_EQ(spike(torch::rand({6, 0, 9}), neurons, Path::kKernels).numel(), 0);
}

}  // namespace
}  // namespace pare::nn
