#pragma once

// Random spiking networks for tests of what reads graphs.

#include <cstdint>
#include <string>
#include <vector>

#include "graph/infer.h"
#include "graph/test_graphs.h"
#include "program/random_inputs.h"

namespace pare::lower {

using graph::Quantizer;
using graph::Role;
using graph::TestGraph;

/// Quantized weights, of one step or one an output.
inline void add_weight(TestGraph& test, const std::string& name, const Shape& shape,
                       bool has_channels, program::RandomNumbers& random) {
  std::vector<float> values(static_cast<std::size_t>(num_elements(shape)));
  for (float& x : values) x = static_cast<float>(random.in(-300, 300)) / 256;
  test.floats(name, Role::kWeight, shape, values);
  const auto bits = test.integer(name + ".bits", Role::kBits, static_cast<int>(random.in(2, 6)));
  const std::int64_t ranges = has_channels ? shape.front() : 1;
  const auto range = test.floats(name + ".range", Role::kRange, {ranges},
                                 std::vector<float>(static_cast<std::size_t>(ranges), 1));
  test.parameter(name).quantizer = Quantizer{
      .format = graph::Uniform{bits}, .range_rule = graph::RangeRule::kMaxAbs, .range = range};
}

/// Neurons of any kind, their constants one for all or one a channel.
inline void add_neurons(TestGraph& test, const std::string& name, std::int64_t channels,
                        program::RandomNumbers& random) {
  graph::Spike op{.is_strict = random.one_in(2),
                  .reset = random.one_in(3) ? graph::Reset::kHard : graph::Reset::kSoft,
                  .leaks_reset = random.one_in(2),
                  .fraction_bits = random.in(0, 4)};
  const auto list = [&](std::int64_t lowest, std::int64_t highest) {
    std::vector<float> values(static_cast<std::size_t>(random.one_in(2) ? channels : 1));
    for (float& x : values) x = static_cast<float>(random.in(lowest, highest)) / 256;
    return values;
  };
  const auto add = [&](const std::string& part, Role role, const std::vector<float>& values) {
    return test.floats(name + part, role, {static_cast<std::int64_t>(values.size())}, values);
  };
  op.threshold = add(".threshold", Role::kThreshold, list(20, 400));
  if (!random.one_in(4)) {
    op.leak = add(".leak", Role::kLeak, list(100, 256));
    const Quantizer format = test.stepped(name + ".leak", 9, false, 0x1p-8F);
    test.parameter(name + ".leak").quantizer = format;
  }
  test.node(name, op);
  const auto bits =
      test.integer(name + ".membrane.bits", Role::kBits, static_cast<int>(random.in(4, 16)));
  test.graph.nodes.back().held["membrane"] = {.format = graph::Uniform{bits},
                                              .range_rule = graph::RangeRule::kAccumulator};
}

/// conv -> spikes -> average pool -> conv -> spikes -> linear, summed over time.
inline graph::Graph random_spiking(std::uint64_t seed) {
  program::RandomNumbers random(seed);
  TestGraph test({2, 5, 4});
  test.node("in", graph::Quantize{test.stepped("in", 6, true, 0.125F)});
  add_weight(test, "conv1.weight", {3, 2, 2, 2}, random.one_in(2), random);
  const auto conv = [&](const std::string& name) {
    return graph::Conv{find_parameter(test.graph, name + ".weight").value(),
                       std::nullopt,
                       {1, 1},
                       {0, 0, 0, 0},
                       {1, 1}};
  };
  test.node("conv1", conv("conv1"));
  test.node("repeat", graph::Repeat{random.in(1, 9)});
  add_neurons(test, "spike1", 3, random);
  if (random.one_in(2)) {
    test.node("pool", graph::AveragePool{{{2, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}}});
  } else {
    test.node("pool", graph::MaxPool{{{2, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}}});
  }
  add_weight(test, "conv2.weight", {4, 3, 3, 1}, random.one_in(2), random);
  test.node("conv2", conv("conv2"));
  add_neurons(test, "spike2", 4, random);
  test.node("flat", graph::Flatten{});
  const std::int64_t size = num_elements(graph::infer(test.graph).back().shape);
  add_weight(test, "fc.weight", {3, size}, false, random);
  test.node("fc", graph::Linear{find_parameter(test.graph, "fc.weight").value()});
  test.node("sum", graph::SumOverTime{});
  return test.graph;
}

}  // namespace pare::lower
