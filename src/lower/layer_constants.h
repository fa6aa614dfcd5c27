#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "program/constant.h"

namespace pare::lower {

/// A layer's quantized weight as integers, and what they stand for.
struct WeightCodes {
  program::Constant constant;      ///< [outputs, inputs …], the code of 0 is 0
  std::vector<double> steps;       ///< one, or one an output
  std::vector<float> float_steps;  ///< the same in float32, as biases are quantized
};

/// Throws InputError naming the layer: a float weight, one with a step for each element, or levels
/// that are no integers. REQUIRES: the graph passes graph::check.
WeightCodes weight_codes(const graph::Graph& graph, const graph::Node& node,
                         graph::ParameterId weight);

/// A layer's biases as integers in units of the accumulator's steps, float32(input step) *
/// float32(weight step): the codes of a bias that was trained on that grid; any other is rounded to
/// it (half to even), and `was_rounded` says so.
struct BiasCodes {
  std::vector<std::int64_t> codes;  ///< one an output
  bool was_rounded = false;
};
BiasCodes bias_codes(const graph::Graph& graph, const graph::Node& node, graph::ParameterId bias,
                     const std::vector<float>& accumulator_steps);

}  // namespace pare::lower
