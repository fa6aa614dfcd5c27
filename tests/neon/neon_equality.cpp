// The engine's NEON kernels against the reference: built by a cross compiler, run under qemu. No
// test framework: what is linked here is compiled for another machine.

#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/session.h"
#include "networks/random_nets.h"
#include "program/random_inputs.h"
#include "program/random_program.h"
#include "program/reference.h"

namespace {

using pare::engine::Engine;
using pare::engine::KernelKind;
using pare::program::Codes;
using pare::program::Inputs;

long num_samples = 0;
long num_fast_steps = 0;

bool is_equal(const pare::program::Program& program, std::uint64_t seed) {
  const Engine engine(program);
  if (name_of(engine.instruction_set()) != "neon") return false;
  for (const auto& section : engine.plan(pare::engine::PlanKind::kSample).sections) {
    for (const auto& step : section.steps) {
      num_fast_steps += kind_of(step) == KernelKind::kGeneric ? 0 : 1;
    }
  }
  // A batch of equal numbers of steps, whose samples differ.
  const std::size_t batch = 1 + seed % 11;
  // Now and then more steps than any kernel takes at once.
  const std::int64_t most_steps = seed / 4 % 8 == 7 ? 20 : 4;
  const Inputs first = random_inputs(program, seed, pare::program::InputKind::kAny, most_steps);
  std::vector<Codes> inputs(first.buffers.size());
  std::vector<Codes> expected(program.outputs.size());
  std::size_t found = 0;
  for (std::uint64_t next = 1000 * seed; found < batch; ++next) {
    const auto kind = static_cast<pare::program::InputKind>(found % 4);
    const Inputs sample = random_inputs(program, next, kind, most_steps);
    if (sample.trip_counts != first.trip_counts) continue;
    const auto outputs = run_reference(program, sample).outputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].insert(inputs[i].end(), sample.buffers[i].begin(), sample.buffers[i].end());
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i].insert(expected[i].end(), outputs[i].begin(), outputs[i].end());
    }
    ++found;
  }
  pare::engine::Session session(engine, {.num_threads = 1, .max_trip_counts = first.trip_counts});
  std::vector<Codes> outputs;
  for (const Codes& codes : expected) outputs.emplace_back(codes.size(), -77);
  const std::vector<std::span<const std::int64_t>> from(inputs.begin(), inputs.end());
  const std::vector<std::span<std::int64_t>> to(outputs.begin(), outputs.end());
  num_samples += static_cast<long>(batch);
  return session.run(batch, from, first.trip_counts, to) == pare::engine::Status::kOk &&
         outputs == expected;
}

/// Each kind of program in turn.
pare::program::Program program_of(std::uint64_t seed) {
  if (seed % 4 == 0) return pare::networks::random_mlp(seed);
  if (seed % 4 == 1) return pare::networks::random_cnn(seed);
  if (seed % 4 == 2) return pare::networks::random_snn(seed);
  return pare::program::random_program(seed);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::puts("neon_equality FIRST_SEED NUM_PROGRAMS");
    return 2;
  }
  const long first = std::atol(argv[1]);
  const long num_programs = std::atol(argv[2]);
  for (long seed = first; seed < first + num_programs; ++seed) {
    const auto number = static_cast<std::uint64_t>(seed);
    if (is_equal(program_of(number), number)) continue;
    std::printf("seed %ld: the engine differs from the reference\n", seed);
    return 1;
  }
  std::printf("%ld programs, %ld samples, %ld steps by NEON kernels\n", num_programs, num_samples,
              num_fast_steps);
  return num_fast_steps > num_programs ? 0 : 1;
}
