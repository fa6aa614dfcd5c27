#include "cli/verb_bench.h"

#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/engine_timing.h"
#include "cli/table.h"
#include "model/model.h"

namespace pare::cli {
namespace {

struct BenchOptions {
  std::string model;
  TimingOptions timing;
};

std::string render_timing(const EngineTiming& timing, const TimingOptions& options) {
  Table batches{{{"batch"}, {"median ns a sample"}, {"p99"}, {"samples a second"}}, {}, {}};
  for (const BatchTiming& batch : timing.batches) {
    batches.rows.push_back({grouped(static_cast<std::int64_t>(batch.batch)),
                            grouped(batch.median_ns, 1), grouped(batch.p99_ns, 1),
                            grouped(batch.samples_per_second(), 0)});
  }
  Table layers{{{"layer", Align::kLeft}, {"ns of one sample"}}, {}, {}};
  for (const LayerTiming& layer : timing.layers) {
    layers.rows.push_back({layer.layer, grouped(layer.sample_ns, 1)});
  }
  return fmt::format(
      "The engine, {} thread(s), {}: raw float samples in, output codes out\n\n{}\n\n{}\n\n"
      "A layer with what follows it, as the difference to the program that ends before it; the "
      "first "
      "with the input's map.\nBuilt in {:.2f} ms; {} bytes of weights, {} bytes of memory a "
      "thread.",
      options.num_threads, timing.instruction_set, render(batches), render(layers), timing.build_ms,
      grouped(static_cast<std::int64_t>(timing.weight_bytes)),
      grouped(static_cast<std::int64_t>(timing.arena_bytes)));
}

nlohmann::json to_json(const EngineTiming& timing) {
  auto batches = nlohmann::json::array();
  for (const BatchTiming& batch : timing.batches) {
    batches.push_back({{"batch", batch.batch},
                       {"median_ns", batch.median_ns},
                       {"p99_ns", batch.p99_ns},
                       {"samples_per_second", batch.samples_per_second()}});
  }
  auto layers = nlohmann::json::array();
  for (const LayerTiming& layer : timing.layers) {
    layers.push_back({{"layer", layer.layer}, {"sample_ns", layer.sample_ns}});
  }
  return {{"instruction_set", timing.instruction_set},
          {"build_ms", timing.build_ms},
          {"weight_bytes", timing.weight_bytes},
          {"arena_bytes", timing.arena_bytes},
          {"batches", std::move(batches)},
          {"layers", std::move(layers)}};
}

ExitCode run(const BenchOptions& options, Output& output) {
  const model::Model model = model::load(options.model);
  if (!model.deployment) {
    throw InputError(
        fmt::format("{}: a float graph has no program for the engine to run", options.model));
  }
  const EngineTiming timing = time_engine(*model.deployment, options.timing);
  nlohmann::json json = to_json(timing);
  json["model"] = options.model;
  json["threads"] = options.timing.num_threads;
  output.print(json);
  output.print(render_timing(timing, options.timing));
  return kFine;
}

}  // namespace

Verb add_bench(CLI::App& parent) {
  CLI::App* app = add_subcommand(
      parent, "bench", "How fast the engine runs a frozen model on this machine",
      "  pare bench runs/quickstart/model.pare\n"
      "  pare bench model.pare --threads 2 --seconds 1\n"
      "\nTimes depend on the machine and what else it does: compare those of one run.\n");
  const auto options = std::make_shared<BenchOptions>();
  app->add_option("model", options->model, "The model (.pare)")->required();
  app->add_option("--threads", options->timing.num_threads, "Threads for batches (default 1)")
      ->check(CLI::Range(1, 256));
  app->add_option("--seconds", options->timing.seconds, "Of each measurement (default 0.2)")
      ->check(CLI::Range(0.001, 60.0));
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
