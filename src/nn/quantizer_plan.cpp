#include "nn/quantizer_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
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
      return Surrogate::kClamp;
    case graph::RangeRule::kAccumulator:
      return Surrogate::kStraightThrough;
  }
  return Surrogate::kClamp;
}

bool has_every_integer(const graph::Format& format) {
  return std::visit(graph::Overloaded{[](const graph::Uniform&) { return true; },
                                      [](const graph::Ternary&) { return true; },
                                      [](const graph::SignedDigits&) { return false; },
                                      [](const graph::Binary&) { return false; },
                                      [](const graph::Levels&) { return false; }},
                    format);
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

}  // namespace

QuantizerPlan make_plan(const graph::Graph& graph, const graph::Quantizer& quantizer,
                        const std::string& owner) {
  if (!has_every_integer(quantizer.format)) {
    throw InputError(fmt::format(
        "'{}': training knows quantizers of format uniform and ternary, not this one", owner));
  }
  QuantizerPlan plan;
  plan.fake = {.surrogate = surrogate_of(quantizer.range_rule), .rounding = quantizer.rounding};
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
  return plan;
}

Grids make_grids(const QuantizerPlan& plan, std::span<const float> ranges) {
  const graph::Pow2Choice choice = graph::pow2_choice(plan.rule);
  return grids_of(plan, ranges.size(), [&](std::size_t group, const graph::CodeRange& codes) {
    const float range = plan.rule == graph::RangeRule::kLearned ? graph::range_of_log(ranges[group])
                                                                : ranges[group];
    return graph::make_scale(range, codes.top, plan.step, choice);
  });
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
