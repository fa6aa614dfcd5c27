#include "verify/engine_backend.h"

#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "engine/session.h"
#include "verify/compare.h"

namespace pare::verify {
namespace {

using model::num_steps;
using program::Codes;

/// Runs samples that lie one after the other in each of `inputs`.
std::vector<Codes> run(engine::Session& session, const program::Program& program,
                       const model::Golden& golden, std::size_t num_samples,
                       const std::vector<Codes>& inputs) {
  std::vector<Codes> outputs;
  for (const program::BufferId id : program.outputs) {
    const auto steps = static_cast<std::size_t>(num_steps(program, golden.trip_counts, id));
    outputs.emplace_back(num_samples * steps * size_of(program, id));
  }
  const std::vector<std::span<const std::int64_t>> from(inputs.begin(), inputs.end());
  const std::vector<std::span<std::int64_t>> to(outputs.begin(), outputs.end());
  const engine::Status status = session.run(num_samples, from, golden.trip_counts, to);
  if (status != engine::Status::kOk) throw InternalError(std::string(describe(status)));
  return outputs;
}

/// All golden inputs as one batch.
std::vector<Codes> run_batch(engine::Session& session, const program::Program& program,
                             const model::Golden& golden) {
  std::vector<Codes> inputs(program.inputs.size());
  for (std::int64_t i = 0; i < golden.num_samples; ++i) {
    const auto sample = inputs_of(program, golden, i).buffers;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      inputs[k].insert(inputs[k].end(), sample[k].begin(), sample[k].end());
    }
  }
  return run(session, program, golden, static_cast<std::size_t>(golden.num_samples), inputs);
}

/// One sample of a batch's outputs.
program::Outputs sample_of(const std::vector<Codes>& batch, std::size_t sample,
                           std::size_t num_samples) {
  program::Outputs outputs;
  for (const Codes& codes : batch) {
    const std::size_t size = codes.size() / num_samples;
    const auto one = std::span(codes).subspan(sample * size, size);
    outputs.outputs.emplace_back(one.begin(), one.end());
  }
  return outputs;
}

BackendReport verify_batch(engine::Session& session, const model::Deployment& deployment,
                           std::string name) {
  const program::Program& program = deployment.program;
  const model::Golden& golden = deployment.golden;
  std::vector<Codes> batch;
  std::size_t next = 0;
  return compare(deployment, std::move(name), [&](const program::Inputs&) {
    if (next == 0) batch = run_batch(session, program, golden);
    return sample_of(batch, next++, static_cast<std::size_t>(golden.num_samples));
  });
}

BackendReport verify_samples(engine::Session& session, const model::Deployment& deployment,
                             std::string name) {
  return compare(deployment, std::move(name), [&](const program::Inputs& inputs) {
    return program::Outputs{run(session, deployment.program, deployment.golden, 1, inputs.buffers)};
  });
}

}  // namespace

std::vector<BackendReport> verify_engine(const model::Deployment& deployment) {
  std::vector<BackendReport> reports;
  for (const engine::InstructionSet set : engine::instruction_sets()) {
    const std::string name = fmt::format("engine {}", name_of(set));
    try {
      const engine::Engine engine(deployment.program, {.instruction_set = set});
      engine::Session session(engine,
                              {.num_threads = 2, .max_trip_counts = deployment.golden.trip_counts});
      reports.push_back(verify_batch(session, deployment, name + ", batch"));
      reports.push_back(verify_samples(session, deployment, name + ", single"));
    } catch (const InputError& error) {
      reports.push_back({.backend = name, .failure = error.what()});
    }
  }
  return reports;
}

}  // namespace pare::verify
