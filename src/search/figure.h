#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace pare::search {

enum class Goal { kMinimise, kMaximise };

/// One number of what a run measured, and whether small or large is good.
struct Figure {
  std::string name;        ///< as results.csv calls it: "validation.loss"
  std::string stage = {};  ///< empty: the last one
  Goal goal = Goal::kMinimise;
};

/// The figure in a run's stages (see read_stage_results); nothing if it is no finite number.
/// Throws InputError if the run has no such stage, or the stage no such figure, with the nearest.
std::optional<double> find_figure(const nlohmann::json& stages, const Figure& figure);

/// The figure as a cost, of which less is better.
double to_cost(const Figure& figure, double value);

}  // namespace pare::search
