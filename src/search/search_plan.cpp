#include "search/search_plan.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "base/names.h"

namespace pare::search {
namespace {

recipe::Recipe read_recipe(const SearchPlan& plan, const std::vector<std::string>& overrides) {
  try {
    return recipe::read(plan.recipe_path, overrides);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}\n(in search '{}' with {})", error.what(), plan.file.name,
                                 fmt::join(overrides, ", ")));
  }
}

std::vector<std::string> overrides_at(const SearchPlan& plan, const Point& point) {
  std::vector<std::string> overrides;
  for (const Setting& setting : plan.file.set) overrides.push_back(to_override(setting));
  for (const Setting& setting : settings_at(plan.file.space, point)) {
    overrides.push_back(to_override(setting));
  }
  return overrides;
}

/// Every choice is tried; of numbers, where a wrong one is at an end, the first and the last.
void check_variables(const SearchPlan& plan) {
  const std::vector<Variable>& variables = plan.file.space.variables;
  Point point(variables.size(), 0);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const int last = static_cast<int>(variables[i].values.size()) - 1;
    for (int value = 0; value <= last; value += variables[i].is_numeric() ? std::max(last, 1) : 1) {
      point[i] = value;
      resolve(plan, point);
    }
    point[i] = 0;
  }
}

void check_stage(const SearchPlan& plan, const Figure& figure) {
  if (figure.stage.empty()) return;
  std::vector<std::string> names;
  for (const recipe::Stage& stage : plan.recipe.stages) names.push_back(stage.name);
  if (std::find(names.begin(), names.end(), figure.stage) != names.end()) return;
  std::string advice = did_you_mean(figure.stage, names);
  if (advice.empty()) advice = fmt::format("; its stages are: {}", fmt::join(names, ", "));
  throw InputError(fmt::format("search '{}': figure '{}': the recipe has no stage '{}'{}",
                               plan.file.name, figure.name, figure.stage, advice));
}

}  // namespace

ResolvedPoint resolve(const SearchPlan& plan, const Point& point) {
  ResolvedPoint resolved{.key = "", .overrides = overrides_at(plan, point)};
  recipe::Recipe recipe = read_recipe(plan, resolved.overrides);
  resolved.threads = recipe.threads;
  resolved.key = key_of(std::move(recipe));
  return resolved;
}

SearchPlan parse_search(const std::string& toml, const std::string& origin,
                        const std::string& folder) {
  SearchPlan plan{.file = parse_search_file(toml, origin), .recipe_path = ""};
  plan.recipe_path = (std::filesystem::path(folder) / plan.file.recipe).lexically_normal().string();
  std::vector<std::string> overrides;
  for (const Setting& setting : plan.file.set) overrides.push_back(to_override(setting));
  plan.recipe = read_recipe(plan, overrides);
  check_stage(plan, plan.file.objective);
  if (plan.file.against) check_stage(plan, *plan.file.against);
  check_variables(plan);
  return plan;
}

SearchPlan read_search(const std::string& path) {
  return parse_search(read_text(path), path, std::filesystem::path(path).parent_path().string());
}

}  // namespace pare::search
