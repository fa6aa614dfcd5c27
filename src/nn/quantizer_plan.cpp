#include "nn/quantizer_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "graph/live_range.h"
#include "graph/overloaded.h"
#include "graph/quantize.h"

namespace pare::nn {
namespace {

Surrogate surrogate_of(graph::RangeRule rule) {
  switch (rule) {
    case graph::RangeRule::kMaxAbs:
      return Surrogate::kMaxAbs;
    case graph::RangeRule::kLearned:
    case graph::RangeRule::kFixed:
    case graph::RangeRule::kStep:
      return Surrogate::kClamp;
    case graph::RangeRule::kAccumulator:
    case graph::RangeRule::kMeanAbs:
    case graph::RangeRule::kTwiceMeanAbs:
    case graph::RangeRule::kSawb:
    case graph::RangeRule::kThresholdMean:
    case graph::RangeRule::kMinMax:
      return Surrogate::kStraightThrough;
  }
  return Surrogate::kClamp;
}

/// None: training does not know the format.
std::optional<Decision> decision_of(const graph::Quantizer& quantizer) {
  using Found = std::optional<Decision>;
  const graph::RangeRule rule = quantizer.range_rule;
  const Decision nearest_or_threshold =
      rule == graph::RangeRule::kThresholdMean ? Decision::kThreshold : Decision::kNearest;
  // The gradient of a binary step is another than that of a rounded one.
  const bool has_sign = rule != graph::RangeRule::kLearned && rule != graph::RangeRule::kMaxAbs &&
                        !quantizer.zero_point;
  return std::visit(
      graph::Overloaded{
          [](const graph::Uniform&) { return Found(Decision::kNearest); },
          [&](const graph::Ternary&) { return Found(nearest_or_threshold); },
          [&](const graph::Binary&) { return has_sign ? Found(Decision::kSign) : std::nullopt; },
          [](const graph::SignedDigits&) { return Found(); },
          [](const graph::Levels&) { return Found(); }},
      quantizer.format);
}

template <class T>
const T& of_group(const std::vector<T>& list, std::size_t group) {
  return list.size() == 1 ? list.front() : list.at(group);
}

template <class MakeScale>
Grids grids_of(const QuantizerPlan& plan, std::size_t num_scales, MakeScale make_scale) {
  Grids grids(std::max({num_scales, plan.codes.size(), plan.zero_points.size()}));
  for (std::size_t group = 0; group < grids.size(); ++group) {
    const graph::CodeRange& codes = of_group(plan.codes, group);
    grids[group] = {make_scale(num_scales == 1 ? 0 : group, codes), codes,
                    of_group(plan.zero_points, group)};
  }
  return grids;
}

/// Grids of affine maps of these codes, from the very values that are quantized.
Grids affine_grids_of(const QuantizerPlan& plan, const std::vector<graph::CodeRange>& codes,
                      const torch::Tensor& values) {
  const torch::Tensor plain = values.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  const std::span<const float> elements{plain.data_ptr<float>(),
                                        static_cast<std::size_t>(plain.numel())};
  const std::size_t num_groups = std::max(plan.num_ranges, codes.size());
  Grids grids;
  for (const graph::AffineMap& map : affine_maps(codes, plan.step, elements, num_groups)) {
    grids.push_back({map.scale, map.codes, map.zero_point});
  }
  return grids;
}

}  // namespace

QuantizerPlan make_plan(const graph::Graph& graph, const graph::Quantizer& quantizer,
                        const std::string& owner) {
  const std::optional<Decision> decision = decision_of(quantizer);
  if (!decision) {
    throw InputError(fmt::format(
        "'{}': training knows quantizers of format uniform, ternary, and binary with the range "
        "mean_abs, fixed or step, not this one",
        owner));
  }
  QuantizerPlan plan;
  plan.fake = {.surrogate = surrogate_of(quantizer.range_rule),
               .decision = *decision,
               .rounding = quantizer.rounding};
  plan.rule = quantizer.range_rule;
  plan.step = quantizer.step;
  plan.codes = graph::code_ranges(graph, quantizer.format);
  plan.zero_points = {0};
  if (quantizer.zero_point) {
    const auto points = graph.parameter(*quantizer.zero_point).stored.to_doubles();
    plan.zero_points.assign(points.begin(), points.end());
  }
  plan.range = quantizer.range;
  if (quantizer.range) plan.num_ranges = graph.parameter(*quantizer.range).stored.size();
  if (quantizer.training_map) {
    const auto& uniform = std::get<graph::Uniform>(quantizer.format);
    plan.affine_codes = graph::code_ranges(graph, graph::Uniform{uniform.bits, true, false});
  }
  return plan;
}

Grids make_grids(const QuantizerPlan& plan, std::span<const float> ranges) {
  if (plan.rule == graph::RangeRule::kStep) {
    return grids_of(plan, ranges.size(), [&](std::size_t group, const graph::CodeRange&) {
      return graph::Scale{1, ranges[group]};
    });
  }
  const graph::Pow2Choice choice = graph::pow2_choice(plan.rule);
  return grids_of(plan, ranges.size(), [&](std::size_t group, const graph::CodeRange& codes) {
    const float range = plan.rule == graph::RangeRule::kLearned ? graph::range_of_log(ranges[group])
                                                                : ranges[group];
    return graph::make_scale(range, codes.top, plan.step, choice);
  });
}

Grids make_live_grids(const QuantizerPlan& plan, const torch::Tensor& values) {
  const auto num_ranges = static_cast<std::int64_t>(plan.num_ranges);
  if (plan.rule == graph::RangeRule::kMaxAbs) {
    return make_grids(plan, max_abs_of_groups(values, num_ranges));
  }
  if (plan.rule == graph::RangeRule::kMinMax) return affine_grids_of(plan, plan.codes, values);
  const torch::Tensor plain = values.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  const std::span<const float> elements{plain.data_ptr<float>(),
                                        static_cast<std::size_t>(plain.numel())};
  Grids grids =
      make_grids(plan, graph::live_ranges(plan.rule, plan.codes, elements, plan.num_ranges));
  if (plan.fake.decision != Decision::kThreshold) return grids;
  const auto thresholds = graph::ternary_thresholds(elements, grids.size());
  for (std::size_t group = 0; group < grids.size(); ++group) {
    grids[group].threshold = thresholds[group];
  }
  return grids;
}

Grids make_affine_grids(const QuantizerPlan& plan, const torch::Tensor& values) {
  return affine_grids_of(plan, plan.affine_codes, values);
}

Grids make_accumulator_grids(const QuantizerPlan& plan, std::span<const double> steps) {
  return grids_of(plan, steps.size(), [&](std::size_t group, const graph::CodeRange&) {
    return graph::Scale{1, static_cast<float>(steps[group])};
  });
}

GroupLayout layout_of_parameter(const torch::Tensor& x, const Grids& grids) {
  const auto groups = static_cast<std::int64_t>(grids.size());
  return {1, groups, x.numel() / groups};
}

GroupLayout layout_of_wire(const torch::Tensor& x, const Grids& grids) {
  if (grids.size() == 1) return {1, 1, x.numel()};
  const auto groups = static_cast<std::int64_t>(grids.size());
  return {x.size(0), groups, x.numel() / std::max<std::int64_t>(1, x.size(0) * groups)};
}

std::vector<double> steps_of(const Grids& grids) {
  std::vector<double> steps;
  for (const Grid& grid : grids) {
    steps.push_back(static_cast<double>(grid.scale.divide) /
                    static_cast<double>(grid.scale.multiply));
  }
  return steps;
}

}  // namespace pare::nn
