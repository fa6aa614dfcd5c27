// Sums of layers that read spikes, made in each of the ways that kernels have: by tables, spike by
// spike, and by multiplying everything.

#include "engine/spike_sums.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "engine/equality.h"
#include "engine/kernels.h"
#include "engine/spikes.h"
#include "program/random_inputs.h"

namespace pare::engine {
namespace {

graph::Window::Axis random_axis(program::RandomNumbers& random, std::int64_t longest) {
  graph::Window::Axis axis{.input = random.in(1, longest)};
  axis.kernel = random.in(1, std::min<std::int64_t>(3, axis.input));
  axis.stride = random.in(1, 2);
  axis.before = random.in(0, axis.kernel - 1);
  if (random.one_in(3) && 2 * axis.kernel - 1 <= axis.input) axis.dilation = 2;
  const std::int64_t reach = axis.dilation * (axis.kernel - 1) + 1;
  axis.output = (axis.input + axis.before - reach) / axis.stride + 1;
  return axis;
}

/// A layer of few inputs and up to hundreds of outputs.
struct Layer {
  explicit Layer(std::uint64_t seed) {
    program::RandomNumbers random(seed);
    conv.num_channels = static_cast<std::size_t>(random.in(1, 6));
    conv.num_outputs = static_cast<std::size_t>(seed % 3 == 0 ? random.in(100, 300)  //
                                                              : random.in(1, 70));
    conv.window.axes = {random_axis(random, 3), random_axis(random, 3), random_axis(random, 9)};
    const std::size_t num_inputs = conv.num_channels * conv.window.num_taps();
    for (std::size_t i = 0; i < conv.num_outputs * num_inputs; ++i) {
      weight.push_back(random.in(-31, 31));
    }
    for (std::size_t i = 0; i < conv.num_outputs; ++i) bias.push_back(random.in(-1000, 1000));
    conv.weight = weight;
    conv.bias = bias;
    conv.sums = {-1000 - 31 * static_cast<std::int64_t>(num_inputs),
                 1000 + 31 * static_cast<std::int64_t>(num_inputs)};
  }

  std::vector<std::int64_t> weight;
  std::vector<std::int64_t> bias;
  SpikeConv conv;
};

/// Its sums of random spikes, row-major.
std::vector<std::int32_t> sums_of(const Layer& layer, std::uint64_t seed, InstructionSet set,
                                  std::optional<KernelKind> preferred, int& num_by_tables,
                                  const AxisOrder& order = {0, 1, 2}) {
  auto made = make_spike_sums(layer.conv, order, set, preferred);
  num_by_tables += made.value().tables.sums.empty() ? 0 : 1;
  SpikeOp op{.kind = SpikeKind::kSums,
             .sums = std::make_shared<const SpikeSums>(std::move(made).value())};
  const auto& axes = layer.conv.window.axes;
  op.x = {.num_channels = layer.conv.num_channels, .order = order};
  op.y = {.num_channels = layer.conv.num_outputs, .order = order};
  for (std::size_t i = 0; i < 3; ++i) {
    op.x.size[i] = static_cast<std::size_t>(axes[i].input);
    op.y.size[i] = static_cast<std::size_t>(axes[i].output);
  }
  AlignedVector<std::byte> bits(spike_bytes(op.sums->num_bits()));
  program::RandomNumbers random(seed);
  op.x.for_each([&](std::size_t, std::size_t at) {
    if (random.in(0, 3) == 0) bits[kSpikeHeader + at / 8] |= std::byte{1} << (at % 8);
  });
  AlignedVector<std::byte> room(SpikeRoom(op, nullptr).bytes);
  std::vector<std::int32_t> y(op.y.num_elements());
  const View x{.data = bits.data()};
  const View to{
      .data = reinterpret_cast<std::byte*>(y.data()), .size = y.size(), .element = Element::kI32};
  kernels_of(set).spikes({.op = op, .x = x, .membranes = View{}, .y = to, .room = room.data()});
  return y;
}

class Sums : public testing::TestWithParam<InstructionSet> {};

TEST_P(Sums, AreTheSameHoweverTheyAreMade) {
  int num_by_tables = 0;
  int num_by_others = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Layer layer(seed);
    const auto sums = sums_of(layer, seed, GetParam(), std::nullopt, num_by_tables);
    ASSERT_EQ(sums, sums_of(layer, seed, GetParam(), KernelKind::kSpikes, num_by_others)) << seed;
    ASSERT_EQ(sums, sums_of(layer, seed, GetParam(), KernelKind::kDenseBytes, num_by_others))
        << seed;
  }
  EXPECT_GE(num_by_tables, 50);
  EXPECT_LT(num_by_tables, 200);
  EXPECT_EQ(num_by_others, 0);
}

TEST_P(Sums, AreTheSameInAnyOrderOfAxes) {
  int num_by_tables = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Layer layer(seed);
    const auto sums = sums_of(layer, seed, GetParam(), std::nullopt, num_by_tables);
    AxisOrder order = {0, 1, 2};
    while (std::next_permutation(order.begin(), order.end())) {
      for (const auto& kind : {std::optional<KernelKind>(), std::optional(KernelKind::kSpikes)}) {
        ASSERT_EQ(sums, sums_of(layer, seed, GetParam(), kind, num_by_tables, order)) << seed;
      }
    }
  }
  EXPECT_GE(num_by_tables, 60);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Sums, testing::ValuesIn(instruction_sets()), case_name);

}  // namespace
}  // namespace pare::engine
