#include "engine/equality.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/session.h"
#include "program/random_inputs.h"
#include "program/reference.h"
#include "program/text.h"

namespace pare::engine {
namespace {

using program::Codes;
using program::Inputs;

/// Inputs of several samples with the same numbers of steps, and what the reference makes of them.
struct Batch {
  std::size_t num_samples = 0;
  std::vector<std::int64_t> trip_counts;
  std::vector<Codes> inputs;   ///< by input, sample after sample
  std::vector<Codes> outputs;  ///< by output, as expected
};

void append(std::vector<Codes>& to, const std::vector<Codes>& from) {
  to.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    to[i].insert(to[i].end(), from[i].begin(), from[i].end());
  }
}

Batch make_batch(const program::Program& program, std::uint64_t seed, std::size_t num_samples,
                 std::int64_t most_steps) {
  Batch batch{.num_samples = num_samples, .trip_counts = {}, .inputs = {}, .outputs = {}};
  // The seed of the first input decides the numbers of steps: others are tried until they agree.
  std::uint64_t next = seed;
  batch.trip_counts =
      random_inputs(program, next, program::InputKind::kAny, most_steps).trip_counts;
  constexpr program::InputKind kKinds[] = {program::InputKind::kAny, program::InputKind::kLowest,
                                           program::InputKind::kHighest,
                                           program::InputKind::kRails};
  for (std::size_t i = 0; i < num_samples;) {
    const Inputs inputs = random_inputs(program, next++, kKinds[i % 4], most_steps);
    if (inputs.trip_counts != batch.trip_counts) continue;
    append(batch.inputs, inputs.buffers);
    append(batch.outputs, program::run_reference(program, inputs).outputs);
    ++i;
  }
  return batch;
}

void expect_outputs(const Engine& engine, const Batch& batch, std::size_t num_threads,
                    const program::Program& program) {
  Session session(engine, {.num_threads = num_threads, .max_trip_counts = batch.trip_counts});
  std::vector<Codes> outputs;
  for (const Codes& expected : batch.outputs) outputs.emplace_back(expected.size(), -77);
  const std::vector<std::span<const std::int64_t>> from(batch.inputs.begin(), batch.inputs.end());
  const std::vector<std::span<std::int64_t>> to(outputs.begin(), outputs.end());
  ASSERT_EQ(session.run(batch.num_samples, from, batch.trip_counts, to), Status::kOk);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_EQ(outputs[i], batch.outputs[i])
        << "output " << i << " of " << batch.num_samples << " samples, " << num_threads
        << " threads, " << name_of(engine.instruction_set()) << "\n"
        << program::print(program);
  }
}

/// What a program is run on.
struct Trial {
  Batch batch;
  std::size_t num_threads = 1;
};

Trial make_trial(const program::Program& program, std::uint64_t seed) {
  program::RandomNumbers random(seed);
  // Mostly few samples: those that run one by one, and a part of a chunk. Now and then a whole one.
  const auto num_samples = static_cast<std::size_t>(
      random.one_in(16) ? random.in(100, 400)
                        : (random.one_in(3) ? random.in(1, 70) : random.in(1, 9)));
  // Now and then more steps than any kernel takes at once.
  const std::int64_t most_steps = seed / 4 % 8 == 7 ? 20 : 4;
  Batch batch = make_batch(program, seed * 1000, num_samples, most_steps);
  const auto num_threads = static_cast<std::size_t>(random.one_in(4) ? random.in(2, 3) : 1);
  return {std::move(batch), num_threads};
}

void count_magic(const Step& step, PlanKind kind, Count& count) {
  const auto* linear = std::get_if<LinearStep>(&step.work);
  if (linear == nullptr || linear->op.epilogue == nullptr) return;
  if (kind == PlanKind::kSample && !linear->on_image) return;
  const std::vector<MagicOutput>& magic = linear->op.epilogue->magic;
  if (magic.empty()) return;
  const bool is_mixed = std::ranges::find(magic, 0, &MagicOutput::is_found) != magic.end();
  ++(is_mixed ? count.mixed_steps : count.magic_steps);
}

void run(const Trial& trial, const program::Program& program, const Options& options,
         Count& count) {
  const Engine engine(program, options);
  for (const PlanKind kind : {PlanKind::kSample, PlanKind::kBatch}) {
    for (const PlannedSection& section : engine.plan(kind).sections) {
      for (const Step& step : section.steps) {
        ++count.kernels[static_cast<std::size_t>(kind_of(step))];
        if (engine.plan(kind).buffers[step.output.value].slots != 0) ++count.steps_at_once;
        count_magic(step, kind, count);
      }
    }
  }
  expect_outputs(engine, trial.batch, trial.num_threads, program);
  ++count.programs;
  count.samples += static_cast<std::int64_t>(trial.batch.num_samples);
}

}  // namespace

void expect_equal(const program::Program& program, std::uint64_t seed, const Options& options,
                  Count& count) {
  run(make_trial(program, seed), program, options, count);
}

void expect_all_equal(const program::Program& program, std::uint64_t seed, Options options,
                      Counts& counts) {
  const Trial trial = make_trial(program, seed);
  for (const InstructionSet set : instruction_sets()) {
    options.instruction_set = set;
    run(trial, program, options, counts[set]);
    if (testing::Test::HasFatalFailure()) return;
  }
}

std::string case_name(const testing::TestParamInfo<InstructionSet>& info) {
  std::string name(name_of(info.param));
  std::erase(name, '-');
  return name;
}

}  // namespace pare::engine
