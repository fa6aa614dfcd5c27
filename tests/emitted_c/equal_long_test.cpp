// The same as equal_test.cpp, with many more programs.

#include <gtest/gtest.h>

#include "emitted_c/batch.h"

namespace pare::emitted_c {
namespace {

using emit::c::Style;

constexpr int kBatches = 100;
constexpr int kProgramsEach = 50;

void expect_many_equal(Style style, std::uint64_t first_seed, bool are_spiking = false) {
  if (!find_tool({"gcc"})) return skip_without("gcc");
  const auto clang = find_tool({"clang-14", "clang"});
  if (!clang) return skip_without("clang");
  const std::string compilers[] = {"gcc -O0", *clang + " -O0",
                                   "gcc -O0 -fsanitize=undefined -fno-sanitize-recover", "gcc -O1",
                                   *clang + " -O0 -fsanitize=undefined -fno-sanitize-recover"};
  std::size_t num_programs = 0;
  for (int i = 0; i < kBatches; ++i) {
    const Batch batch = random_batch({.first_seed = first_seed + num_programs,
                                      .count = kProgramsEach,
                                      .style = style,
                                      .are_spiking = are_spiking});
    expect_equal(batch, compilers[i % 5] + " " + kWarnings);
    num_programs += batch.programs.size();
  }
  EXPECT_EQ(num_programs, 5000U);
}

TEST(EmittedC, ManyTablesAreEqualToTheReference) { expect_many_equal(Style::kTable, 100'000); }

TEST(EmittedC, ManyTablesOfSpikingNetsAreEqualToTheReference) {
  expect_many_equal(Style::kTable, 300'000, true);
}

TEST(EmittedC, MuchUnrolledCodeIsEqualToTheReference) {
  expect_many_equal(Style::kUnrolled, 200'000);
}

}  // namespace
}  // namespace pare::emitted_c
