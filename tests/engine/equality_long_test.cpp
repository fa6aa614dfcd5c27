// Many more of equality_test.cpp's programs.

#include <gtest/gtest.h>

#include "engine/equality.h"
#include "networks/random_nets.h"
#include "program/random_program.h"

namespace pare::engine {
namespace {

constexpr std::uint64_t kFirst = 1000000;
constexpr std::uint64_t kNumPrograms = 100000;
// Parts run side by side, and one that fails is found again in a minute or two.
constexpr std::uint64_t kNumParts = 25;
constexpr std::uint64_t kNumEach = kNumPrograms / kNumParts;
static_assert(kNumEach * kNumParts == kNumPrograms);

/// Each kind of program in turn.
program::Program program_of(std::uint64_t seed) {
  if (seed % 4 == 0) return networks::random_mlp(seed);
  if (seed % 4 == 1) return networks::random_cnn(seed);
  if (seed % 4 == 2) return networks::random_snn(seed);
  return program::random_program(seed);
}

class LongEquality : public testing::TestWithParam<std::uint64_t> {};

TEST_P(LongEquality, OfRandomPrograms) {
  const std::uint64_t first = kFirst + GetParam() * kNumEach;
  Counts counts;
  for (std::uint64_t seed = first; seed < first + kNumEach; ++seed) {
    SCOPED_TRACE(seed);
    expect_all_equal(program_of(seed), seed, {}, counts);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(counts.size(), instruction_sets().size());
  for (const auto& [set, count] : counts) {
    SCOPED_TRACE(name_of(set));
    EXPECT_EQ(count.programs, kNumEach);
    EXPECT_GE(count.steps_at_once, 2000 / kNumParts);
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, LongEquality, testing::Range(std::uint64_t{0}, kNumParts));

}  // namespace
}  // namespace pare::engine
