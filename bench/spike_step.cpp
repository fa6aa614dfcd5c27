// A linear layer of 512 with 512 spiking neurons behind it, through T steps, against the layer
// alone in plain libtorch, and against the same neurons as a chain of tensor operations.
//
//   spike_step [--json] [--turns N] [--threads T] [--first]
//
// Batches of 16; the steps are rows of one product. A turn is the forward and the backward pass
// from given gradients to weights, bias, threshold, leak, and to the layer's input unless --first.
// All take turns, so that they see the same machine; medians are printed. Memory is what the
// process holds at most beyond what it held before (Linux).

#include <fstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <malloc.h>
#include <nlohmann/json.hpp>

#include <torch/torch.h>

#include "nn/spike.h"
#include "spiking_chain.h"
#include "train/threads.h"
#include "training_step.h"

namespace {

using torch::Tensor;

constexpr std::int64_t kBatch = 16;
constexpr std::int64_t kWidth = 512;

Tensor leaf(const Tensor& values) { return values.clone().set_requires_grad(true); }

/// The layer with its input, and the gradients of its output.
struct Problem {
  std::int64_t steps;
  Tensor x;
  Tensor weight = leaf(torch::randn({kWidth, kWidth}) / 16);
  Tensor bias = leaf(torch::randn({kWidth}) / 8);
  Tensor threshold = leaf(torch::ones({1}));
  Tensor leak = leaf(torch::full({1}, 0.9));
  Tensor g;

  Problem(std::int64_t steps_, bool is_first)
      : steps(steps_),
        x(torch::randn({steps_, kBatch, kWidth}).gt(0.8).to(torch::kFloat32)),
        g(torch::randn({steps_, kBatch, kWidth})) {
    x.set_requires_grad(!is_first);
  }

  Tensor current() const {
    return torch::linear(x.view({-1, kWidth}), weight, bias).view({steps, kBatch, kWidth});
  }
  void clear() {
    for (Tensor* tensor : {&x, &weight, &bias, &threshold, &leak}) tensor->mutable_grad().reset();
  }
};

void layer_alone(Problem& p) {
  p.clear();
  p.current().backward(p.g);
}

void fused(Problem& p) {
  p.clear();
  const pare::nn::SpikingNeurons neurons{.threshold = p.threshold, .leak = p.leak};
  const Tensor current = p.current();
  pare::nn::spike(current, neurons, pare::nn::fastest_path(current, neurons)).backward(p.g);
}

void chain(Problem& p) {
  p.clear();
  const Tensor current = p.current();
  Tensor membrane;
  std::vector<Tensor> spikes;
  for (const Tensor& of_step : current.unbind()) {
    spikes.push_back(pare::bench::chain_step(of_step, p.threshold, p.leak, membrane));
  }
  torch::stack(spikes).backward(p.g);
}

/// A field of /proc/self/status, in bytes; 0 where there is none.
double status_bytes(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    double kibibytes = 0;
    if (word == field + ":" && file >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

/// What `run` makes the process hold at most, beyond what it holds before.
template <class F>
double peak_bytes(F&& run) {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  const double before = status_bytes("VmRSS");
  run();
  return status_bytes("VmHWM") - before;
}

struct Row {
  std::int64_t steps;
  double layer_us;
  double fused_us;
  double chain_us;
  double fused_bytes = 0;
  double chain_bytes = 0;
};

Row measure(std::int64_t steps, int turns, bool is_first) {
  Problem problem(steps, is_first);
  const auto with = [&](void (*run)(Problem&)) {
    return [&problem, run](const pare::bench::Batch&) { run(problem); };
  };
  const auto no_batch = [](std::int64_t) { return pare::bench::Batch{}; };
  const auto times = pare::bench::medians(turns, no_batch, {with(layer_alone), with(fused)});
  const auto slow = pare::bench::medians(3, no_batch, {with(chain)});
  return {.steps = steps, .layer_us = times[0], .fused_us = times[1], .chain_us = slow[0]};
}

void measure_memory(Row& row, bool is_first) {
  // Large tensors go back to the system at once, so that what the process holds is what is alive.
  mallopt(M_MMAP_THRESHOLD, 1 << 18);
  Problem problem(row.steps, is_first);
  fused(problem);
  problem.clear();
  row.fused_bytes = peak_bytes([&] { fused(problem); });
  problem.clear();
  row.chain_bytes = peak_bytes([&] { chain(problem); });
}

void print_table(const std::vector<Row>& rows, int threads, int turns) {
  fmt::print("{} thread(s), medians of {}; ms and MB\n", threads, turns);
  fmt::print("{:>6}{:>10}{:>10}{:>8}{:>10}{:>12}{:>12}\n", "steps", "layer", "spiking", "ratio",
             "chain", "spiking MB", "chain MB");
  for (const Row& row : rows) {
    fmt::print("{:6}{:10.1f}{:10.1f}{:8.2f}{:10.1f}{:12.1f}{:12.1f}\n", row.steps,
               row.layer_us / 1e3, row.fused_us / 1e3, row.fused_us / row.layer_us,
               row.chain_us / 1e3, row.fused_bytes / 1e6, row.chain_bytes / 1e6);
  }
}

void print_json(const std::vector<Row>& rows, int threads, int turns) {
  nlohmann::json list = nlohmann::json::array();
  for (const Row& row : rows) {
    list.push_back({{"steps", row.steps},
                    {"layer_us", row.layer_us},
                    {"fused_us", row.fused_us},
                    {"chain_us", row.chain_us},
                    {"ratio", row.fused_us / row.layer_us},
                    {"fused_bytes", row.fused_bytes},
                    {"chain_bytes", row.chain_bytes}});
  }
  fmt::print("{}\n",
             nlohmann::json(
                 {{"bench", "spike_step"}, {"threads", threads}, {"turns", turns}, {"rows", list}})
                 .dump());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A linear layer with spiking neurons against the layer alone in plain libtorch");
  bool is_json = false;
  bool is_first = false;
  int turns = 30;
  int threads = 1;
  app.add_flag("--json", is_json, "One JSON object");
  app.add_flag("--first", is_first, "Without the gradient of the layer's input");
  app.add_option("--turns", turns, "Turns of each")->check(CLI::Range(3, 1000000));
  app.add_option("--threads", threads, "Threads of torch and the BLAS")->check(CLI::Range(1, 256));
  CLI11_PARSE(app, argc, argv);
  torch::manual_seed(1);
  pare::train::set_threads(threads);
  std::vector<Row> rows;
  for (const std::int64_t steps : {125, 250, 500, 1000}) {
    rows.push_back(measure(steps, turns, is_first));
  }
  for (Row& row : rows) measure_memory(row, is_first);
  is_json ? print_json(rows, threads, turns) : print_table(rows, threads, turns);
  return 0;
}
