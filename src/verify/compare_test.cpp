// A comparison must find every code that is wrong, and name the first.

#include "verify/compare.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/test_deployment.h"
#include "program/random_program.h"
#include "program/text.h"

namespace pare::verify {
namespace {

using program::Inputs;
using program::Outputs;
using program::Program;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Outputs all_buffers(const Program& program, const Inputs& inputs) {
  return run_reference(program, inputs, {.traps = true, .keeps_buffers = true});
}

BackendReport compare_with(const model::Deployment& deployment, const Program& other) {
  return compare(deployment, "other",
                 [&](const Inputs& inputs) { return all_buffers(other, inputs); });
}

/// The same number of steps for every sample.
model::Golden golden_of(const Program& program, std::uint64_t seed) {
  const Inputs inputs = random_inputs(program, seed, program::InputKind::kAny);
  return model::make_golden(program, std::vector{inputs, inputs});
}

TEST(Compare, FindsNothingWhereNothingIs) {
  int num_codes = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    model::Deployment deployment;
    deployment.program = program::RandomProgram(seed, {}).make();
    deployment.golden = golden_of(deployment.program, seed);
    const BackendReport report = compare_with(deployment, deployment.program);
    ASSERT_TRUE(report.holds()) << seed << report.failure;
    ASSERT_EQ(report.rows.size(), deployment.program.buffers.size());
    ASSERT_EQ(report.flips, 0);
    for (const Row& row : report.rows) {
      ASSERT_EQ(row.different, 0);
      num_codes += static_cast<int>(row.codes);
    }
  }
  EXPECT_GT(num_codes, 10'000);
}

TEST(Compare, FindsAnyBitOfARecord) {
  const model::Deployment right = model::random_deployment({6, 5, 4, 3}, 20, 9);
  program::RandomNumbers random(4);
  for (int i = 0; i < 300; ++i) {
    model::Deployment damaged = right;
    const auto buffer = static_cast<std::size_t>(random.in(0, 5));
    const bool is_hash = random.one_in(2);
    const auto bytes = (is_hash ? damaged.golden.hashes : damaged.golden.codes).at(buffer).bytes();
    bytes[static_cast<std::size_t>(random.in(0, std::ssize(bytes) - 1))] ^= std::byte{1}
                                                                            << random.in(0, 7);
    const BackendReport report = compare_with(damaged, right.program);
    ASSERT_FALSE(report.holds()) << buffer << is_hash;
    // Changed inputs also change what comes after; then they themselves are first.
    EXPECT_EQ(report.first->buffer, right.program.buffers[buffer].name);
    EXPECT_EQ(report.first->element.has_value(), buffer != 0 && !is_hash);
  }
}

// One weight more or less in the second layer: its sums are the first that differ.
TEST(Compare, NamesTheFirstLayerElementAndCodes) {
  const model::Deployment deployment = model::random_deployment({3, 4, 4, 2}, 30, 5);
  Program other = deployment.program;
  for (program::Constant& constant : other.constants) {
    if (constant.name == "fc2.bias") ++constant.values[2];
  }
  const BackendReport report = compare_with(deployment, other);
  ASSERT_TRUE(report.first);
  EXPECT_EQ(report.first->buffer, "fc2.sum");
  EXPECT_EQ(report.first->sample, 0);
  EXPECT_EQ(report.first->element, 2);
  EXPECT_EQ(report.first->got, report.first->expected + 1);
  EXPECT_EQ(report.rows[0].buffer, "x");
  EXPECT_EQ(report.rows[1].different, 0);
  EXPECT_EQ(report.rows[3], (Row{"fc2.sum", 120, 30}));
  EXPECT_THAT(describe(*report.first),
              HasSubstr("buffer 'fc2.sum', sample 0, step 0, element 2: expected "));
}

TEST(Compare, CountsDecisionsThatFlip) {
  const model::Deployment deployment = model::random_deployment({3, 4, 4}, 40, 5);
  // The last class wins everywhere.
  const BackendReport report = compare(deployment, "biased", [&](const Inputs& inputs) {
    Outputs outputs = run_reference(deployment.program, inputs);
    outputs.outputs[0][3] = 1'000'000;
    return outputs;
  });
  std::int64_t num_others = 0;
  for (std::int64_t i = 0; i < 40; ++i) {
    const auto codes = codes_of(deployment.golden, deployment.program.outputs.front(), i);
    num_others += std::max_element(codes.begin(), codes.end()) != codes.begin() + 3;
  }
  EXPECT_GT(num_others, 0);
  EXPECT_EQ(report.flips, num_others);
  EXPECT_EQ(report.decisions, 40);
  EXPECT_EQ(report.rows.size(), 1U);
  EXPECT_EQ(report.rows[0], (Row{"fc2.sum", 160, 40}));
}

TEST(Compare, LooksForTheElementAgainWhereOnlyHashesAreKept) {
  model::Deployment deployment = model::random_deployment({3, 4, 4, 2}, 30, 5);
  for (std::size_t i = 1; i + 1 < deployment.program.buffers.size(); ++i) {
    Tensor& codes = deployment.golden.codes[i];
    codes = Tensor(codes.dtype(), {0, codes.dim(1)});
  }
  deployment.golden.num_kept = 0;
  check_golden(deployment.program, deployment.golden);
  EXPECT_TRUE(compare_with(deployment, deployment.program).holds());
  const BackendReport report = compare(deployment, "lies", [&](const Inputs& inputs) {
    Outputs outputs = all_buffers(deployment.program, inputs);
    outputs.buffers[1][3] -= 7;
    return outputs;
  });
  ASSERT_TRUE(report.first);
  EXPECT_EQ(report.first->buffer, "fc1.sum");
  EXPECT_EQ(report.first->element, 3);
  EXPECT_EQ(report.first->got, report.first->expected - 7);
  EXPECT_EQ(report.rows[1].different, 30);
}

// In a loop the order is that of time: a state that is wrong spoils the first op of the next step.
TEST(Compare, IsInTheOrderInWhichAProgramRuns) {
  for (const bool is_backward : {false, true}) {
    const std::string text = fmt::format(R"(program 1 loop
trip_count T
buffer x s8 [1] each T
buffer m s8 [1]
buffer sum s9 [1] each T
buffer next s8 [1] each T
constant zero s1 [1] uniform {{ 0 }}
inputs x
outputs next
section {} T {{
  state m initial=zero next=next
  sum = add(x, m)
  next = clamp(sum) lowest=-100 highest=100
}}
)",
                                         is_backward ? "backward" : "forward");
    model::Deployment deployment;
    deployment.program = program::parse(text, "test");
    deployment.golden =
        model::make_golden(deployment.program, std::vector<Inputs>(2, {{{1, 2, 3, 4, 5}}, {5}}));
    const std::size_t last = is_backward ? 0 : 4;
    const std::size_t early = is_backward ? 3 : 1;
    const BackendReport report = compare(deployment, "lies", [&](const Inputs& inputs) {
      Outputs outputs = all_buffers(deployment.program, inputs);
      ++outputs.buffers[1][0];
      ++outputs.buffers[2][last];
      ++outputs.buffers[3][early];
      outputs.outputs[0] = outputs.buffers[3];
      return outputs;
    });
    ASSERT_TRUE(report.first);
    EXPECT_EQ(report.first->buffer, "next");
    EXPECT_EQ(report.first->step, static_cast<std::int64_t>(early));
    EXPECT_EQ(report.flips, 2);
    EXPECT_EQ(report.decisions, 10);
  }
}

TEST(Compare, SaysHowABackendBroke) {
  const model::Deployment deployment = model::random_deployment({3, 2}, 4, 5);
  const auto failure = [&](const RunSample& run) {
    const BackendReport report = compare(deployment, "broken", run);
    EXPECT_FALSE(report.holds());
    return report.failure;
  };
  EXPECT_THAT(failure([](const Inputs&) -> Outputs { throw InternalError("it burns"); }),
              HasSubstr("sample 0: it burns"));
  EXPECT_THAT(failure([](const Inputs&) {
                return Outputs{{{1, 2, 3}}};
              }),
              HasSubstr("3 codes of buffer 'fc1.sum', expected 2"));
  EXPECT_THAT(failure([](const Inputs&) { return Outputs{}; }), HasSubstr("0 outputs, expected 1"));
  EXPECT_THAT(failure([&](const Inputs& inputs) {
                Outputs outputs = all_buffers(deployment.program, inputs);
                ++outputs.outputs[0][1];
                return outputs;
              }),
              HasSubstr("output 'fc1.sum' is not what its buffer holds"));
}

}  // namespace
}  // namespace pare::verify
