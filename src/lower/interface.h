#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/format.h"
#include "graph/graph.h"
#include "graph/quantize.h"

namespace pare::lower {

// What stands at the two ends of a program, in floating point: how raw numbers become its input
// codes, and what its output codes mean. Trainer, eval, infer, the engine and emitted C share these
// definitions.

/// From raw numbers to input codes, element by element, in this order:
///
///     x = float32((raw - mean) / scale)                          in double, rounded once
///     code = clamp(round(x * multiply / divide) + zero_point)    in float32 (graph::to_code)
///
/// NaN becomes the code of 0. A channel is an index along axis 0 of a sample.
struct InputMap {
  std::vector<double> mean = {};      ///< one a channel; empty: 0
  std::vector<double> scale = {};     ///< one a channel; empty: 1
  std::vector<graph::Scale> codec{};  ///< one, or one a channel
  graph::CodeRange codes = {};        ///< what codes saturate to
  float zero_point = 0;
  graph::Rounding rounding = graph::Rounding::kHalfEven;

  friend bool operator==(const InputMap&, const InputMap&) = default;
};

/// From output codes to values: value = code * scale + offset, in double (one product, one sum).
/// Each list has one element for all, or one for each element of the output.
struct OutputMap {
  std::vector<double> scale = {1};
  std::vector<double> offset = {0};
  /// Whether a softmax over all elements of a sample follows (graph::Softmax at the end of a net).
  bool is_softmax = false;

  friend bool operator==(const OutputMap&, const OutputMap&) = default;
};

/// The ends of a program with one input and one output.
struct Interface {
  Shape input_shape = {};           ///< of one sample at one step
  DType input_dtype = DType::kF32;  ///< of raw data
  std::string input_units = {};     ///< of raw data, for people
  InputMap input = {};
  /// What the program's trip count is, where the network says it; 0: the data do, or there is none.
  std::int64_t steps = 0;
  Shape output_shape = {};
  OutputMap output = {};
  graph::Head head = {};

  friend bool operator==(const Interface&, const Interface&) = default;
};

/// The trip counts of an interface's program, in the order of Program::trip_counts.
std::vector<std::int64_t> trip_counts_of(const Interface& interface);

/// The codes of raw samples: `raw` holds any number of samples of `interface.input_shape`,
/// row-major; `codes` takes as many. REQUIRES: equal sizes.
void map_input(const Interface& interface, std::span<const double> raw,
               std::span<std::int64_t> codes);
/// The same of float32 numbers (each is exact in double).
void map_input(const Interface& interface, std::span<const float> raw,
               std::span<std::int64_t> codes);

/// The codes of numbers as the network takes them: the second step of InputMap alone.
/// REQUIRES: equal sizes.
void quantize_input(const Interface& interface, std::span<const float> x,
                    std::span<std::int64_t> codes);

/// The values of output codes, the softmax applied where there is one. REQUIRES: equal sizes, whole
/// samples.
void map_output(const Interface& interface, std::span<const std::int64_t> codes,
                std::span<double> values);

/// Whether the largest value of a sample is where its largest code is, the first on ties in both:
/// one positive scale and no offsets. Then no floating point is needed for an argmax.
bool is_argmax_of_codes(const OutputMap& output);

}  // namespace pare::lower
