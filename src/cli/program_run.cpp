#include "cli/program_run.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "base/error.h"
#include "engine/session.h"

namespace pare::cli {
namespace {

/// Samples between two reports of progress.
constexpr std::size_t kBatchSamples = 4096;

/// One batch: raw numbers to codes, through the program, to values.
void run_batch(engine::Session& session, const lower::Interface& interface,
               std::span<const double> raw, std::span<double> values) {
  std::vector<std::int64_t> inputs(raw.size());
  std::vector<std::int64_t> outputs(values.size());
  lower::map_input(interface, raw, inputs);
  const std::array<std::span<const std::int64_t>, 1> from = {inputs};
  const std::array<std::span<std::int64_t>, 1> to = {outputs};
  const auto size = static_cast<std::size_t>(num_elements(interface.input_shape));
  const engine::Status status =
      session.run(raw.size() / size, from, lower::trip_counts_of(interface), to);
  check(status == engine::Status::kOk, engine::describe(status));
  lower::map_output(interface, outputs, values);
}

}  // namespace

std::vector<double> run_program(const model::Deployment& deployment, const Tensor& raw,
                                const ProgressSink& progress) {
  const program::Program& program = deployment.program;
  const auto trip_counts = lower::trip_counts_of(deployment.interface);
  if (program.trip_counts.size() != trip_counts.size()) {
    throw InputError(
        fmt::format("program '{}' takes its input step by step; these samples have no time axis",
                    program.name));
  }
  const engine::Engine engine(program);
  engine::Session session(engine, {.max_trip_counts = trip_counts});
  const std::vector<double> inputs = raw.to_doubles();
  const auto size = static_cast<std::size_t>(num_elements(deployment.interface.input_shape));
  const auto width = static_cast<std::size_t>(num_elements(deployment.interface.output_shape));
  const std::size_t samples = inputs.size() / size;
  std::vector<double> values(samples * width);
  for (std::size_t first = 0; first < samples; first += kBatchSamples) {
    const std::size_t count = std::min(kBatchSamples, samples - first);
    run_batch(session, deployment.interface, std::span(inputs).subspan(first * size, count * size),
              std::span(values).subspan(first * width, count * width));
    if (progress) {
      progress({"evaluate", static_cast<std::int64_t>(first + count),
                static_cast<std::int64_t>(samples), "samples", ""});
    }
  }
  return values;
}

}  // namespace pare::cli
