#include "cli/program_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "program/reference.h"

namespace pare::cli {
namespace {

constexpr std::size_t kBatchSamples = 4096;

}  // namespace

std::vector<double> run_program(const model::Deployment& deployment, const Tensor& raw,
                                const ProgressSink& progress) {
  const program::Program& program = deployment.program;
  if (!program.trip_counts.empty()) {
    throw InputError(
        fmt::format("program '{}' takes its input step by step; these samples have no time axis",
                    program.name));
  }
  const std::vector<double> inputs = raw.to_doubles();
  const auto size = static_cast<std::size_t>(num_elements(deployment.interface.input_shape));
  const auto width = static_cast<std::size_t>(num_elements(deployment.interface.output_shape));
  const std::size_t samples = inputs.size() / size;
  std::vector<double> values(samples * width);
  program::Codes codes(size);
  for (std::size_t n = 0; n < samples; ++n) {
    lower::map_input(deployment.interface, std::span(inputs).subspan(n * size, size), codes);
    const auto outputs = run_reference(program, {{codes}, {}});
    lower::map_output(deployment.interface, outputs.outputs.front(),
                      std::span(values).subspan(n * width, width));
    const bool is_batch = (n + 1) % kBatchSamples == 0 || n + 1 == samples;
    if (progress && is_batch) {
      progress({"evaluate", static_cast<std::int64_t>(n) + 1, static_cast<std::int64_t>(samples),
                "samples", ""});
    }
  }
  return values;
}

}  // namespace pare::cli
