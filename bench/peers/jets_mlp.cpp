// A jets MLP, pruned and quantized by pare, against the same network in ONNX Runtime: float and
// int8 (docs/benchmarks.md). One thread, from float inputs to the network's outputs, all in one
// process in turn.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "measure.h"
#include "mlp.h"
#include "model/model.h"
#include "peer.h"

namespace pare::bench {
namespace {

constexpr std::int64_t kBatch = 4096;

struct Options {
  std::string library;
  std::string float_model;
  int rounds = 2000;
  double round_us = 50;
};

/// Samples as a standardised network takes them: normal, none of them zero.
std::vector<float> random_samples(std::int64_t count, std::int64_t size) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> samples(static_cast<std::size_t>(count * size));
  for (float& x : samples) {
    do {
      x = normal(random);
    } while (x == 0);
  }
  return samples;
}

void print_timings(const std::vector<Timing>& timings, std::int64_t batch) {
  double best_peer = INFINITY;
  for (const Timing& timing : timings) {
    if (timing.name.starts_with("ONNX")) best_peer = std::min(best_peer, timing.median_ns);
  }
  fmt::print("\nBatch {}, 1 thread: ns a sample; ratio to the best of ONNX Runtime\n\n", batch);
  fmt::print("{:<60} {:>9} {:>9} {:>7}\n", "", "median", "p99", "ratio");
  for (const Timing& timing : timings) {
    const auto samples = static_cast<double>(batch);
    fmt::print("{:<60} {:>9.1f} {:>9.1f} {:>7.2f}\n", timing.name, timing.median_ns / samples,
               timing.p99_ns / samples, best_peer / timing.median_ns);
  }
}

void compare(const Options& options) {
  flush_denormals();
  const graph::Graph graph = model::load(options.float_model).graph;
  const Mlp mlp = fold_mlp(graph);
  const std::vector<float> samples = random_samples(kBatch, mlp.inputs());
  const OnnxRuntime runtime(options.library);
  fmt::print("ONNX Runtime {}\n\n", runtime.version());
  for (const std::int64_t batch : {std::int64_t{1}, kBatch}) {
    auto sessions = peer_sessions(runtime, mlp, samples, batch);
    const auto first = std::span(samples).first(static_cast<std::size_t>(batch * mlp.inputs()));
    for (PeerSession& peer : sessions) check_outputs(graph, peer, first);
    std::vector<Contender> contenders;
    add_contenders(sessions, samples, contenders);
    print_timings(measure_interleaved(contenders, options.rounds, options.round_us), batch);
  }
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("Holds a jets MLP of pare against ONNX Runtime");
  app.add_option("float", options.float_model, "The float model (.pare)")->required();
  app.add_option("--onnxruntime", options.library, "ONNX Runtime's shared library")
      ->envname("PARE_ONNXRUNTIME");
  app.add_option("--rounds", options.rounds, "How often each contender is timed");
  app.add_option("--round-us", options.round_us, "About how long each time, in microseconds");
  CLI11_PARSE(app, argc, argv);
  if (options.library.empty()) {
    fmt::print(
        "skipped: no ONNX Runtime; give its shared library with --onnxruntime or in "
        "PARE_ONNXRUNTIME (docs/benchmarks.md)\n");
    return 0;
  }
  compare(options);
  return 0;
}

}  // namespace
}  // namespace pare::bench

int main(int argc, char** argv) {
  try {
    return pare::bench::main_of(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
