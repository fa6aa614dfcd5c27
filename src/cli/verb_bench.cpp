#include "cli/verb_bench.h"

#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/engine_timing.h"
#include "cli/model_run.h"
#include "cli/table.h"
#include "model/model.h"

namespace pare::cli {
namespace {

struct BenchOptions {
  std::string model;
  std::string recipe;
  TimingOptions timing;
};

std::string render_layers(const EngineTiming& timing) {
  Table layers{{{"layer", Align::kLeft}, {"ns of one sample"}}, {}, {}};
  for (const LayerTiming& layer : timing.layers) {
    layers.rows.push_back({layer.layer, grouped(layer.sample_ns, 1)});
  }
  return fmt::format(
      "{}\n\nA layer with what follows it, as the difference to the program that ends before it; "
      "the first with the input's map.",
      render(layers));
}

std::string render_steps(const EngineTiming& timing) {
  Table steps{{{"what is written", Align::kLeft},
               {"kernel", Align::kLeft},
               {"ns of one sample"},
               {"spikes %"}},
              {},
              {}};
  for (const StepTiming& step : timing.steps) {
    steps.rows.push_back({step.layer, std::string(step.kernel), grouped(step.sample_ns, 1),
                          step.spike_rate ? fmt::format("{:.2f}", 100 * *step.spike_rate) : ""});
  }
  return fmt::format(
      "{}\n\nAll times that it runs for a sample together, by the clock, which takes its share; "
      "the "
      "first with the\ninput's map. Spikes: of the neurons that it writes, how many spike in a "
      "step.",
      render(steps));
}

std::string render_timing(const EngineTiming& timing, const TimingOptions& options) {
  Table batches{{{"batch"}, {"median ns a sample"}, {"p99"}, {"samples a second"}}, {}, {}};
  for (const BatchTiming& batch : timing.batches) {
    batches.rows.push_back({grouped(static_cast<std::int64_t>(batch.batch)),
                            grouped(batch.median_ns, 1), grouped(batch.p99_ns, 1),
                            grouped(batch.samples_per_second(), 0)});
  }
  return fmt::format(
      "The engine, {} thread(s), {}: raw float samples in, output codes out\n\n{}\n\n{}\n"
      "Built in {:.2f} ms; {} bytes of weights, {} bytes of memory a thread.",
      options.num_threads, timing.instruction_set, render(batches),
      timing.steps.empty() ? render_layers(timing) : render_steps(timing), timing.build_ms,
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
  auto steps = nlohmann::json::array();
  for (const StepTiming& step : timing.steps) {
    steps.push_back(
        {{"layer", step.layer}, {"kernel", step.kernel}, {"sample_ns", step.sample_ns}});
    if (step.spike_rate) steps.back()["spike_rate"] = *step.spike_rate;
  }
  return {{"instruction_set", timing.instruction_set},
          {"build_ms", timing.build_ms},
          {"weight_bytes", timing.weight_bytes},
          {"arena_bytes", timing.arena_bytes},
          {"batches", std::move(batches)},
          {"layers", std::move(layers)},
          {"steps", std::move(steps)}};
}

ExitCode run(const BenchOptions& options, Output& output) {
  const model::Model model = model::load(options.model);
  if (!model.deployment) {
    throw InputError(
        fmt::format("{}: a float graph has no program for the engine to run", options.model));
  }
  TimingOptions how = options.timing;
  if (!options.recipe.empty()) {
    SplitData data = load_split(options.recipe, SplitName::kTest);
    check_fits(model.graph, options.model, data);
    how.samples = std::move(data.samples.inputs);
  }
  const EngineTiming timing = time_engine(*model.deployment, how);
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
      "  pare bench spiking.pare --data recipe.toml\n"
      "\nTimes depend on the machine and what else it does: compare those of one run.\n");
  const auto options = std::make_shared<BenchOptions>();
  app->add_option("model", options->model, "The model (.pare)")->required();
  app->add_option("--data", options->recipe,
                  "The recipe whose test samples are the inputs (default: normal random numbers)");
  app->add_option("--threads", options->timing.num_threads, "Threads for batches (default 1)")
      ->check(CLI::Range(1, 256));
  app->add_option("--seconds", options->timing.seconds, "Of each measurement (default 0.2)")
      ->check(CLI::Range(0.001, 60.0));
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
