// A spiking network of a real scene, trained and frozen: the trainer's exact forward, the reference
// and the engine agree in every spike of every neuron at every step, on more than 1000 samples.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "base/temporary_folder.h"
#include "graph/graph.h"
#include "graph/quantize.h"
#include "model/deploy.h"
#include "model/model.h"
#include "nn/exact_forward.h"
#include "program/reference.h"
#include "train/run.h"
#include "train/training_data.h"
#include "verify/verify.h"

namespace pare::train {
namespace {

/// With `WEIGHT_RANGE` in place of a range.
constexpr const char* kScene = R"(
name = "scene"
[data]
set = "salinas-a"
patch = 3
[model]
kind = "cnn"
spatial_axes = 3
batch_norm = "none"
bias = false
hidden = []
convolutions = [
  { channels = 4, kernel = [7, 3, 3], stride = [6, 1, 1], pads = [0] },
  { channels = 6, kernel = [3, 1, 1], stride = [2, 1, 1], pads = [1, 0, 0] },
]
[train]
batch_size = 64
[[stage]]
name = "cnn"
[stage.train]
epochs = 4
learning_rate = 3e-3
[[stage]]
name = "snn"
[stage.spike]
steps = 5
calibration_samples = 128
calibration_steps = 10
[stage.quantize]
weight_bits = 6
weight_range = "WEIGHT_RANGE"
input_bits = 12
[stage.train]
epochs = 1
learning_rate = 1e-3
)";

constexpr std::int64_t kSamples = 1024;

/// What the exact forward says of samples against the reference.
struct Compared {
  std::int64_t codes = 0;
  std::int64_t spikes = 0;
  std::int64_t different = 0;
};

Compared compare_with_reference(const lower::Lowered& lowered, const torch::Tensor& inputs) {
  const auto exact = nn::ExactForward(lowered)(inputs);
  Compared compared;
  const auto size = static_cast<std::size_t>(num_elements(lowered.interface.input_shape));
  for (std::int64_t n = 0; n < inputs.size(0); ++n) {
    program::Codes input(size);
    lower::quantize_input(lowered.interface, {inputs[n].data_ptr<float>(), size}, input);
    const auto reference =
        run_reference(lowered.program, {{input}, trip_counts_of(lowered.interface)},
                      {.traps = true, .keeps_buffers = true});
    for (std::size_t b = 0; b < lowered.program.buffers.size(); ++b) {
      const program::Buffer& buffer = lowered.program.buffers[b];
      if (!buffer.origin) continue;
      const torch::Tensor found = exact.codes.at(buffer.origin->wire)[n].contiguous();
      const program::Codes& expected = reference.buffers[b];
      EXPECT_EQ(static_cast<std::size_t>(found.numel()), expected.size()) << buffer.origin->wire;
      if (static_cast<std::size_t>(found.numel()) != expected.size()) return compared;
      const std::int64_t* const codes = found.data_ptr<std::int64_t>();
      for (std::size_t i = 0; i < expected.size(); ++i)
        compared.different += codes[i] != expected[i];
      compared.codes += found.numel();
      const bool is_spikes = buffer.width == program::Width{1, false};
      if (is_spikes) compared.spikes += std::count(expected.begin(), expected.end(), 1);
    }
  }
  return compared;
}

/// The golden vectors of the samples, a piece at a time, in every instruction set of the engine.
void expect_engine_agrees(const lower::Lowered& lowered, const torch::Tensor& inputs) {
  for (std::int64_t first = 0; first < inputs.size(0); first += model::kMaxGoldenSamples) {
    const torch::Tensor part = inputs.narrow(0, first, model::kMaxGoldenSamples).contiguous();
    Tensor samples(DType::kF32, part.sizes().vec());
    std::copy_n(part.data_ptr<float>(), part.numel(), samples.as<float>().data());
    const model::Deployment deployment = model::deploy(lowered, samples);
    ASSERT_EQ(deployment.golden.num_samples, model::kMaxGoldenSamples);
    const verify::Report report =
        verify::verify(deployment, {.backends = {verify::Backend::kEngine}});
    ASSERT_FALSE(report.backends.empty());
    for (const verify::BackendReport& backend : report.backends) {
      EXPECT_TRUE(backend.holds()) << backend.backend << backend.failure;
    }
  }
}

recipe::Recipe recipe_with(const std::string& weight_range) {
  std::string text = kScene;
  const std::string key = "WEIGHT_RANGE";
  text.replace(text.find(key), key.size(), weight_range);
  return recipe::parse(text, "scene.toml");
}

class SpikesOfAScene : public testing::TestWithParam<const char*> {};

/// What spikes add is what the network's affine weights are, in steps: their codes less the zero
/// points. (ACE-SNN's path iii counts the spikes of a window instead, for the same sums.)
void expect_weights_less_zero_points(const model::Model& trained) {
  int num_with_zero_point = 0;
  for (const graph::Parameter& weight : trained.graph.parameters) {
    if (!weight.quantizer || weight.quantizer->range_rule != graph::RangeRule::kMinMax) continue;
    const auto& constants = trained.deployment->program.constants;
    const auto found =
        std::find_if(constants.begin(), constants.end(),
                     [&](const program::Constant& of) { return of.name == weight.name; });
    ASSERT_NE(found, constants.end()) << weight.name;
    const graph::Codec codec = make_codec(trained.graph, *weight.quantizer, masked(weight));
    ASSERT_EQ(codec.num_groups(), 1U);
    num_with_zero_point += codec.zero_points.front() != 0 ? 1 : 0;
    const Tensor values = graph::value_of(trained.graph, weight);
    const auto list = values.as<float>();
    ASSERT_EQ(found->values.size(), list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto steps = std::lround(list[i] / codec.scales.front().step());
      ASSERT_EQ(found->values[i], steps) << weight.name << "[" << i << "]";
    }
  }
  EXPECT_GE(num_with_zero_point, 1);
}

TEST_P(SpikesOfAScene, AreTheSameInTheTrainerTheReferenceAndTheEngine) {
  const char* folder = std::getenv("PARE_DATA");
  if (folder == nullptr) GTEST_SKIP() << "PARE_DATA is not set: it says where data sets lie";
  const TemporaryFolder out;
  const recipe::Recipe recipe = recipe_with(GetParam());
  run(recipe, out / "run", false, {});
  const model::Model trained = model::load(out / "run/model.pare");
  ASSERT_TRUE(trained.deployment);
  const lower::Lowered lowered{trained.deployment->program, trained.deployment->interface};
  const TrainingData data = load_training_data(recipe, torch::kCPU);
  ASSERT_GE(data.test.inputs.size(), kSamples);
  const torch::Tensor inputs = data.test.inputs.rows(0, kSamples);
  const Compared compared = compare_with_reference(lowered, inputs);
  EXPECT_EQ(compared.different, 0);
  // Five steps of hundreds of neurons a sample, some of which spike, and not all.
  EXPECT_GT(compared.codes, kSamples * 1000);
  EXPECT_GT(compared.spikes, compared.codes / 100);
  expect_engine_agrees(lowered, inputs);
  if (GetParam() == std::string("min_max")) expect_weights_less_zero_points(trained);
}

INSTANTIATE_TEST_SUITE_P(WeightRanges, SpikesOfAScene, testing::Values("max_abs", "min_max"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace pare::train
