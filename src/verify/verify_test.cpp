#include "verify/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/test_deployment.h"

namespace pare::verify {
namespace {

TEST(Verify, HoldsForWhatWasRecorded) {
  const model::Deployment deployment = model::random_deployment({4, 6, 3}, 50, 2);
  const Report report = verify(deployment);
  EXPECT_TRUE(report.holds());
  EXPECT_EQ(report.program, "mlp");
  EXPECT_EQ(report.hash, program::hash(deployment.program));
  EXPECT_EQ(report.samples, 50);
  EXPECT_EQ(report.backends.front().backend, "reference");
  EXPECT_EQ(report.backends.front().rows.size(), 4U);
  EXPECT_EQ(report.backends.back().backend, "C unrolled");
}

// Everything about it fits, and checks pass: only running it shows that it is not the one recorded.
TEST(Verify, FindsAnotherProgramWithTheSameInterface) {
  const model::Deployment deployment = model::random_deployment({4, 6, 3}, 50, 2);
  for (const std::size_t constant : {0U, 1U, 2U, 5U, 6U}) {
    model::Deployment other = deployment;
    std::int64_t& value = other.program.constants.at(constant).values[1];
    value = constant == 2 ? value / 2 : value + (value > 0 ? -1 : 1);  // 2: a multiplier
    check_deployment(other);
    EXPECT_FALSE(verify(other, {.backends = {Backend::kReference}}).holds())
        << other.program.constants.at(constant).name;
  }
}

TEST(Report, DoesNotHoldWhereNothingRan) {
  EXPECT_FALSE(Report{}.holds());
  EXPECT_FALSE((Report{.backends = {{.backend = "C", .skipped = "no compiler"}}}.holds()));
  EXPECT_TRUE(
      (Report{.backends = {{.backend = "C", .skipped = "no compiler"}, {.backend = "reference"}}}
           .holds()));
  EXPECT_FALSE(
      (Report{.backends = {{.backend = "C", .failure = "exit code 1"}, {.backend = "reference"}}}
           .holds()));
}

}  // namespace
}  // namespace pare::verify
