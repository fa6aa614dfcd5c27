#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/equality.h"
#include "program/random_inputs.h"

namespace pare::engine {
namespace {

using Values = std::vector<std::int64_t>;

/// A layer of such weights, inputs of 8 bits, whose sums are the outputs.
program::Program layer(std::size_t num_inputs, std::size_t num_outputs, const Values& values) {
  program::RandomNumbers random(7);
  program::Program program;
  const auto inputs = static_cast<std::int64_t>(num_inputs);
  const auto outputs = static_cast<std::int64_t>(num_outputs);
  program::Constant weight{.name = "w", .width = {8, true}, .shape = {outputs, inputs}};
  for (std::size_t i = 0; i < num_inputs * num_outputs; ++i) {
    weight.values.push_back(values[static_cast<std::size_t>(random.in(0, std::ssize(values) - 1))]);
  }
  const auto w = add_constant(program, std::move(weight));
  const auto x = add_buffer(program, {.name = "x", .width = {8, false}, .shape = {inputs}});
  const auto sums = add_buffer(program, {.name = "sums", .width = {32, true}, .shape = {outputs}});
  program.inputs = {x};
  program.outputs = {sums};
  program.sections.push_back({});
  program.sections[0].nodes.push_back(
      {program::Linear{.weight = w, .accumulator = {32, true}}, {x}, {sums}});
  return program;
}

KernelKind kind_of_first(const Plan& plan) { return kind_of(plan.sections[0].steps[0]); }

TEST(Codebooks, AreTakenWhereWeightsLeaveACoresCaches) {
  const Options modelled{.measures = false};
  const Engine small(layer(256, 256, {-1, 1}), modelled);
  EXPECT_EQ(kind_of_first(small.plan(PlanKind::kSample)), KernelKind::kDenseBytes);
  const Engine large(layer(1040, 1040, {-1, 1}), modelled);
  EXPECT_EQ(kind_of_first(large.plan(PlanKind::kSample)), KernelKind::kCodebook);
  // Both plans share it.
  EXPECT_EQ(kind_of_first(large.plan(PlanKind::kBatch)), KernelKind::kCodebook);
  EXPECT_LT(large.weight_bytes(), std::size_t{1040} * 1040 / 8 + (std::size_t{1} << 14));
  Values all;
  for (int w = -8; w <= 8; ++w) all.push_back(w);
  const Engine bytes(layer(1040, 1040, all), modelled);
  EXPECT_EQ(kind_of_first(bytes.plan(PlanKind::kSample)), KernelKind::kDenseBytes);
}

TEST(Codebooks, ComputeTheSame) {
  std::uint64_t seed = 0;
  for (const Values& values : {Values{-1, 1}, Values{-1, 0, 1}, Values{-8, -3, 0, 2, 5, 127}}) {
    // Measured, for there are more than 2^17 weights: whichever is faster here. Asked for: the
    // codebook.
    for (const bool is_asked_for : {false, true}) {
      Options options;
      if (is_asked_for) options.preferred = KernelKind::kCodebook;
      Counts counts;
      expect_all_equal(layer(602, 223, values), ++seed, options, counts);
      if (HasFatalFailure()) return;
      for (const auto& [set, count] : counts) {
        const auto num = count.kernels[static_cast<std::size_t>(KernelKind::kCodebook)];
        EXPECT_GE(num, is_asked_for ? 2 : 0) << name_of(set);
      }
    }
  }
}

}  // namespace
}  // namespace pare::engine
