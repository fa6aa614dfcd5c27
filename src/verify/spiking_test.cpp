// Spiking networks run the same everywhere: every wire of every step, of real neurons of all kinds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/check.h"
#include "lower/lower.h"
#include "lower/test_spiking.h"
#include "model/deploy.h"
#include "verify/verify.h"

namespace pare::verify {
namespace {

model::Deployment spiking(std::uint64_t seed) {
  const graph::Graph graph = lower::random_spiking(seed);
  graph::check(graph);
  program::RandomNumbers random(seed + 1000);
  const Shape& sample = graph.inputs.front().shape;
  Tensor inputs(DType::kF32, {9, sample[0], sample[1], sample[2]});
  for (float& x : inputs.as<float>()) x = static_cast<float>(random.in(-4000, 4000)) / 512;
  model::Deployment deployment = model::deploy(lower::lower(graph), inputs);
  model::check_deployment(deployment);
  return deployment;
}

void expect_holds(const model::Deployment& deployment, const Options& options) {
  const Report report = verify(deployment, options);
  ASSERT_FALSE(report.backends.empty());
  for (const BackendReport& backend : report.backends) {
    EXPECT_TRUE(backend.holds()) << backend.backend << backend.failure
                                 << (backend.first ? describe(*backend.first) : "");
  }
}

TEST(VerifySpiking, HoldsInTheReferenceAndTheEngine) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    expect_holds(spiking(seed), {.backends = {Backend::kReference, Backend::kEngine}});
  }
}

TEST(VerifySpiking, HoldsInCompiledC) {
  for (std::uint64_t seed = 40; seed < 46; ++seed) {
    SCOPED_TRACE(seed);
    expect_holds(spiking(seed), {.backends = {Backend::kC}});
  }
}

}  // namespace
}  // namespace pare::verify
