#include "lower/remove_dead.h"

#include <gtest/gtest.h>

#include "program/check.h"
#include "program/random_program.h"
#include "program/text.h"

namespace pare::lower {
namespace {

using program::Program;

std::size_t num_elements_of(const Program& program) {
  std::size_t sum = 0;
  for (const program::Buffer& buffer : program.buffers) {
    sum += static_cast<std::size_t>(num_elements(buffer.shape));
  }
  return sum;
}

TEST(RemoveDead, LeavesEveryOutputOfRandomProgramsAsItWas) {
  constexpr std::uint64_t kNumPrograms = 2000;
  int num_shrunk = 0;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    SCOPED_TRACE(seed);
    const Program program = program::random_program(seed);
    const Program less = remove_dead(program);
    program::check(less);
    if (num_elements_of(less) < num_elements_of(program)) ++num_shrunk;
    for (const auto kind : {program::InputKind::kLowest, program::InputKind::kHighest,
                            program::InputKind::kRails, program::InputKind::kAny}) {
      const auto inputs = program::random_inputs(program, seed, kind);
      ASSERT_EQ(run_reference(less, inputs, {.traps = true}).outputs,
                run_reference(program, inputs).outputs);
    }
  }
  EXPECT_GT(num_shrunk, 500);
}

// fc1 has three neurons: the second is read by zeros alone, the third always says 3.
constexpr const char* kProgram = R"(program 1 p
buffer x s4 [2] from input
buffer fc1 s12 [3] from fc1
buffer code u4 [3] from fc1.activation kept [4 5 9]
buffer fc2 s12 [2] from fc2
constant w1 s3 [3 2] uniform {
  1 2
  3 1
  0 0
}
constant b1 s8 [3] uniform {
  0 1 25
}
constant m u3 [3] uniform {
  1 1 1
}
constant zero u1 [1] uniform {
  0
}
constant e u2 [1] uniform {
  3
}
constant w2 s3 [2 3] uniform {
  1 0 2
  3 0 -1
}
inputs x
outputs fc2
section once {
  fc1 = linear(x) weight=w1 bias=b1 accumulator=s12
  code = requantize(fc1) multiplier=m addend=zero shift=e rounding=half_even lowest=0 highest=15
  fc2 = linear(code) weight=w2 accumulator=s12
}
)";

TEST(RemoveDead, FoldsConstantsIntoBiasesAndSaysWhatWasKept) {
  const Program program = program::parse(kProgram, "test");
  const Program less = remove_dead(program);
  ASSERT_EQ(less.buffers.size(), 4U);
  EXPECT_EQ(less.buffers[1].shape, (Shape{1}));
  EXPECT_EQ(less.buffers[1].origin->kept, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(less.buffers[2].origin->kept, (std::vector<std::int64_t>{4}));
  const auto& last = std::get<program::Linear>(less.sections[0].nodes[2].op);
  EXPECT_EQ(less.constant(last.weight).values, (std::vector<std::int64_t>{1, 3}));
  ASSERT_TRUE(last.bias);
  EXPECT_EQ(less.constant(*last.bias).values, (std::vector<std::int64_t>{6, -3}));
}

}  // namespace
}  // namespace pare::lower
