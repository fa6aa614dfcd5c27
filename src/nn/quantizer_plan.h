#pragma once

#include <optional>
#include <vector>

#include <torch/types.h>

#include "graph/affine_map.h"
#include "graph/graph.h"
#include "nn/fake_quantize.h"

namespace pare::nn {

/// A graph::Quantizer with what training does not change looked up.
struct QuantizerPlan {
  FakeQuantizer fake;
  graph::RangeRule rule = graph::RangeRule::kFixed;
  graph::StepRule step = graph::StepRule::kFloat;
  std::vector<graph::CodeRange> codes;      ///< one or one a group
  std::vector<float> zero_points;           ///< one or one a group
  std::optional<graph::ParameterId> range;  ///< of kLearned, kFixed and kStep: where they are
  std::size_t num_ranges = 1;
  /// Codes of the affine map that training takes in place of all this (graph::TrainingMap), one or
  /// one a group; empty: it takes this.
  std::vector<graph::CodeRange> affine_codes = {};
};

/// How values get codes, and gradients pass, where training takes the affine map: none lies outside
/// of its range.
inline constexpr FakeQuantizer kAffineQuantizer{.surrogate = Surrogate::kStraightThrough,
                                                .rounding = graph::kAffineRounding};

/// Throws InputError naming `owner` (the parameter or node) if its format cannot be trained.
QuantizerPlan make_plan(const graph::Graph& graph, const graph::Quantizer& quantizer,
                        const std::string& owner);

/// Grids of ranges s (kLearned: log2 s; kStep: steps), one or one a group.
Grids make_grids(const QuantizerPlan& plan, std::span<const float> ranges);

/// Grids of a live rule (graph::is_live), from the very values that are quantized.
Grids make_live_grids(const QuantizerPlan& plan, const torch::Tensor& values);

/// Grids of the affine map, from the very values that are quantized.
/// REQUIRES: plan.affine_codes are not empty.
Grids make_affine_grids(const QuantizerPlan& plan, const torch::Tensor& values);

/// Grids of a bias on the accumulator's grid with these steps.
Grids make_accumulator_grids(const QuantizerPlan& plan, std::span<const double> steps);

/// Layout of a parameter: groups are runs of the whole tensor.
GroupLayout layout_of_parameter(const torch::Tensor& x, const Grids& grids);

/// Layout of a wire [N, …]: groups are runs of each sample.
GroupLayout layout_of_wire(const torch::Tensor& x, const Grids& grids);

/// value of code 1, one or one a group.
std::vector<double> steps_of(const Grids& grids);

}  // namespace pare::nn
