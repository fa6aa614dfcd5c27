#include "verify/c_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/test_deployment.h"
#include "program/random_program.h"

namespace pare::verify {
namespace {

using program::Program;
using ::testing::HasSubstr;

using emit::c::Style;

bool ran_and_holds(const BackendReport& report) { return report.holds() && report.skipped.empty(); }

/// Why it does not hold.
std::string reason(const BackendReport& report) {
  return report.skipped + report.failure + (report.first ? describe(*report.first) : "");
}

class VerifyC : public testing::TestWithParam<Style> {};

INSTANTIATE_TEST_SUITE_P(Styles, VerifyC, testing::Values(Style::kTable, Style::kUnrolled));

emit::c::Files emit_program(const Program& program, const emit::c::Options& options) {
  return emit::c::emit(program, nullptr, {}, options);
}

TEST_P(VerifyC, Holds) {
  const BackendReport report =
      verify_c(model::random_deployment({4, 6, 3}, 50, 2), GetParam(), "cc");
  EXPECT_EQ(report.backend, GetParam() == Style::kTable ? "C table" : "C unrolled");
  EXPECT_TRUE(ran_and_holds(report)) << reason(report);
  ASSERT_EQ(report.rows.size(), 1U);
  EXPECT_EQ(report.rows[0], (Row{"fc2.sum", 150, 0}));
  EXPECT_EQ(report.decisions, 50);
}

// Loops, several inputs and outputs, every width; among them some without a single step.
TEST_P(VerifyC, HoldsForRandomPrograms) {
  int num_loops = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    model::Deployment deployment;
    deployment.program = program::RandomProgram(seed, {}).make();
    const auto inputs = random_inputs(deployment.program, seed, program::InputKind::kAny);
    deployment.golden = model::make_golden(deployment.program, std::vector{inputs, inputs});
    num_loops += static_cast<int>(inputs.trip_counts.size());
    const BackendReport report = verify_c(deployment, GetParam(), "cc");
    EXPECT_TRUE(ran_and_holds(report)) << seed << " " << reason(report);
  }
  EXPECT_GT(num_loops, 3);
}

TEST_P(VerifyC, FindsADamagedRecord) {
  model::Deployment deployment = model::random_deployment({4, 6, 3}, 50, 2);
  const program::BufferId output = deployment.program.outputs.front();
  deployment.golden.codes[output.value].bytes()[3] ^= std::byte{1};
  const BackendReport report = verify_c(deployment, GetParam(), "cc");
  ASSERT_TRUE(report.first) << reason(report);
  EXPECT_EQ(report.first->sample, 0);
}

// The text of another program, as a mistake in the emitter would give.
TEST_P(VerifyC, FindsAnEmitterThatLies) {
  const BackendReport report =
      verify_c(model::random_deployment({4, 6, 3}, 50, 2), GetParam(), "cc",
               [](Program program, const emit::c::Options& options) {
                 ++program.constants.at(6).values.at(2);  // a bias of the last layer
                 return emit_program(program, options);
               });
  ASSERT_TRUE(report.first) << reason(report);
  EXPECT_EQ(report.rows.at(0), (Row{"fc2.sum", 150, 50}));
  EXPECT_EQ(report.first->element, 2);
  EXPECT_EQ(report.first->got, report.first->expected + 1);
}

TEST_P(VerifyC, SaysWhatTheCompilerSaid) {
  const BackendReport report =
      verify_c(model::random_deployment({4, 3}, 2, 2), GetParam(), "cc",
               [](const Program& program, const emit::c::Options& options) {
                 auto files = emit_program(program, options);
                 files.source.text += "\n#error spoiled\n";
                 return files;
               });
  EXPECT_FALSE(report.holds());
  EXPECT_THAT(report.failure, HasSubstr("compiling the emitted C: exit code"));
  EXPECT_THAT(report.failure, HasSubstr("spoiled"));
}

TEST_P(VerifyC, SaysThatTheProgramCrashed) {
  const BackendReport report =
      verify_c(model::random_deployment({4, 3}, 2, 2), GetParam(), "cc",
               [](const Program& program, const emit::c::Options& options) {
                 auto files = emit_program(program, options);
                 files.source.text +=
                     "\n#include <stdlib.h>\nvoid early(void) __attribute__((constructor));\n"
                     "void early(void) { abort(); }\n";
                 return files;
               });
  EXPECT_THAT(report.failure, HasSubstr("running the emitted C: killed by signal 6"));
}

TEST_P(VerifyC, IsSkippedWithoutACompiler) {
  const BackendReport report =
      verify_c(model::random_deployment({4, 3}, 2, 2), GetParam(), "no-such-compiler");
  EXPECT_THAT(report.skipped, HasSubstr("no C compiler here (cannot start no-such-compiler"));
}

TEST(VerifyUnrolledC, IsSkippedWhereItWouldBeTooLarge) {
  const model::Deployment deployment = model::random_deployment({400, 300}, 2, 2);
  const BackendReport report = verify_c(deployment, Style::kUnrolled, "cc");
  EXPECT_THAT(report.skipped, HasSubstr("too many to write out"));
  EXPECT_TRUE(ran_and_holds(verify_c(deployment, Style::kTable, "cc")));
}

// Names from a model are data, whatever they look like.
TEST_P(VerifyC, TakesNamesThatLookLikeCommands) {
  model::Deployment deployment = model::random_deployment({4, 3}, 2, 2);
  deployment.program.name = "../x; rm -rf \"$HOME\" */ #error";
  for (auto& buffer : deployment.program.buffers) buffer.name += " */ int main; /* \\\n\"";
  const BackendReport report = verify_c(deployment, GetParam(), "cc");
  EXPECT_TRUE(ran_and_holds(report)) << reason(report);
}

}  // namespace
}  // namespace pare::verify
