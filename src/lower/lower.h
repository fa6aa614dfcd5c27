#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "lower/interface.h"
#include "program/program.h"

namespace pare::lower {

struct Options {
  /// Largest magnitude of the training inputs as the network takes them: the range of an input that
  /// has no quantizer. Without it such an input is refused.
  std::optional<double> input_max_abs = std::nullopt;
  /// Width of the codes that are inserted where a grid is missing.
  int inserted_bits = 16;
  /// Leave out neurons that nothing reads or that never change (lower/remove_dead.h).
  bool removes_dead = true;
};

/// A frozen network: the program, its ends, and what was put in on the way.
struct Lowered {
  program::Program program;
  Interface interface;
  /// For people, one line each: quantizers that were missing, biases that were rounded.
  std::vector<std::string> notes = {};
};

/// Whether nothing in a graph is quantized: there are no integers to make a program of.
bool is_float(const graph::Graph& graph);

/// Freezes a graph and writes it as a program. This is the one place where constants are made:
///
/// - Weights and biases become codes; biases are on the grid of their sums.
/// - A code in the program counts from the code of 0: a quantizer's zero point is taken off.
/// - Batch norm, steps and ReLU between a layer's sums and a Quantize become one requantize per
///   channel, |M| < 2^24 (lower/affine.h), or a threshold table where that needs fewer bits.
/// - Where a grid is missing a quantizer is put in, and noted: the input (Options), operands of an
///   add or inputs of a layer whose steps are unequal.
/// - A softmax at the end goes to the interface. Dropout goes.
/// - What is done at each step stands in a loop over the trip count "T", the rest in front of it.
///
/// REQUIRES: the graph passes graph::check. Throws InputError naming the layer for what has no
/// integer meaning: float weights, real numbers that reach a layer, batch norm without running
/// statistics, softmax inside the net, sums of more than 40 bits, several inputs.
Lowered lower(const graph::Graph& graph, const Options& options = {});

}  // namespace pare::lower
