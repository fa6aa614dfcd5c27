#include "verify/engine_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/kernels.h"
#include "model/test_deployment.h"
#include "program/random_program.h"

namespace pare::verify {
namespace {

TEST(VerifyEngine, HoldsInEveryInstructionSet) {
  const auto reports = verify_engine(model::random_deployment({16, 64, 32, 5}, 70, 2));
  ASSERT_EQ(reports.size(), 2 * engine::instruction_sets().size());
  ASSERT_FALSE(reports.empty());
  for (const BackendReport& report : reports) {
    EXPECT_TRUE(report.holds()) << report.backend << report.failure;
    EXPECT_EQ(report.rows.at(0), (Row{"fc3.sum", 350, 0}));
  }
}

TEST(VerifyEngine, HoldsForRandomPrograms) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    model::Deployment deployment;
    deployment.program = program::RandomProgram(seed, {}).make();
    const auto inputs = random_inputs(deployment.program, seed, program::InputKind::kAny);
    deployment.golden = model::make_golden(deployment.program, std::vector{inputs, inputs});
    for (const BackendReport& report : verify_engine(deployment)) {
      ASSERT_TRUE(report.holds()) << seed << " " << report.backend << report.failure
                                  << (report.first ? describe(*report.first) : "");
    }
  }
}

TEST(VerifyEngine, FindsADamagedRecordAndAnotherProgram) {
  const model::Deployment right = model::random_deployment({4, 6, 3}, 20, 2);
  model::Deployment damaged = right;
  damaged.golden.codes[right.program.outputs.front().value].bytes()[3] ^= std::byte{1};
  model::Deployment other = right;
  ++other.program.constants.at(6).values.at(2);  // a bias of the last layer
  for (const BackendReport& report : verify_engine(damaged)) {
    ASSERT_TRUE(report.first);
    EXPECT_EQ(report.first->sample, 0);
  }
  for (const BackendReport& report : verify_engine(other)) {
    EXPECT_EQ(report.rows.at(0), (Row{"fc2.sum", 60, 20}));
    EXPECT_EQ(report.first->element, 2);
  }
}

}  // namespace
}  // namespace pare::verify
