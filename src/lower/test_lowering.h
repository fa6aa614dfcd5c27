#pragma once

// For tests of lowering: random samples and statistics, what a program computes, and how far its
// codes are from those of graph/evaluate.

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "graph/evaluate.h"
#include "graph/infer.h"
#include "lower/lower.h"
#include "lower/test_networks.h"
#include "program/random_inputs.h"
#include "program/reference.h"

namespace pare::lower {

using graph::Graph;
using program::RandomNumbers;

inline constexpr std::int64_t kNumSamples = 40;

inline std::vector<float> random_floats(std::int64_t count, RandomNumbers& random) {
  std::vector<float> values;
  for (; count > 0; --count) values.push_back(static_cast<float>(random.in(-300, 300)) / 256);
  return values;
}

inline Tensor random_samples(const Graph& graph, std::uint64_t seed) {
  Shape shape = {kNumSamples};
  const Shape& sample = graph.inputs.front().shape;
  shape.insert(shape.end(), sample.begin(), sample.end());
  Tensor raw(DType::kF32, shape);
  RandomNumbers random(seed);
  for (float& x : raw.as<float>()) x = static_cast<float>(random.in(-4000, 4000)) / 512;
  return raw;
}

/// Runs the program on every sample: codes by wire (of buffers with an origin) and outputs.
struct Ran {
  std::map<std::string, std::vector<std::int64_t>> codes;
  std::vector<double> values;
};
inline Ran run(const Lowered& lowered, const Tensor& raw) {
  Ran ran;
  const auto samples = static_cast<std::size_t>(raw.dim(0));
  const std::size_t size = raw.size() / samples;
  for (std::size_t n = 0; n < samples; ++n) {
    program::Codes codes(size);
    map_input(lowered.interface, raw.as<float>().subspan(n * size, size), codes);
    const auto outputs =
        run_reference(lowered.program, {{codes}, trip_counts_of(lowered.interface)},
                      {.traps = true, .keeps_buffers = true});
    for (std::size_t b = 0; b < lowered.program.buffers.size(); ++b) {
      const auto& origin = lowered.program.buffers[b].origin;
      if (!origin) continue;
      auto& all = ran.codes[origin->wire];
      all.insert(all.end(), outputs.buffers[b].begin(), outputs.buffers[b].end());
    }
    std::vector<double> values(outputs.outputs.front().size());
    map_output(lowered.interface, outputs.outputs.front(), values);
    ran.values.insert(ran.values.end(), values.begin(), values.end());
  }
  return ran;
}

inline std::vector<double> evaluated(const Graph& graph, const Tensor& raw) {
  return evaluate(graph, graph::map_input(graph, raw)).to_doubles();
}

/// How many codes of Quantize nodes differ from those of graph/evaluate, and how many there are.
struct Gap {
  int different = 0;
  int more_than_one = 0;
  int compared = 0;
};
inline Gap gap_of_codes(const Graph& graph, const Lowered& lowered, const Tensor& raw) {
  Gap gap;
  const Ran ran = run(lowered, raw);
  std::vector<std::string> wires;
  for (const graph::Node& node : graph.nodes) {
    if (std::holds_alternative<graph::Quantize>(node.op)) wires.push_back(node.name);
  }
  const auto traced = evaluate_traced(graph, graph::map_input(graph, raw), wires);
  const auto infos = graph::infer(graph);
  for (const std::string& wire : wires) {
    const auto& grid = infos[find_wire(graph, wire)->value].grid;
    const auto expected = traced.wires.at(wire).to_doubles();
    const auto& found = ran.codes.at(wire);
    EXPECT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto code = std::llround(expected[i] / grid->step.front());
      ++gap.compared;
      if (code != found[i]) ++gap.different;
      if (std::abs(code - found[i]) > 1) ++gap.more_than_one;
    }
  }
  return gap;
}

}  // namespace pare::lower
