// One training step of the jets MLP, quantized by pare against float in plain libtorch.
//
//   qat_step [--json] [--steps N] [--threads T]
//
// 16-64-32-32-5 with batch norm, batches of 1024 that are slices of one resident tensor, cross
// entropy, Adam at 1e-4, no L1. pare: 6 bit weights and activations, input quantized to 16 bits,
// biases on the accumulator's grid. A step is zero_grad, forward, loss, backward and the
// optimiser's step. The two take turns, so that both see the same machine; medians are printed.

#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <torch/torch.h>

#include "rewrite/mlp.h"
#include "rewrite/quantize.h"
#include "train/threads.h"
#include "training_step.h"

namespace {

using pare::bench::Batch;

constexpr std::int64_t kBatch = 1024;
constexpr std::int64_t kBatches = 64;
constexpr std::int64_t kInputs = 16;
constexpr std::int64_t kClasses = 5;

class Data {
 public:
  Data()
      : inputs_(torch::randn({kBatches * kBatch, kInputs})),
        labels_(torch::randint(kClasses, {kBatches * kBatch}, torch::kInt64)) {}

  Batch batch(std::int64_t step) const {
    const std::int64_t start = step % kBatches * kBatch;
    return {inputs_.narrow(0, start, kBatch), labels_.narrow(0, start, kBatch)};
  }
  double largest() const { return inputs_.abs().max().item<double>(); }

 private:
  torch::Tensor inputs_;
  torch::Tensor labels_;
};

/// The same float network in plain libtorch.
torch::nn::Sequential float_network() {
  torch::nn::Sequential layers;
  std::int64_t from = kInputs;
  for (const std::int64_t to : {64, 32, 32}) {
    layers->push_back(torch::nn::Linear(from, to));
    layers->push_back(torch::nn::BatchNorm1d(to));
    layers->push_back(torch::nn::ReLU());
    from = to;
  }
  layers->push_back(torch::nn::Linear(from, kClasses));
  return layers;
}

struct Result {
  double quantized_us;    ///< pare, 6 bit
  double pare_float_us;   ///< pare, the same network without quantizers
  double torch_float_us;  ///< plain libtorch
};

Result measure(int steps) {
  const Data data;
  const pare::graph::Graph graph =
      pare::rewrite::mlp({}, {kInputs}, std::vector<std::string>(kClasses), 1);
  pare::bench::PareTraining quantized(pare::rewrite::quantize(graph, {}, data.largest()));
  pare::bench::PareTraining plain(graph);
  pare::bench::TorchTraining torch_float(float_network());
  const auto times =
      pare::bench::medians(steps, [&](std::int64_t step) { return data.batch(step); },
                           {[&](const Batch& batch) { quantized.step(batch); },
                            [&](const Batch& batch) { torch_float.step(batch); },
                            [&](const Batch& batch) { plain.step(batch); }});
  return {times[0], times[2], times[1]};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One QAT step against the same float step in plain libtorch");
  bool is_json = false;
  int steps = 500;
  int threads = 1;
  app.add_flag("--json", is_json, "One JSON object");
  app.add_option("--steps", steps, "Steps of each")->check(CLI::Range(300, 1000000));
  app.add_option("--threads", threads, "Threads of torch and the BLAS")->check(CLI::Range(1, 256));
  CLI11_PARSE(app, argc, argv);
  torch::manual_seed(1);
  pare::train::set_threads(threads);
  const int seen = pare::train::count_threads_of_a_product();
  const Result result = measure(steps);
  const double ratio = result.quantized_us / result.torch_float_us;
  if (is_json) {
    fmt::print("{}\n", nlohmann::json({{"bench", "qat_step"},
                                       {"qat_step_us", result.quantized_us},
                                       {"pare_float_step_us", result.pare_float_us},
                                       {"libtorch_float_step_us", result.torch_float_us},
                                       {"ratio", ratio},
                                       {"steps", steps},
                                       {"threads", threads},
                                       {"threads_seen", seen}})
                           .dump());
  } else {
    fmt::print("median of {} steps, {} thread(s) asked for, {} seen after a product\n", steps,
               threads, seen);
    fmt::print("  pare, 6 bit QAT     {:8.1f} us\n", result.quantized_us);
    fmt::print("  pare, float         {:8.1f} us\n", result.pare_float_us);
    fmt::print("  libtorch, float     {:8.1f} us\n", result.torch_float_us);
    fmt::print("  QAT / libtorch float {:6.2f}\n", ratio);
  }
  return 0;
}
