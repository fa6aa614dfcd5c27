// One training step of a small convolutional network, quantized by pare against float in plain
// libtorch.
//
//   conv_qat_step [--json] [--steps N] [--threads T]
//
// Four 3 x 3 convolutions of 16, 32, 32 and 64 channels with batch norm and ReLU, pooled by two
// after the second and third, over 28 x 28 x 1, then a linear layer; batches of 32, cross entropy,
// Adam. pare: 4 bit weights and activations, input quantized to 8 bits, biases on the accumulator's
// grid. The three take turns, so that all see the same machine; medians are printed.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <torch/torch.h>

#include "rewrite/cnn.h"
#include "rewrite/quantize.h"
#include "train/threads.h"
#include "training_step.h"

namespace {

using pare::bench::Batch;

constexpr std::int64_t kBatch = 32;
constexpr std::int64_t kBatches = 16;
constexpr std::int64_t kClasses = 10;

struct Layer {
  std::int64_t channels;
  bool is_pooled;
};
constexpr Layer kLayers[] = {{16, false}, {32, true}, {32, true}, {64, false}};

pare::recipe::Model model() {
  pare::recipe::Model model{.kind = pare::recipe::ModelKind::kCnn};
  model.hidden = {};
  for (const Layer& layer : kLayers) {
    model.convolutions.push_back(
        {.channels = layer.channels,
         .kernel = {3, 3},
         .pool = layer.is_pooled ? pare::recipe::Pool::kMax : pare::recipe::Pool::kNone});
  }
  return model;
}

torch::nn::Sequential float_network() {
  torch::nn::Sequential layers;
  std::int64_t from = 1;
  for (const Layer& layer : kLayers) {
    layers->push_back(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(from, layer.channels, 3).padding(1)));
    layers->push_back(torch::nn::BatchNorm2d(layer.channels));
    layers->push_back(torch::nn::ReLU());
    if (layer.is_pooled) layers->push_back(torch::nn::MaxPool2d(2));
    from = layer.channels;
  }
  layers->push_back(torch::nn::Flatten());
  layers->push_back(torch::nn::Linear(from * 49, kClasses));
  return layers;
}

/// Medians: pare 4 bit, pare float, libtorch float.
std::vector<double> measure(int steps) {
  const torch::Tensor inputs = torch::randn({kBatches * kBatch, 1, 28, 28});
  const torch::Tensor labels = torch::randint(kClasses, {kBatches * kBatch}, torch::kInt64);
  const pare::graph::Graph graph =
      pare::rewrite::cnn(model(), {1, 28, 28}, std::vector<std::string>(kClasses), 1);
  pare::bench::PareTraining quantized(
      pare::rewrite::quantize(graph, {.weight_bits = 4, .activation_bits = 4, .input_bits = 8},
                              inputs.abs().max().item<double>()));
  pare::bench::PareTraining plain(graph);
  pare::bench::TorchTraining torch_float(float_network());
  return pare::bench::medians(
      steps,
      [&](std::int64_t step) {
        const std::int64_t start = step % kBatches * kBatch;
        return Batch{inputs.narrow(0, start, kBatch), labels.narrow(0, start, kBatch)};
      },
      {[&](const Batch& batch) { quantized.step(batch); },
       [&](const Batch& batch) { plain.step(batch); },
       [&](const Batch& batch) { torch_float.step(batch); }});
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One QAT step of a CNN against the same float step in plain libtorch");
  bool is_json = false;
  int steps = 60;
  int threads = 1;
  app.add_flag("--json", is_json, "One JSON object");
  app.add_option("--steps", steps, "Steps of each")->check(CLI::Range(20, 1000000));
  app.add_option("--threads", threads, "Threads of torch and the BLAS")->check(CLI::Range(1, 256));
  CLI11_PARSE(app, argc, argv);
  torch::manual_seed(1);
  pare::train::set_threads(threads);
  const int seen = pare::train::count_threads_of_a_product();
  const std::vector<double> times = measure(steps);
  if (is_json) {
    fmt::print("{}\n", nlohmann::json({{"bench", "conv_qat_step"},
                                       {"qat_step_us", times[0]},
                                       {"pare_float_step_us", times[1]},
                                       {"libtorch_float_step_us", times[2]},
                                       {"ratio", times[0] / times[2]},
                                       {"steps", steps},
                                       {"threads", threads},
                                       {"threads_seen", seen}})
                           .dump());
    return 0;
  }
  fmt::print("median of {} steps, {} thread(s) asked for, {} seen after a product\n", steps,
             threads, seen);
  fmt::print("  pare, 4 bit QAT     {:10.1f} us\n", times[0]);
  fmt::print("  pare, float         {:10.1f} us\n", times[1]);
  fmt::print("  libtorch, float     {:10.1f} us\n", times[2]);
  fmt::print("  QAT / libtorch float {:8.2f}\n", times[0] / times[2]);
  return 0;
}
