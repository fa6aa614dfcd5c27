#include "engine/measured_kernels.h"

#include <functional>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/neuron_order.h"
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

/// Bytes of the lists of weights that an engine's plan for batches needs, packed anew.
std::size_t bytes_of_lists(const Engine& engine, const program::Program& program) {
  Planned planned(order_neurons(program));
  planned(kernels_in(engine.plan(PlanKind::kBatch)));
  std::size_t bytes = 0;
  for (const auto& sparse : planned.packed.sparse) bytes += sparse ? bytes_of(*sparse) : 0;
  for (const auto& pairs : planned.packed.pairs) bytes += pairs ? bytes_of(*pairs) : 0;
  return bytes;
}

TEST(MeasuredKernels, LeaveNothingBehindOfThoseThatWereNotChosen) {
  std::size_t num_pruned = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const program::Program program = networks::random_mlp(seed);
    if (!is_pruned(program)) continue;
    ++num_pruned;
    const Engine measured(program);
    const Engine modelled(program, {.measures = false});
    // Whatever was chosen: all else that engines pack is the same.
    EXPECT_EQ(measured.weight_bytes() + bytes_of_lists(modelled, program),
              modelled.weight_bytes() + bytes_of_lists(measured, program))
        << "seed " << seed;
  }
  EXPECT_GE(num_pruned, 30U);
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
