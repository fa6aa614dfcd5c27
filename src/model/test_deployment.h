#pragma once

// A frozen network for tests of model files and of whatever runs them, without any training.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/deployment.h"
#include "model/golden.h"
#include "program/random_inputs.h"

namespace pare::model {

/// A multilayer perceptron with random weights: linear and requantize to u6 between layers, the
/// last layer's sums as output. Input codes are s8.
inline program::Program random_mlp(const std::vector<std::int64_t>& sizes, std::uint64_t seed) {
  using program::Width;
  program::RandomNumbers random(seed);
  program::Program program;
  program.name = "mlp";
  auto x = add_buffer(program, {"x", Width{8, true}, {sizes.front()}});
  program.inputs = {x};
  program::Section section;
  std::int64_t largest = 128;  // magnitude of x
  const auto constant = [&](const std::string& name, Width width, Shape shape, auto&& next) {
    program::Constant made{.name = name, .width = width, .shape = std::move(shape)};
    for (std::int64_t i = 0; i < num_elements(made.shape); ++i) made.values.push_back(next());
    return add_constant(program, std::move(made));
  };
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    const std::string name = "fc" + std::to_string(i);
    const std::int64_t m = sizes[i];
    const std::int64_t n = sizes[i - 1];
    const Width sum_width = program::narrowest({-(n * 31 * largest + 100), n * 31 * largest + 100});
    program::Linear linear{
        .weight =
            constant(name + ".weight", Width{6, true}, {m, n}, [&] { return random.in(-31, 31); }),
        .bias = constant(name + ".bias", Width{8, true}, {m}, [&] { return random.in(-100, 100); }),
        .accumulator = sum_width};
    const auto sum = add_buffer(program, {name + ".sum", sum_width, {m}});
    section.nodes.push_back({linear, {x}, {sum}});
    x = sum;
    if (i + 1 == sizes.size()) break;
    const program::Requantize requantize{
        .multiplier = constant(name + ".multiplier", Width{20, false}, {m},
                               [&] { return random.in(1 << 18, (1 << 19) - 1); }),
        .addend = constant(name + ".addend", Width{2, true}, {1}, [] { return 0; }),
        .shift = constant(name + ".shift", Width{5, false}, {1}, [] { return 26; }),
        .highest = 63};
    const auto code = add_buffer(program, {name, Width{6, false}, {m}});
    program.buffers.back().origin = program::Origin{name + ".relu"};
    section.nodes.push_back({requantize, {x}, {code}});
    x = code;
    largest = 63;
  }
  program.outputs = {x};
  program.sections = {std::move(section)};
  return program;
}

/// Golden vectors of a program on random inputs.
inline Golden random_golden(const program::Program& program, std::int64_t num_samples,
                            std::uint64_t seed) {
  std::vector<program::Inputs> samples;
  for (std::int64_t i = 0; i < num_samples; ++i) {
    samples.push_back(
        random_inputs(program, seed + static_cast<std::uint64_t>(i), program::InputKind::kAny));
  }
  return make_golden(program, samples);
}

/// random_mlp with its ends and golden vectors.
inline Deployment random_deployment(const std::vector<std::int64_t>& sizes,
                                    std::int64_t num_samples, std::uint64_t seed) {
  Deployment deployment{.program = random_mlp(sizes, seed)};
  lower::Interface& interface = deployment.interface;
  interface.input_shape = {sizes.front()};
  interface.input_units = "GeV";
  interface.input.mean.assign(static_cast<std::size_t>(sizes.front()), 0.1);
  interface.input.scale.assign(static_cast<std::size_t>(sizes.front()), 1.0 / 3);
  interface.input.codec = {{.multiply = 127, .divide = 0.3F}};
  interface.input.codes = {-127, 127, 127};
  interface.output_shape = {sizes.back()};
  interface.output.scale = {0x1.921fb54442d18p-7};
  interface.output.is_softmax = true;
  interface.head.kind = graph::HeadKind::kArgmax;
  for (std::int64_t i = 0; i < sizes.back(); ++i) {
    interface.head.classes.push_back("class " + std::to_string(i));
  }
  deployment.golden = random_golden(deployment.program, num_samples, seed + 1);
  deployment.notes = {"fc2: 3 neurons that never fire were removed"};
  return deployment;
}

}  // namespace pare::model
