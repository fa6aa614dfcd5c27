#include "engine/measured_kernels.h"

#include <functional>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "networks/random_nets.h"
#include "program/intervals.h"

namespace pare::engine {
namespace {

/// The kernels of a plan's linear ops and convolutions, by what these write.
KernelPreferences kernels_in(const Plan& plan) {
  KernelPreferences kernels;
  for (const PlannedSection& section : plan.sections) {
    for (const Step& step : section.steps) {
      if (const auto* linear = std::get_if<LinearStep>(&step.work)) {
        kernels[linear->sums.value] = linear->kind;
      }
    }
  }
  return kernels;
}

/// A program and how plans are made for it.
struct Planned {
  explicit Planned(program::Program of)
      : program(std::move(of)),
        intervals(program::intervals(program)),
        packed(program.buffers.size()) {}

  Plan operator()(const KernelPreferences& preferences) {
    const Plan plan = make_plan({.program = program,
                                 .intervals = intervals,
                                 .kind = PlanKind::kBatch,
                                 .instruction_set = instruction_sets().back(),
                                 .measured = &preferences},
                                packed);
    tried.push_back(kernels_in(plan));
    return plan;
  }

  program::Program program;
  program::ProgramIntervals intervals;
  PackedMatrices packed;
  std::vector<KernelPreferences> tried;
};

TEST(MeasuredKernels, AreAmongThoseThatWereTried) {
  std::size_t num_with_choice = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Planned planned(networks::random_mlp(seed));
    const KernelPreferences chosen =
        measured_kernels(planned.program, PlanKind::kBatch, std::ref(planned));
    ASSERT_FALSE(planned.tried.empty());
    ASSERT_EQ(chosen.size(), planned.tried.front().size()) << "seed " << seed;
    for (const auto& [sums, kernel] : chosen) {
      std::set<KernelKind> kinds;
      for (const KernelPreferences& tried : planned.tried) {
        if (tried.contains(sums)) kinds.insert(tried.at(sums));
      }
      EXPECT_TRUE(kinds.contains(kernel)) << "seed " << seed << ": " << name_of(kernel);
      num_with_choice += kinds.size() > 1 ? 1 : 0;
    }
    // A plan that is asked for them has them.
    EXPECT_EQ(kernels_in(planned(chosen)), chosen) << "seed " << seed;
  }
  EXPECT_GE(num_with_choice, 100U);
}

TEST(MeasuredKernels, LeaveNothingBehindOfThoseThatWereNotChosen) {
  std::size_t num_alike = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const program::Program program = networks::random_mlp(seed);
    if (!is_pruned(program)) continue;
    const Engine measured(program);
    const Engine modelled(program, {.measures = false});
    if (kernels_in(measured.plan(PlanKind::kBatch)) !=
        kernels_in(modelled.plan(PlanKind::kBatch))) {
      continue;
    }
    ++num_alike;
    EXPECT_EQ(measured.weight_bytes(), modelled.weight_bytes()) << "seed " << seed;
  }
  EXPECT_GE(num_alike, 30U);
}

TEST(MeasuredKernels, AreNotAskedForWhereHardlyAnyWeightIsZero) {
  program::Program program;
  program::Constant weight{.name = "w", .width = {8, true}, .shape = {2, 4}};
  weight.values = {1, 2, 3, 4, 5, 6, 7, 0};
  const program::ConstantId id = add_constant(program, std::move(weight));
  program.sections.push_back({});
  program.sections[0].nodes.push_back({program::Linear{.weight = id}, {}, {}});
  EXPECT_FALSE(is_pruned(program));
  program.constants[id.value].values[3] = 0;
  EXPECT_TRUE(is_pruned(program));
}

}  // namespace
}  // namespace pare::engine
