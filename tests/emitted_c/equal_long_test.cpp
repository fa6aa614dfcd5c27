// The same as equal_test.cpp, with many more programs.

#include <array>

#include <gtest/gtest.h>

#include "emitted_c/batch.h"

namespace pare::emitted_c {
namespace {

using emit::c::Style;

// 5000 programs of each kind, in parts that run side by side.
constexpr int kNumParts = 20;
constexpr int kBatches = 5;
constexpr int kProgramsEach = 50;
static_assert(kNumParts * kBatches * kProgramsEach == 5000);

class ManyEmittedC : public testing::TestWithParam<int> {
 protected:
  /// Part GetParam() of the programs from `kind` * 100000 on.
  static void expect_equal_part(Style style, std::uint64_t kind, bool are_spiking = false);
};

void ManyEmittedC::expect_equal_part(Style style, std::uint64_t kind, bool are_spiking) {
  if (!find_tool({"gcc"})) return skip_without("gcc");
  const auto clang = find_tool({"clang-14", "clang"});
  if (!clang) return skip_without("clang");
  const std::array<std::string, kBatches> compilers = {
      "gcc -O0", *clang + " -O0", "gcc -O0 -fsanitize=undefined -fno-sanitize-recover", "gcc -O1",
      *clang + " -O0 -fsanitize=undefined -fno-sanitize-recover"};
  const std::uint64_t first_seed =
      kind * 100'000 + static_cast<std::uint64_t>(GetParam()) * kBatches * kProgramsEach;
  std::size_t num_programs = 0;
  for (const std::string& compiler : compilers) {
    const Batch batch = random_batch({.first_seed = first_seed + num_programs,
                                      .count = kProgramsEach,
                                      .style = style,
                                      .are_spiking = are_spiking});
    expect_equal(batch, compiler + " " + kWarnings);
    num_programs += batch.programs.size();
  }
  EXPECT_EQ(num_programs, std::size_t{kBatches * kProgramsEach});
}

TEST_P(ManyEmittedC, TablesAreEqualToTheReference) { expect_equal_part(Style::kTable, 1); }

TEST_P(ManyEmittedC, TablesOfSpikingNetsAreEqualToTheReference) {
  expect_equal_part(Style::kTable, 3, true);
}

TEST_P(ManyEmittedC, UnrolledCodeIsEqualToTheReference) { expect_equal_part(Style::kUnrolled, 2); }

INSTANTIATE_TEST_SUITE_P(Parts, ManyEmittedC, testing::Range(0, kNumParts));

}  // namespace
}  // namespace pare::emitted_c
