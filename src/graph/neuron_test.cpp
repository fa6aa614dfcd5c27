#include "graph/neuron.h"

#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "graph/check.h"
#include "graph/evaluate.h"
#include "graph/json.h"
#include "graph/test_graphs.h"

namespace pare::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// One neuron that gets the network's input as its current at each of `steps` steps.
TestGraph neuron(std::int64_t steps, float threshold, std::optional<float> leak, Spike op = {}) {
  TestGraph test({1});
  test.node("repeat", Repeat{steps});
  op.threshold = test.floats("n.threshold", Role::kThreshold, {1}, {threshold});
  if (leak) op.leak = test.floats("n.leak", Role::kLeak, {1}, {*leak});
  test.node("n", op);
  return test;
}

std::vector<double> spikes(const TestGraph& test, float current) {
  check(test.graph);
  return evaluate(test.graph, Tensor::from<float>({1, 1}, std::vector<float>{current}))
      .to_doubles();
}

TEST(Neuron, LeaksTheResetOrNotAsItSays) {
  // Hand-computed with leak 0.9, threshold 1, current 0.6: u = .6, 1.14*, .726, 1.2534*, .82806
  // where the leak acts on the reset, .6, 1.14*, .626, 1.1634*, .64706 where it does not. Both
  // spike at the same steps; at 0.55 they part.
  EXPECT_THAT(spikes(neuron(5, 1, 0.9F), 0.6F), ElementsAre(0, 1, 0, 1, 0));
  EXPECT_THAT(spikes(neuron(5, 1, 0.9F, {.leaks_reset = false}), 0.6F), ElementsAre(0, 1, 0, 1, 0));
  // .55, 1.045*, .5905, 1.08145*, .623305, 1.1109745*, .64987705, 1.134889345* against
  // .55, 1.045*, .4905, .99145, 1.442305*.
  EXPECT_THAT(spikes(neuron(5, 1, 0.9F), 0.55F), ElementsAre(0, 1, 0, 1, 0));
  EXPECT_THAT(spikes(neuron(5, 1, 0.9F, {.leaks_reset = false}), 0.55F),
              ElementsAre(0, 1, 0, 0, 1));
}

TEST(Neuron, IsStrictOrNotAtItsThreshold) {
  EXPECT_THAT(spikes(neuron(4, 1, {}), 0.5F), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(spikes(neuron(4, 1, {}, {.is_strict = false}), 0.5F), ElementsAre(0, 1, 0, 1));
}

TEST(Neuron, HardResetForgetsWhatWasAboveTheThreshold) {
  // u = .75, 1.5*, then 1.25* (soft) or .75 (hard).
  EXPECT_THAT(spikes(neuron(4, 1, {}), 0.75F), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(spikes(neuron(4, 1, {}, {.reset = Reset::kHard}), 0.75F), ElementsAre(0, 1, 0, 1));
}

RC_GTEST_PROP(Neuron, WithoutLeakCountsItsCurrent, ()) {
  // Strict, soft, from 0, a current in (0, V]: ceil(T I / V) - 1 spikes.
  const auto eighths = *rc::gen::inRange(1, 65);
  const auto steps = *rc::gen::inRange<std::int64_t>(1, 60);
  const auto all = spikes(neuron(steps, 8, {}), static_cast<float>(eighths) / 8);
  double count = 0;
  for (const double spike : all) count += spike;
  RC_ASSERT(count == std::ceil(static_cast<double>(steps * eighths) / 64) - 1);
}

TEST(Neuron, SumOverTimeAddsTheSteps) {
  TestGraph test = neuron(7, 1, {});
  test.node("sum", SumOverTime{});
  EXPECT_THAT(spikes(test, 0.5F), ElementsAre(3));
  const auto infos = infer(test.graph);
  EXPECT_EQ(infos.back().time, Time::kOnce);
  EXPECT_EQ(infos.back().grid->highest, 7);
}

/// A quantized layer of one weight in front of the neuron; the step of its sums is 0.25.
TestGraph frozen(int membrane_bits, float threshold, float leak, Spike op) {
  TestGraph test({1});
  test.node("in", Quantize{test.stepped("in", 8, true, 0.5F)});
  const auto weight = test.floats("fc.weight", Role::kWeight, {1, 1}, {0.5F});
  test.parameter("fc.weight").quantizer = test.stepped("fc.weight", 4, true, 0.5F);
  test.node("fc", Linear{weight});
  test.node("repeat", Repeat{6});
  op.threshold = test.floats("n.threshold", Role::kThreshold, {1}, {threshold});
  op.leak = test.floats("n.leak", Role::kLeak, {1}, {leak});
  const Quantizer leak_format = test.stepped("n.leak", 5, false, 0.0625F);
  test.parameter("n.leak").quantizer = leak_format;
  test.node("n", op);
  const auto bits = test.integer("n.membrane.bits", Role::kBits, membrane_bits);
  test.graph.nodes.back().held["membrane"] =
      Quantizer{.format = Uniform{bits}, .range_rule = RangeRule::kAccumulator};
  return test;
}

TEST(Neuron, HasIntegerConstantsOnTheGridOfItsCurrent) {
  const TestGraph test = frozen(8, 1.3F, 0.7F, {.fraction_bits = 1});
  check(test.graph);
  const auto codes = neuron_codes(test.graph, test.graph.nodes.back(), infer(test.graph));
  ASSERT_TRUE(codes);
  EXPECT_THAT(codes->step, ElementsAre(0.125));
  EXPECT_THAT(codes->threshold, ElementsAre(10));  // 1.3 / 0.125 = 10.4
  EXPECT_THAT(codes->leak, ElementsAre(11));       // 0.7 * 16 = 11.2
  EXPECT_EQ(codes->leak_shift, 4);
  EXPECT_EQ(codes->membrane.highest, 127);
}

TEST(Neuron, RoundsItsMembraneHalfToEven) {
  // Codes of the membrane are of 0.25; threshold and current are 5 codes, the leak is 1/2:
  // u = 5, 2 left of 2.5; 7*, 1 of 1; 6*, 0 of 0.5; and again. Half up it would never rest.
  EXPECT_THAT(spikes(frozen(8, 1.25F, 0.5F, {}), 2.5F), ElementsAre(0, 1, 1, 0, 1, 1));
}

TEST(Neuron, StandsInFiles) {
  TestGraph test = frozen(6, 1, 0.9F,
                          {.is_strict = false,
                           .reset = Reset::kHard,
                           .leaks_reset = false,
                           .fraction_bits = 3,
                           .surrogate = {SurrogateShape::kArctan, 0.5, 2}});
  test.node("sum", SumOverTime{});
  std::map<std::string, Tensor> tensors;
  for (const Parameter& parameter : test.graph.parameters) {
    tensors[parameter.name] = parameter.stored;
  }
  EXPECT_EQ(read_json(write_json(test.graph), tensors), test.graph);
}

/// What check says of a graph.
std::string complaint(const Graph& graph) {
  try {
    check(graph);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Neuron, IsRefusedWhereItHasNoMeaning) {
  TestGraph once({2});
  once.node("n", Spike{once.floats("n.threshold", Role::kThreshold, {1}, {1})});
  EXPECT_THAT(complaint(once.graph), HasSubstr("put a repeat in front"));
  TestGraph twice = neuron(3, 1, {});
  twice.node("again", Repeat{3});
  EXPECT_THAT(complaint(twice.graph), HasSubstr("repeats a wire"));
  EXPECT_THAT(complaint(neuron(0, 1, {}).graph), HasSubstr("0 steps; allowed: 1 to 4096"));
  EXPECT_THAT(complaint(neuron(2, 0, {}).graph), HasSubstr("a threshold is positive"));
  EXPECT_THAT(complaint(neuron(2, 1, 1.5F).graph), HasSubstr("a leak is from 0 to 1"));
  EXPECT_THAT(complaint(neuron(2, 1, {}, {.fraction_bits = 17}).graph),
              HasSubstr("17 fraction bits"));
  TestGraph held = neuron(2, 1, {});
  held.graph.nodes.back().held["cell"] = held.fixed("cell", 4, true, 1);
  EXPECT_THAT(complaint(held.graph), HasSubstr("spike holds no 'cell'"));
  TestGraph real = frozen(8, 1, 0.5F, {});
  real.parameter("n.leak").quantizer.reset();
  EXPECT_THAT(complaint(real.graph), HasSubstr("'n.leak' is not quantized"));
  TestGraph ranged = neuron(2, 1, {});
  ranged.graph.nodes.back().held["membrane"] = ranged.fixed("m", 4, true, 1);
  EXPECT_THAT(complaint(ranged.graph), HasSubstr("its rule is \"accumulator\""));
}

}  // namespace
}  // namespace pare::graph
