#include "program/intervals.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "program/random_program.h"
#include "program/text.h"

namespace pare::program {
namespace {

Program layer(const std::string& x, const std::string& op) {
  return parse("program 1 test buffer x " + x +
                   " buffer y s40 [2] constant w s4 [2 3] uniform { 1 -2 3 0 0 -8 }\n"
                   "constant b s8 [2] uniform { 10 -20 } inputs x outputs y section once {\n" +
                   op + "\n}\n",
               "test");
}

TEST(Intervals, LinearUsesTheWeightsAsTheyAre) {
  const Program program = layer("u4 [3]", "y = linear(x) weight=w bias=b accumulator=s40");
  const auto all = intervals(program);
  EXPECT_EQ(all.buffers[1], (Intervals{{10 - 30, 10 + 60}, {-20 - 120, -20}}));
  // Any order: the negative terms alone, the positive ones alone.
  EXPECT_EQ(all.partial_sums[1], (Interval{-140, 70}));
}

TEST(Intervals, SignedInputsTurnWithTheWeight) {
  const Program program = layer("s4 [3]", "y = linear(x) weight=w bias=b accumulator=s40");
  const auto all = intervals(program);
  EXPECT_EQ(all.buffers[1], (Intervals{{10 - 8 - 14 - 24, 10 + 7 + 16 + 21}, {-76, 44}}));
}

TEST(Intervals, OfALayerAreReachedByItsWorstInputs) {
  int num_channels = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Program program = random_program(seed, {.max_ops = 1, .has_loops = false});
    if (program.sections[0].nodes.empty()) continue;
    const Node& node = program.sections[0].nodes[0];
    const Linear* linear = std::get_if<Linear>(&node.op);
    if (!linear || linear->predicate_block) continue;
    const auto all = intervals(program);
    const Constant& constant = program.constant(linear->weight);
    const auto weight = expand(constant);
    const auto n = static_cast<std::size_t>(constant.shape[1]);
    const Interval range = program.buffers[0].width.range();
    for (std::size_t channel = 0; channel < weight.size() / n; ++channel) {
      Codes worst(size_of(program, node.inputs[0]));
      for (std::size_t i = 0; i < worst.size(); ++i) {
        worst[i] = weight[channel * n + i % n] > 0 ? range.highest : range.lowest;
      }
      const auto run = run_reference(program, {{worst}}, {.traps = true, .keeps_buffers = true});
      EXPECT_EQ(run.buffers[node.outputs[0].value][channel],
                interval_of(all.buffers[node.outputs[0].value], channel).highest);
      ++num_channels;
    }
  }
  EXPECT_GT(num_channels, 500);
}

TEST(Intervals, RefuseWhatLeaves63Bits) {
  EXPECT_THROW(parse("program 1 test buffer x u62 [2] buffer y s62 [1]\n"
                     "constant w s40 [1 2] uniform { 400000000 1 } inputs x outputs y\n"
                     "section once {\n y = linear(x) weight=w accumulator=s62\n}\n",
                     "test"),
               InputError);
}

TEST(Width, NarrowestHoldsTheEndsAndNoMore) {
  EXPECT_EQ(narrowest({0, 0}), (Width{1, false}));
  EXPECT_EQ(narrowest({0, 255}), (Width{8, false}));
  EXPECT_EQ(narrowest({0, 256}), (Width{9, false}));
  EXPECT_EQ(narrowest({-128, 127}), (Width{8, true}));
  EXPECT_EQ(narrowest({-129, 0}), (Width{9, true}));
  EXPECT_EQ(narrowest({-1, 0}), (Width{1, true}));
  EXPECT_EQ(narrowest({-1, 128}), (Width{9, true}));
  EXPECT_THROW(narrowest({0, std::int64_t{1} << 62}), InputError);
}

TEST(Constant, CountsSignedDigits) {
  const auto by_search = [](std::int64_t x, auto&& self, int terms) -> bool {
    if (x == 0) return true;
    if (terms == 0) return false;
    for (int k = 0; k < 9; ++k) {
      if (self(x - (1 << k), self, terms - 1) || self(x + (1 << k), self, terms - 1)) return true;
    }
    return false;
  };
  for (std::int64_t x = -64; x <= 64; ++x) {
    int terms = 0;
    while (!by_search(x, by_search, terms)) ++terms;
    EXPECT_EQ(num_signed_digits(x), terms) << x;
  }
}

}  // namespace
}  // namespace pare::program
