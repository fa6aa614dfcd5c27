#include "rewrite/prune.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "base/names.h"
#include "rewrite/layers.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::Parameter;
using graph::ParameterId;

/// A weight that is alive, and where it is.
struct Alive {
  float magnitude;
  std::size_t parameter;  ///< index into the list of pruned parameters
  std::size_t element;

  friend bool operator<(const Alive& a, const Alive& b) {
    return std::tie(a.magnitude, a.parameter, a.element) <
           std::tie(b.magnitude, b.parameter, b.element);
  }
};

std::vector<ParameterId> weights_of(const std::vector<Layer>& layers,
                                    std::span<const std::string> exclude) {
  std::vector<ParameterId> weights;
  for (const Layer& layer : layers) {
    const bool is_excluded =
        std::any_of(exclude.begin(), exclude.end(),
                    [&](const std::string& pattern) { return matches(pattern, layer.name); });
    const bool is_known = std::find(weights.begin(), weights.end(), layer.weight) != weights.end();
    if (!is_excluded && !is_known) weights.push_back(layer.weight);
  }
  return weights;
}

bool is_alive(const Parameter& parameter, std::size_t element) {
  return !parameter.mask || parameter.mask->as<std::uint8_t>()[element] != 0;
}

std::vector<Alive> alive_weights(const Graph& graph, std::span<const ParameterId> weights) {
  std::vector<Alive> alive;
  for (std::size_t p = 0; p < weights.size(); ++p) {
    const Parameter& parameter = graph.parameter(weights[p]);
    const auto elements = parameter.stored.as<float>();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (!is_alive(parameter, i)) continue;
      if (!std::isfinite(elements[i])) {
        throw InputError(
            fmt::format("[prune] {}[{}] is {}: training has diverged; try a smaller "
                        "train.learning_rate",
                        parameter.name, i, elements[i]));
      }
      alive.push_back({std::abs(elements[i]), p, i});
    }
  }
  return alive;
}

std::int64_t num_weights(const Graph& graph, std::span<const ParameterId> weights) {
  std::int64_t sum = 0;
  for (const ParameterId id : weights) {
    sum += static_cast<std::int64_t>(graph.parameter(id).stored.size());
  }
  return sum;
}

/// How many of the weights alive are to go.
std::int64_t num_to_prune(const recipe::Prune& options, std::int64_t all, std::int64_t alive) {
  if (options.sparsity) {
    const std::int64_t left = std::llround((1 - *options.sparsity) * static_cast<double>(all));
    if (left > alive) {
      throw InputError(fmt::format(
          "[prune] sparsity = {} leaves {} of {} weights, but only {} are alive: pruned weights do "
          "not come back; ask for more than {:.4f}",
          *options.sparsity, left, all, alive,
          1 - static_cast<double>(alive) / static_cast<double>(all)));
    }
    return alive - left;
  }
  return std::llround(options.fractions.front() * static_cast<double>(alive));
}

void prune_together(Graph& graph, std::span<const ParameterId> weights,
                    const recipe::Prune& options) {
  auto alive = alive_weights(graph, weights);
  const auto count =
      num_to_prune(options, num_weights(graph, weights), static_cast<std::int64_t>(alive.size()));
  std::nth_element(alive.begin(), alive.begin() + count, alive.end());
  for (const ParameterId id : weights) {
    add_mask(graph.parameter(id));
  }
  for (const Alive& smallest : std::span(alive).first(static_cast<std::size_t>(count))) {
    Parameter& parameter = graph.parameter(weights[smallest.parameter]);
    parameter.mask->as<std::uint8_t>()[smallest.element] = 0;
    parameter.stored.as<float>()[smallest.element] = 0;
  }
}

void check_options(const recipe::Prune& options, const std::vector<Layer>& layers) {
  check(options.sparsity.has_value() != (options.fractions.size() == 1),
        "prune: a sparsity or one fraction; recipe::parse makes several fractions several stages");
  const double part = options.sparsity ? *options.sparsity : options.fractions.front();
  if (!(part >= 0 && part <= 1)) {
    throw InputError(fmt::format("[prune] {} = {}; allowed: 0 to 1",
                                 options.sparsity ? "sparsity" : "fractions", part));
  }
  for (const std::string& pattern : options.exclude) {
    check_matches_a_layer(layers, pattern, "[prune] exclude");
  }
}

}  // namespace

Graph prune(const Graph& graph, const recipe::Prune& options) {
  const auto layers = layers_of(graph);
  check_options(options, layers);
  const auto weights = weights_of(layers, options.exclude);
  if (weights.empty()) {
    throw InputError(
        fmt::format("[prune] no layer to prune: the graph has {} with weights, and "
                    "`exclude` leaves none",
                    layers.size()));
  }
  Graph pruned = graph;
  if (options.scope == recipe::PruneScope::kGlobal) {
    prune_together(pruned, weights, options);
  } else {
    for (const ParameterId& weight : weights) prune_together(pruned, {&weight, 1}, options);
  }
  return pruned;
}

WeightCount count_weights(const Graph& graph) {
  WeightCount count;
  for (const ParameterId id : weights_of(layers_of(graph), {})) {
    const Parameter& parameter = graph.parameter(id);
    for (std::size_t i = 0; i < parameter.stored.size(); ++i) {
      ++count.all;
      if (is_alive(parameter, i)) ++count.alive;
    }
  }
  return count;
}

}  // namespace pare::rewrite
