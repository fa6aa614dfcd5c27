#pragma once

// The network that benchmarks of the engine run: the jets MLP of "Ps and Qs", 16-64-32-32-5, 6-bit
// weights and activations, inputs of 16 bits, batch norm in a requantize of 24-bit multipliers.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lower/interface.h"
#include "program/intervals.h"
#include "program/program.h"
#include "program/random_inputs.h"

namespace pare::bench {

struct Network {
  program::Program program;
  lower::Interface interface;
};

/// Random weights, of which `zeros` (0 … 1) are zero; inputs are standardised per channel.
inline Network jets_mlp(double zeros) {
  using program::Width;
  program::RandomNumbers random(1);
  program::Program program;
  program.name = "jets";
  const auto constant = [&](const std::string& name, Width width, Shape shape, auto&& next) {
    program::Constant made{.name = name, .width = width, .shape = std::move(shape)};
    for (std::int64_t i = 0; i < num_elements(made.shape); ++i) made.values.push_back(next());
    return add_constant(program, std::move(made));
  };
  auto x = add_buffer(program, {"x", Width{16, true}, {16}});
  std::vector<program::Intervals> known = {{Width{16, true}.range()}};
  program.inputs = {x};
  program::Section section;
  const auto add = [&](const std::string& name, program::Op op, Shape shape) {
    program::Node node{std::move(op), {x}, {}};
    program::OpIntervals result = op_intervals(program, node, known);
    Width width = program::narrowest(program::hull(result.output));
    if (auto* linear = std::get_if<program::Linear>(&node.op)) {
      linear->accumulator = program::narrowest(*result.partial_sums);
    } else {
      width = Width{6, false};
    }
    x = add_buffer(program, {name, width, std::move(shape)});
    known.push_back(std::move(result.output));
    node.outputs = {x};
    section.nodes.push_back(std::move(node));
  };
  double deviation = 8192;  // of the codes of x
  const std::vector<std::int64_t> sizes = {16, 64, 32, 32, 5};
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    const std::string name = "fc" + std::to_string(i);
    const std::int64_t m = sizes[i];
    const std::int64_t n = sizes[i - 1];
    const auto weight = constant(name + ".weight", Width{6, true}, {m, n}, [&]() -> std::int64_t {
      const std::int64_t code = random.in(1, 31) * (random.one_in(2) ? 1 : -1);
      return static_cast<double>(random.in(0, 9999)) < 10000 * zeros ? 0 : code;
    });
    const double sum_deviation =
        deviation * 18 * std::sqrt(static_cast<double>(n) * (1 - zeros) + 1);
    const auto bias = static_cast<std::int64_t>(sum_deviation / 4);
    add(name,
        program::Linear{weight, constant(name + ".bias", Width{24, true}, {m},
                                         [&] { return random.in(-bias, bias); })},
        {m});
    if (i + 1 == sizes.size()) break;
    // 63 codes for two deviations of the sums.
    const int shift = static_cast<int>(std::log2(sum_deviation * 2 / 63)) + 23;
    const double top = 63 / (2 * sum_deviation) * std::exp2(shift);
    add(name + ".relu",
        program::Requantize{
            constant(name + ".multiplier", Width{25, true}, {m},
                     [&] {
                       return static_cast<std::int64_t>(
                           top * (0.7 + static_cast<double>(random.in(0, 3000)) / 1e4));
                     }),
            constant(name + ".addend", Width{42, true}, {m},
                     [&] { return random.in(-8, 8) * (std::int64_t{1} << (shift - 1)); }),
            constant(name + ".shift", Width{6, false}, {1}, [&] { return shift; }),
            program::Rounding::kHalfEven, 0, 63},
        {m});
    deviation = 20;
  }
  program.outputs = {x};
  program.sections = {std::move(section)};
  lower::Interface interface {
    .input_shape = {16}, .output_shape = { 5 }
  };
  for (int i = 0; i < 16; ++i) {
    interface.input.mean.push_back(0.37 * i - 2);
    interface.input.scale.push_back(1.3 + 0.1 * i);
  }
  interface.input.codec = {{.multiply = 32767, .divide = 4.1F}};
  interface.input.codes = {-32767, 32767, 32767};
  return {std::move(program), std::move(interface)};
}

}  // namespace pare::bench
