#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "program/program.h"

namespace pare::engine {

/// What equality tests have run.
struct Count {
  std::int64_t programs = 0;
  std::int64_t samples = 0;
  std::array<std::int64_t, kNumKernelKinds> kernels = {};  ///< steps, by KernelKind
  std::int64_t steps_at_once = 0;                          ///< that take several of a loop's steps
  std::int64_t magic_steps = 0;  ///< linear ops on many lanes, all outputs with magic lines
  std::int64_t mixed_steps = 0;  ///< the same, of which some have none
};

/// Counts of all instruction sets that this machine has.
using Counts = std::map<InstructionSet, Count>;

/// Runs a program by the engine and by the reference, on inputs at both rails and in between, in
/// batches of odd sizes and by 1 to 3 threads, all outputs being compared for equality. Adds to
/// `count`. Fails the test that calls it at the first difference.
void expect_equal(const program::Program& program, std::uint64_t seed, const Options& options,
                  Count& count);

/// The same by all instruction sets of this machine, with the reference, which takes most of the
/// time, run once. `options` but for the instruction set.
void expect_all_equal(const program::Program& program, std::uint64_t seed, Options options,
                      Counts& counts);

/// What a test is called that has an instruction set as its parameter.
std::string case_name(const testing::TestParamInfo<InstructionSet>& info);

}  // namespace pare::engine
