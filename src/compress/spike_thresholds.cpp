#include "compress/spike_thresholds.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "compress/layer_outputs.h"
#include "graph/edit.h"
#include "rewrite/spike.h"

namespace pare::compress {
namespace {

void fill(graph::Graph& graph, const std::string& parameter, double value) {
  const auto id = find_parameter(graph, parameter);
  check(id.has_value(), "no parameter " + parameter);
  for (float& x : graph.parameter(*id).stored.as<float>()) x = static_cast<float>(value);
}

void set_leaks(graph::Graph& graph, double leak) {
  for (graph::Parameter& parameter : graph.parameters) {
    if (parameter.role == graph::Role::kLeak) fill(graph, parameter.name, leak);
  }
}

/// The part of a graph that makes `wire`.
graph::Graph part_up_to(graph::Graph graph, const std::string& wire) {
  graph.output = *find_wire(graph, wire);
  const auto last = producer(graph, graph.output);
  if (last) graph.nodes.resize(*last + 1);
  graph.head = {};
  compact(graph);
  return graph;
}

/// The largest percentile of a wire's values at one step.
double largest_percentile(const graph::Graph& graph, const std::string& wire, std::int64_t steps,
                          double percent, const torch::Tensor& samples) {
  double largest = -INFINITY;
  const auto take = [&](const std::map<std::string, torch::Tensor>& values, std::int64_t size) {
    // A current that is the same at all steps comes once.
    const torch::Tensor& currents = values.at(wire);
    const std::int64_t found = currents.size(0) == size ? 1 : steps;
    for (std::int64_t t = 0; t < found; ++t) {
      const torch::Tensor step = currents.view({found, -1})[t];
      const bool is_finite = step.isfinite().all().item<bool>();
      largest = is_finite ? std::max(largest, percentile(step, percent)) : NAN;
      if (!is_finite) break;
    }
  };
  for_each_batch(part_up_to(graph, wire), samples, {wire}, take);
  return largest;
}

}  // namespace

double percentile(const torch::Tensor& values, double percent) {
  const torch::Tensor flat = values.flatten().to(torch::kCPU, torch::kFloat32);
  const auto last = static_cast<double>(flat.numel() - 1);
  const auto place = 1 + static_cast<std::int64_t>(std::round(percent / 100 * last));
  return std::get<0>(flat.kthvalue(place)).item<double>();
}

graph::Graph balance_thresholds(const graph::Graph& graph, const recipe::Spike& options,
                                const torch::Tensor& samples) {
  check(samples.size(0) > 0, "thresholds of no samples");
  graph::Graph measured = rewrite::with_steps(graph, options.calibration_steps);
  set_leaks(measured, 1);
  std::map<std::string, double> thresholds;
  for (const rewrite::Neurons& neurons : rewrite::neurons_of(graph)) {
    const double threshold = largest_percentile(
        measured, neurons.current, options.calibration_steps, options.percentile, samples);
    if (!(threshold > 0)) {
      throw InputError(fmt::format(
          "[spike] neurons '{}': the {}th percentile of their currents is {}, so no threshold "
          "would let them spike; train the network longer, or raise spike.percentile",
          neurons.node, options.percentile, threshold));
    }
    thresholds[neurons.threshold] = threshold;
    fill(measured, neurons.threshold, threshold);
  }
  graph::Graph balanced = graph;
  for (const auto& [name, threshold] : thresholds) {
    fill(balanced, name, threshold * options.threshold_scale);
  }
  return balanced;
}

}  // namespace pare::compress
