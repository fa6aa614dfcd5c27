// Hidden neurons in an order in which kernels skip more.
#include "engine/neuron_order.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "engine/group_order.h"
#include "engine/linear.h"
#include "networks/random_nets.h"
#include "program/check.h"
#include "program/random_inputs.h"
#include "program/reference.h"

namespace pare::engine {
namespace {

using Weights = std::vector<std::int64_t>;

struct Pruned {
  std::size_t num_outputs;
  std::size_t num_inputs;
  Weights weight;
};

Pruned random_pruned(std::uint64_t seed) {
  program::RandomNumbers random(seed);
  Pruned made{.num_outputs = static_cast<std::size_t>(random.in(1, 90)),
              .num_inputs = static_cast<std::size_t>(random.in(1, 150)),
              .weight = {}};
  const std::int64_t density = random.in(0, 10);
  for (std::size_t i = 0; i < made.num_outputs * made.num_inputs; ++i) {
    made.weight.push_back(random.in(1, 10) <= density ? random.in(-128, 127) : 0);
  }
  return made;
}

Weights in_order(const Pruned& of, const std::vector<std::uint32_t>& order) {
  Weights weight;
  for (std::size_t i = 0; i < of.num_outputs; ++i) {
    for (const std::uint32_t column : order)
      weight.push_back(of.weight[i * of.num_inputs + column]);
  }
  return weight;
}

/// Groups of a row that are not all zero.
std::size_t num_groups(const Weights& weight, std::size_t num_inputs, std::size_t size) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < weight.size(); i += num_inputs) {
    for (std::size_t j = 0; j < num_inputs; j += size) {
      const auto begin = weight.begin() + static_cast<std::ptrdiff_t>(i + j);
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min(size, num_inputs - j));
      count += std::any_of(begin, end, [](auto w) { return w != 0; }) ? 1 : 0;
    }
  }
  return count;
}

TEST(GroupOrder, HasEachColumnOnceAndLeavesNoMoreGroups) {
  std::size_t before = 0;
  std::size_t after = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Pruned pruned = random_pruned(seed);
    for (const std::size_t size : {std::size_t{2}, std::size_t{4}}) {
      auto order = group_order(pruned.weight, pruned.num_outputs, size);
      const std::size_t left = num_groups(in_order(pruned, order), pruned.num_inputs, size);
      const std::size_t were = num_groups(pruned.weight, pruned.num_inputs, size);
      ASSERT_LE(left, were) << "seed " << seed;
      before += were;
      after += left;
      std::ranges::sort(order);
      std::vector<std::uint32_t> all(pruned.num_inputs);
      std::iota(all.begin(), all.end(), std::uint32_t{0});
      ASSERT_EQ(order, all) << "seed " << seed;
    }
  }
  EXPECT_LT(after, before);
}

TEST(GroupOrder, BringsColumnsTogetherThatHaveTheSameRows) {
  // Columns 0, 2, 5 and 7 have the first row, the others the second one.
  const Weights weight = {1, 0, 2, 0, 0, 3, 0, 4,  //
                          0, 5, 0, 6, 7, 0, 8, 0};
  const Pruned pruned{.num_outputs = 2, .num_inputs = 8, .weight = weight};
  EXPECT_EQ(num_groups(weight, 8, 4), 4U);
  EXPECT_EQ(num_groups(in_order(pruned, group_order(weight, 2, 4)), 8, 4), 2U);
  EXPECT_EQ(num_groups(in_order(pruned, group_order(weight, 2, 2)), 8, 2), 4U);
}

TEST(GroupOrder, PairsUpWithinGroupsOfFour) {
  // Any order is one group of four in each row; with pairs 0 and 2, 1 and 3 two pairs are left.
  const Weights weight = {1, 0, 1, 0, 0, 0, 0, 0,  //
                          0, 1, 0, 1, 0, 0, 0, 0,  //
                          0, 0, 0, 0, 1, 1, 1, 1,  //
                          0, 0, 0, 0, 0, 0, 0, 1};
  const Pruned pruned{.num_outputs = 4, .num_inputs = 8, .weight = weight};
  const Weights mixed = in_order(pruned, {0, 4, 1, 5, 2, 6, 3, 7});
  const Pruned start{.num_outputs = 4, .num_inputs = 8, .weight = mixed};
  const Weights ordered = in_order(start, group_order(mixed, 4, 4));
  EXPECT_EQ(num_groups(ordered, 8, 4), 4U);
  EXPECT_EQ(num_groups(ordered, 8, 2), 5U);
}

/// Groups of four that are left of all linear ops.
std::size_t num_groups(const program::Program& program) {
  std::size_t count = 0;
  for (const program::Node& node : program.sections[0].nodes) {
    const auto* linear = std::get_if<program::Linear>(&node.op);
    if (linear == nullptr) continue;
    const program::Constant& weight = program.constant(linear->weight);
    count += num_groups(weight.values, static_cast<std::size_t>(weight.shape[1]), 4);
  }
  return count;
}

TEST(NeuronOrder, LeavesWhatAProgramComputes) {
  std::size_t num_changed = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const program::Program before = networks::random_mlp(seed);
    const program::Program after = order_neurons(before);
    program::check(after);
    num_changed += after == before ? 0 : 1;
    for (std::uint64_t sample = 0; sample < 3; ++sample) {
      const program::Inputs inputs =
          random_inputs(before, 10 * seed + sample, program::InputKind::kAny);
      ASSERT_EQ(program::run_reference(after, inputs).outputs,
                program::run_reference(before, inputs).outputs)
          << "seed " << seed;
    }
  }
  EXPECT_GE(num_changed, 100U);
}

TEST(NeuronOrder, LeavesSpikingAndConvolutionalProgramsTheirMeaning) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (const auto& make : {networks::random_snn, networks::random_cnn}) {
      const program::Program before = make(seed);
      const program::Program after = order_neurons(before);
      program::check(after);
      const program::Inputs inputs = random_inputs(before, seed, program::InputKind::kAny, 3);
      ASSERT_EQ(program::run_reference(after, inputs).outputs,
                program::run_reference(before, inputs).outputs)
          << "seed " << seed;
    }
  }
}

TEST(NeuronOrder, LeavesFewerGroups) {
  std::size_t before = 0;
  std::size_t after = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const program::Program program = networks::random_mlp(seed);
    before += num_groups(program);
    after += num_groups(order_neurons(program));
  }
  EXPECT_LT(after, before);
}

}  // namespace
}  // namespace pare::engine
