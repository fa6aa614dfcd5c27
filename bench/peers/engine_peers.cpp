// A network, pruned and quantized by pare, against the same network in ONNX Runtime: float and int8
// (docs/benchmarks.md). One thread, from float inputs to the network's outputs, all in one
// process in turn.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "compiled_c.h"
#include "data/load.h"
#include "data/samples.h"
#include "deployed.h"
#include "emitted_run.h"
#include "engine_peak.h"
#include "engine_run.h"
#include "graph/evaluate.h"
#include "measure.h"
#include "model/model.h"
#include "peer.h"
#include "plain_net.h"
#include "recipe/data_request.h"
#include "recipe/recipe.h"

namespace pare::bench {
namespace {

/// More multiply-accumulates make C whose compilation takes minutes, or C that runs for seconds.
constexpr std::int64_t kMostUnrolled = 20000;
constexpr std::int64_t kMostInC = 2000000;

struct Options {
  std::string library;
  std::string float_model;
  std::string recipe;
  bool is_zero = false;
  std::vector<std::string> models;
  std::vector<std::int64_t> batches = {1, 4096};
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

/// The first test samples of a recipe's data, standardised as the network takes them.
std::vector<float> real_samples(const std::string& recipe, const graph::Graph& graph,
                                std::int64_t count) {
  const data::Samples test = data::load(recipe::data_request(recipe::read(recipe))).test;
  if (test.size() < count) {
    throw InputError(
        fmt::format("{}: {} test samples, expected at least {}", recipe, test.size(), count));
  }
  std::vector<std::int64_t> first(static_cast<std::size_t>(count));
  std::iota(first.begin(), first.end(), std::int64_t{0});
  const Tensor mapped = graph::map_input(graph, data::select(test, first).inputs);
  const std::vector<double> values = mapped.to_doubles();
  return {values.begin(), values.end()};
}

std::vector<float> samples_of(const Options& options, const graph::Graph& graph,
                              std::int64_t count) {
  const std::int64_t size = num_elements(graph.inputs.front().shape);
  if (options.is_zero) return std::vector<float>(static_cast<std::size_t>(count * size));
  if (options.recipe.empty()) return random_samples(count, size);
  return real_samples(options.recipe, graph, count);
}

void print_timings(const std::vector<Timing>& timings, std::int64_t batch) {
  double best_peer = INFINITY;
  for (const Timing& timing : timings) {
    if (timing.name.starts_with("ONNX")) best_peer = std::min(best_peer, timing.median_ns);
  }
  fmt::print("\nBatch {}, 1 thread: ns a sample; ratio to the best of ONNX Runtime\n\n", batch);
  fmt::print("{:<72} {:>9} {:>9} {:>7}\n", "", "median", "p99", "ratio");
  for (const Timing& timing : timings) {
    const auto samples = static_cast<double>(batch);
    fmt::print("{:<72} {:>9.1f} {:>9.1f} {:>7.2f}\n", timing.name, timing.median_ns / samples,
               timing.p99_ns / samples, best_peer / timing.median_ns);
  }
}

/// What part of the machine's int8 peak the engine uses: multiply-accumulates of the program as it
/// is, zero weights too, over the peak.
void print_peak(const std::vector<Deployed>& models, const std::vector<Timing>& timings,
                std::int64_t batch) {
  const double peak = peak_gops();
  if (peak == 0) return;
  fmt::print("\nint8 peak of one thread here (vpdpbusd): {:.0f} GOP/s\n", peak);
  for (const Deployed& model : models) {
    const Macs macs = count_macs(model.program);
    for (const Timing& timing : timings) {
      if (timing.name != fmt::format("pare engine, {}", model.name)) continue;
      const double gops = 2 * static_cast<double>(macs.all * batch) / timing.median_ns;
      fmt::print(
          "{}: {} multiply-accumulates a sample ({} not zero): {:.0f} GOP/s, {:.0f} % of "
          "it\n",
          timing.name, macs.all, macs.nonzero, gops, 100 * gops / peak);
    }
  }
}

/// All that run at one batch size, and what they own.
struct Contestants {
  std::vector<PeerSession> peers;
  std::vector<std::unique_ptr<EngineRun>> engines;
  std::vector<std::unique_ptr<EmittedRun>> emitted;
  std::vector<Contender> contenders;
};

/// One of our networks: in the engine, and alone also as C. Each is held against the reference.
void add_model(const Deployed& model, std::span<const float> samples, std::int64_t batch,
               Contestants& all) {
  const std::vector<std::int64_t> expected = reference_codes(model, samples);
  all.engines.push_back(std::make_unique<EngineRun>(model, batch));
  all.engines.back()->check(samples, expected);
  all.contenders.push_back(all.engines.back()->contender(samples));
  if (batch > 1 || count_macs(model.program).all > kMostInC) return;
  for (const CompilerSetting& setting : compiler_settings()) {
    if (!is_there(setting)) {
      fmt::print("{} is not here: its C is left out\n", setting.compiler);
      continue;
    }
    for (const emit::c::Style style : {emit::c::Style::kUnrolled, emit::c::Style::kTable}) {
      if (style == emit::c::Style::kUnrolled && count_macs(model.program).all > kMostUnrolled) {
        continue;
      }
      all.emitted.push_back(std::make_unique<EmittedRun>(model, style, setting));
      all.emitted.back()->check(samples, expected);
      all.contenders.push_back(all.emitted.back()->contender(samples));
    }
  }
}

void compare_at(const Options& options, const OnnxRuntime& runtime, const graph::Graph& graph,
                const std::vector<Deployed>& models, std::int64_t batch) {
  const PlainNet net = plain_net(graph);
  const std::int64_t most = *std::ranges::max_element(options.batches);
  const std::vector<float> samples = samples_of(options, graph, most);
  Contestants all;
  // Zeros have no ranges.
  all.peers = peer_sessions(runtime, graph, net,
                            options.is_zero ? random_samples(most, net.inputs()) : samples, batch);
  const auto first = std::span(samples).first(static_cast<std::size_t>(batch * net.inputs()));
  for (PeerSession& peer : all.peers) check_outputs(graph, peer, first);
  add_contenders(all.peers, samples, all.contenders);
  for (const Deployed& model : models) add_model(model, samples, batch, all);
  const auto timings = measure_interleaved(all.contenders, options.rounds, options.round_us);
  print_timings(timings, batch);
  if (batch > 1) print_peak(models, timings, batch);
}

void compare(const Options& options) {
  flush_denormals();
  const graph::Graph graph = model::load(options.float_model).graph;
  std::vector<Deployed> models;
  for (const std::string& path : options.models) {
    models.push_back(load_deployed(path, std::filesystem::path(path).stem().string()));
  }
  const OnnxRuntime runtime(options.library);
  fmt::print("ONNX Runtime {}\n", runtime.version());
  for (const std::int64_t batch : options.batches) {
    compare_at(options, runtime, graph, models, batch);
  }
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("Holds a network of pare against ONNX Runtime");
  app.add_option("float", options.float_model, "The float model (.pare)")->required();
  app.add_option("models", options.models, "Its quantized and pruned versions (.pare)");
  app.add_option("--data", options.recipe,
                 "The recipe whose test samples are the inputs (default: normal random numbers)");
  app.add_flag("--zeros", options.is_zero,
               "Inputs are zeros, of which spiking networks without biases make no spike");
  app.add_option("--onnxruntime", options.library, "ONNX Runtime's shared library")
      ->envname("PARE_ONNXRUNTIME");
  app.add_option("--batches", options.batches, "Samples at a time (default: 1 and 4096)")
      ->check(CLI::Range(1, 65536));
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
