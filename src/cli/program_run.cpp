#include "cli/program_run.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::cli {
namespace {

/// Samples between two reports of progress.
constexpr std::size_t kBatchSamples = 4096;

std::vector<std::int64_t> known_trip_counts(const model::Deployment& deployment) {
  std::vector<std::int64_t> trip_counts = lower::trip_counts_of(deployment.interface);
  if (deployment.program.trip_counts.size() == trip_counts.size()) return trip_counts;
  throw InputError(
      fmt::format("program '{}' takes its input step by step; these samples have no time axis",
                  deployment.program.name));
}

}  // namespace

ProgramRunner::ProgramRunner(const model::Deployment& deployment, std::size_t num_threads)
    : deployment_(&deployment),
      sample_size_(static_cast<std::size_t>(num_elements(deployment.interface.input_shape))),
      width_(static_cast<std::size_t>(num_elements(deployment.interface.output_shape))),
      trip_counts_(known_trip_counts(deployment)),
      engine_(deployment.program),
      session_(engine_, {.num_threads = num_threads, .max_trip_counts = trip_counts_}) {}

void ProgramRunner::run(std::span<const double> raw, std::span<double> values) {
  std::vector<std::int64_t> inputs(raw.size());
  std::vector<std::int64_t> outputs(values.size());
  lower::map_input(deployment_->interface, raw, inputs);
  const std::array<std::span<const std::int64_t>, 1> from = {inputs};
  const std::array<std::span<std::int64_t>, 1> to = {outputs};
  const engine::Status status = session_.run(raw.size() / sample_size_, from, trip_counts_, to);
  check(status == engine::Status::kOk, engine::describe(status));
  lower::map_output(deployment_->interface, outputs, values);
}

std::vector<double> run_program(const model::Deployment& deployment, const Tensor& raw,
                                const ProgressSink& progress) {
  ProgramRunner runner(deployment);
  const std::vector<double> inputs = raw.to_doubles();
  const std::size_t size = runner.sample_size();
  const std::size_t width = runner.width();
  const std::size_t samples = inputs.size() / size;
  std::vector<double> values(samples * width);
  for (std::size_t first = 0; first < samples; first += kBatchSamples) {
    const std::size_t count = std::min(kBatchSamples, samples - first);
    runner.run(std::span(inputs).subspan(first * size, count * size),
               std::span(values).subspan(first * width, count * width));
    if (progress) {
      progress({"evaluate", static_cast<std::int64_t>(first + count),
                static_cast<std::int64_t>(samples), "samples", ""});
    }
  }
  return values;
}

}  // namespace pare::cli
