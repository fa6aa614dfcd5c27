// The engine against the reference, by every instruction set that this machine has.

#include "engine/equality.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "networks/random_nets.h"
#include "program/check.h"
#include "program/random_inputs.h"
#include "program/random_program.h"
#include "sanitized.h"

namespace pare::engine {
namespace {

constexpr std::uint64_t kNumPrograms = 2000 / kShare;
/// Slow in the reference. As many as it takes for each kernel to run where it is preferred: many
/// convolutions run window by window.
constexpr std::uint64_t kNumCnns = kIsSanitized ? 90 : 1800;
/// Kinds 1 … 6 run linear ops.
constexpr auto kNumLinearKernels = static_cast<std::size_t>(KernelKind::kSparsePairs);

std::int64_t num_steps(const Count& count, KernelKind kind) {
  return count.kernels[static_cast<std::size_t>(kind)];
}

/// Instruction sets without a multiply-add that rounds once have no magic lines.
void expect_magic(InstructionSet set, const Count& count) {
  const std::int64_t least = set == InstructionSet::kPortable ? 0 : at_least(100);
  EXPECT_GE(count.magic_steps, least);
  EXPECT_GE(count.mixed_steps, least / 10);
}

/// The model's choice for half of the programs; for the others each kernel in turn.
std::optional<KernelKind> preferred(std::uint64_t seed) {
  if (seed % 2 == 0) return std::nullopt;
  return static_cast<KernelKind>(1 + seed / 2 % kNumLinearKernels);
}

/// Membranes that do not begin at zero: all the same, or each at its own.
void set_membranes(program::Program& program, std::uint64_t seed) {
  program::RandomNumbers random(seed);
  for (program::Section& section : program.sections) {
    for (program::State& state : section.states) {
      const program::Buffer& membranes = program.buffer(state.buffer);
      program::Constant initial = program.constant(state.initial);
      initial.name = membranes.name + "_at_first";
      initial.width = membranes.width;
      if (random.one_in(2)) initial.shape = membranes.shape;
      initial.values.resize(static_cast<std::size_t>(num_elements(initial.shape)));
      const program::Interval range = membranes.width.range();
      for (std::int64_t& value : initial.values) {
        value = std::clamp<std::int64_t>(random.in(-9, 9), range.lowest, range.highest);
      }
      state.initial = {static_cast<std::uint32_t>(program.constants.size())};
      program.constants.push_back(std::move(initial));
    }
  }
}

TEST(Equality, OfRandomPrograms) {
  Counts counts;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    SCOPED_TRACE(seed);
    expect_all_equal(program::random_program(seed), seed, {}, counts);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(counts.size(), instruction_sets().size());
  for (const auto& [set, count] : counts) {
    SCOPED_TRACE(name_of(set));
    EXPECT_EQ(count.programs, kNumPrograms);
    EXPECT_GE(count.samples, 5 * kNumPrograms);
    EXPECT_GE(num_steps(count, KernelKind::kGeneric), at_least(1000));
    EXPECT_GE(num_steps(count, KernelKind::kDenseShorts), at_least(1000));
    for (const KernelKind kind :
         {KernelKind::kRequantize, KernelKind::kThreshold, KernelKind::kClamp, KernelKind::kAdd}) {
      EXPECT_GE(num_steps(count, kind), at_least(300)) << name_of(kind);
    }
  }
}

TEST(Equality, OfRandomMlps) {
  Counts counts;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    SCOPED_TRACE(seed);
    const program::Program program = networks::random_mlp(seed);
    ASSERT_NO_THROW(program::check(program));
    expect_all_equal(program, seed, {.preferred = preferred(seed)}, counts);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(counts.size(), instruction_sets().size());
  for (const auto& [set, count] : counts) {
    SCOPED_TRACE(name_of(set));
    EXPECT_EQ(count.programs, kNumPrograms);
    for (std::size_t kind = 1; kind <= kNumLinearKernels; ++kind) {
      // With AVX-512 the model takes pairs only where they are preferred.
      EXPECT_GE(count.kernels[kind], at_least(100)) << name_of(static_cast<KernelKind>(kind));
    }
    expect_magic(set, count);
  }
}

TEST(Equality, OfRandomCnns) {
  Counts counts;
  for (std::uint64_t seed = 0; seed < kNumCnns; ++seed) {
    SCOPED_TRACE(seed);
    const program::Program program = networks::random_cnn(seed);
    ASSERT_NO_THROW(program::check(program));
    expect_all_equal(program, seed, {.preferred = preferred(seed)}, counts);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(counts.size(), instruction_sets().size());
  for (const auto& [set, count] : counts) {
    SCOPED_TRACE(name_of(set));
    EXPECT_EQ(count.programs, kNumCnns);
    for (std::size_t kind = 1; kind <= kNumLinearKernels; ++kind) {
      // Convolutions have no codebooks.
      if (static_cast<KernelKind>(kind) == KernelKind::kCodebook) continue;
      EXPECT_GE(count.kernels[kind], at_least(100)) << name_of(static_cast<KernelKind>(kind));
    }
    EXPECT_GE(num_steps(count, KernelKind::kMaxPool), at_least(200));
    EXPECT_GE(num_steps(count, KernelKind::kLayout), at_least(1000));
    expect_magic(set, count);
  }
}

/// How many linear ops read an image in place of a copy of it.
int num_on_images(const Engine& engine) {
  int count = 0;
  for (const PlannedSection& section : engine.plan(PlanKind::kSample).sections) {
    for (const Step& step : section.steps) {
      const auto* linear = std::get_if<LinearStep>(&step.work);
      if (linear == nullptr || linear->on_image) continue;
      count += step.inputs[0].value >= engine.program().buffers.size() ? 1 : 0;
    }
  }
  return count;
}

TEST(Equality, OfRandomCnnsWhoseImagesLinearOpsRead) {
  Counts counts;
  std::uint64_t num_programs = 0;
  for (std::uint64_t seed = kNumCnns; seed < 3 * kNumCnns; ++seed) {
    SCOPED_TRACE(seed);
    const program::Program program = networks::random_cnn(seed);
    if (num_on_images(Engine(program, {.measures = false})) == 0) continue;
    ++num_programs;
    expect_all_equal(program, seed, {}, counts);
    if (HasFatalFailure()) return;
  }
  EXPECT_GE(num_programs, kNumCnns / 90);
}

TEST(Equality, OfRandomSpikingNets) {
  Counts counts;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    SCOPED_TRACE(seed);
    program::Program program = networks::random_snn(seed);
    if (seed % 4 == 3) set_membranes(program, seed);
    program::check(program);
    // As many spikes as there are decide; spikes add; all inputs are multiplied.
    const std::optional<KernelKind> kinds[] = {std::nullopt, KernelKind::kSpikes,
                                               KernelKind::kDenseBytes};
    expect_all_equal(program, seed, {.preferred = kinds[seed % 3]}, counts);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(counts.size(), instruction_sets().size());
  for (const auto& [set, count] : counts) {
    SCOPED_TRACE(name_of(set));
    EXPECT_EQ(count.programs, kNumPrograms);
    EXPECT_GE(num_steps(count, KernelKind::kSpikes), at_least(1000));
    EXPECT_GE(num_steps(count, KernelKind::kNeurons), at_least(500));
    EXPECT_GE(count.steps_at_once, at_least(300));
    EXPECT_GE(num_steps(count, KernelKind::kMaxPool), at_least(100));
    EXPECT_GE(num_steps(count, KernelKind::kLayout), at_least(1000));
  }
}

TEST(EqualityOfGenericOps, OfRandomPrograms) {
  Count count;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    SCOPED_TRACE(seed);
    expect_equal(program::random_program(seed), seed, {.is_generic = true}, count);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(count.programs, kNumPrograms);
  EXPECT_EQ(num_steps(count, KernelKind::kDenseShorts), 0);
}

}  // namespace
}  // namespace pare::engine
