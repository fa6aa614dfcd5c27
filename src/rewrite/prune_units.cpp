#include "rewrite/prune_units.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/names.h"
#include "rewrite/layers.h"
#include "rewrite/units.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::Parameter;
using graph::ParameterId;
using graph::Role;

/// The elements of a slice along axis 0.
std::span<float> row_of(Parameter& parameter, std::int64_t index) {
  const auto elements = parameter.stored.as<float>();
  const std::size_t run = elements.size() / static_cast<std::size_t>(parameter.stored.dim(0));
  return elements.subspan(static_cast<std::size_t>(index) * run, run);
}

struct Ranked {
  double norm;
  std::size_t unit;

  friend bool operator<(const Ranked& a, const Ranked& b) {
    return std::tie(a.norm, a.unit) < std::tie(b.norm, b.unit);
  }
};

class Pruner {
 public:
  Pruner(const Graph& graph, const recipe::Prune& options)
      : graph_(graph), options_(options), layers_(layers_of(graph)) {
    for (const std::string& pattern : options.exclude) {
      check_matches_a_layer(layers_, pattern, "[prune] exclude");
    }
    for (Unit& unit : units_of(graph)) {
      if (!is_excluded(unit)) units_.push_back(std::move(unit));
    }
    if (units_.empty()) {
      throw InputError(
          "[prune] structure = \"units\": no layer has units that can be pruned: the outputs of "
          "the "
          "last layer and of batch norms without gain and shift stay, and `exclude` leaves no "
          "other");
    }
  }

  Graph run() && {
    std::map<ParameterId, std::vector<std::size_t>> groups;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      const bool is_global = options_.scope == recipe::PruneScope::kGlobal;
      groups[is_global ? ParameterId{} : first_weight(units_[u])].push_back(u);
    }
    count_slices();
    for (const auto& [weight, units] : groups) prune(units);
    return std::move(graph_);
  }

 private:
  bool is_excluded(const Unit& unit) const {
    return std::any_of(unit.made_by.begin(), unit.made_by.end(), [&](const UnitSlice& slice) {
      return std::any_of(layers_.begin(), layers_.end(), [&](const Layer& layer) {
        return layer.weight == slice.parameter &&
               std::any_of(options_.exclude.begin(), options_.exclude.end(),
                           [&](const auto& pattern) { return matches(pattern, layer.name); });
      });
    });
  }

  ParameterId first_weight(const Unit& unit) const {
    for (const UnitSlice& slice : unit.made_by) {
      if (graph_.parameter(slice.parameter).role == Role::kWeight) return slice.parameter;
    }
    return unit.made_by.front().parameter;
  }

  /// Of each parameter: slices of units, and of those that are alive: the last one stays.
  void count_slices() {
    for (const Unit& unit : units_) {
      const bool is_alive = !is_zero(graph_, unit);
      for (const UnitSlice& slice : unit.made_by) {
        ++slices_of_[slice.parameter];
        if (is_alive) ++alive_of_[slice.parameter];
      }
    }
  }

  double norm_of(const Unit& unit) {
    double sum = 0;
    std::size_t count = 0;
    for (const UnitSlice& slice : unit.made_by) {
      Parameter& parameter = graph_.parameter(slice.parameter);
      if (parameter.role != Role::kWeight) continue;
      for (const float w : row_of(parameter, slice.index)) {
        if (!std::isfinite(w)) {
          throw InputError(fmt::format(
              "[prune] {} holds {}: training has diverged; try a smaller train.learning_rate",
              parameter.name, w));
        }
        const double x = std::abs(static_cast<double>(w));
        sum += options_.norm == recipe::UnitNorm::kL1 ? x : x * x;
        ++count;
      }
    }
    const double mean = count == 0 ? 0 : sum / static_cast<double>(count);
    return options_.norm == recipe::UnitNorm::kL1 ? mean : std::sqrt(mean);
  }

  std::int64_t num_to_prune(std::int64_t all, std::int64_t alive) const {
    if (!options_.sparsity) {
      return std::llround(options_.fractions.front() * static_cast<double>(alive));
    }
    const std::int64_t left = std::llround((1 - *options_.sparsity) * static_cast<double>(all));
    if (left > alive) {
      throw InputError(fmt::format(
          "[prune] sparsity = {} leaves {} of {} units, but only {} are alive: pruned units do not "
          "come back",
          *options_.sparsity, left, all, alive));
    }
    return alive - left;
  }

  void prune(const std::vector<std::size_t>& units) {
    std::vector<Ranked> alive;
    for (const std::size_t u : units) {
      if (!is_zero(graph_, units_[u])) alive.push_back({norm_of(units_[u]), u});
    }
    std::sort(alive.begin(), alive.end());
    std::int64_t left = num_to_prune(static_cast<std::int64_t>(units.size()),
                                     static_cast<std::int64_t>(alive.size()));
    for (const Ranked& ranked : alive) {
      if (left == 0) return;
      if (is_last(units_[ranked.unit])) continue;
      mask(units_[ranked.unit]);
      --left;
    }
  }

  bool is_last(const Unit& unit) {
    return std::any_of(unit.made_by.begin(), unit.made_by.end(), [&](const UnitSlice& slice) {
      // Rows that are of no unit stay anyway.
      const bool is_whole =
          slices_of_[slice.parameter] == graph_.parameter(slice.parameter).stored.dim(0);
      return is_whole && alive_of_[slice.parameter] == 1;
    });
  }

  void mask(const Unit& unit) {
    for (const UnitSlice& slice : unit.made_by) {
      --alive_of_[slice.parameter];
      Parameter& parameter = graph_.parameter(slice.parameter);
      using enum Role;
      const bool is_masked = parameter.role == kWeight || parameter.role == kBias ||
                             parameter.role == kGain || parameter.role == kShift;
      if (!is_masked) continue;
      add_mask(parameter);
      const auto row = row_of(parameter, slice.index);
      std::fill(row.begin(), row.end(), 0.0F);
      const auto masks = parameter.mask->as<std::uint8_t>();
      const std::size_t run = row.size();
      std::fill_n(masks.begin() + slice.index * static_cast<std::ptrdiff_t>(run), run,
                  std::uint8_t{0});
    }
    // What reads it multiplies zeros, but would still count among the largest weights.
    for (const UnitSlice& slice : unit.read_by) mask_column(slice);
  }

  void mask_column(const UnitSlice& slice) {
    Parameter& parameter = graph_.parameter(slice.parameter);
    add_mask(parameter);
    const auto elements = parameter.stored.as<float>();
    const auto masks = parameter.mask->as<std::uint8_t>();
    for_each_of_slice(parameter.stored.shape(), slice, [&](std::size_t i) {
      elements[i] = 0;
      masks[i] = 0;
    });
  }

  Graph graph_;
  const recipe::Prune& options_;
  std::vector<Layer> layers_;
  std::vector<Unit> units_;
  std::map<ParameterId, std::int64_t> slices_of_;
  std::map<ParameterId, std::int64_t> alive_of_;
};

}  // namespace

Graph prune_units(const Graph& graph, const recipe::Prune& options) {
  check(options.sparsity.has_value() != (options.fractions.size() == 1),
        "prune_units: a sparsity or one fraction");
  return Pruner(graph, options).run();
}

}  // namespace pare::rewrite
