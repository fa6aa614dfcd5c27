#include "search/search_tables.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "search/journal.h"

namespace pare::search {
namespace {

using Json = nlohmann::json;

Json or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(); }

std::vector<std::string> columns_of(const SearchFile& file) {
  std::vector<std::string> columns = {"trial", "origin", "status"};
  for (const Variable& variable : file.space.variables) columns.push_back(variable.key);
  columns.push_back(file.objective.name);
  if (file.against) columns.push_back(file.against->name);
  columns.push_back("front");
  return columns;
}

std::vector<Json> row_of(const SearchFile& file, const SearchResult& result, std::size_t trial) {
  const Outcome& outcome = result.outcomes[trial];
  std::vector<Json> row = {outcome.name, outcome.origin,
                           kTrialStatusNames[static_cast<std::size_t>(outcome.status)]};
  for (Setting& setting : settings_at(file.space, outcome.point)) {
    row.push_back(std::move(setting.value));
  }
  row.push_back(or_null(outcome.objective));
  if (file.against) row.push_back(or_null(outcome.against));
  row.push_back(std::find(result.front.begin(), result.front.end(), trial) != result.front.end());
  return row;
}

/// The trials as cells, as results.csv has a row for each cell and stage.
Grid to_grid(const SearchPlan& plan, const SearchResult& result) {
  Grid grid{.name = plan.file.name, .recipe_path = plan.recipe_path};
  for (const Outcome& outcome : result.outcomes) {
    grid.cells.push_back({.key = outcome.key,
                          .name = outcome.name,
                          .group = outcome.name,
                          .label = outcome.origin,
                          .settings = settings_at(plan.file.space, outcome.point),
                          .seed = plan.recipe.seed});
  }
  return grid;
}

/// A string of JSON is one of TOML.
std::string quoted(const std::string& text) { return Json(text).dump(); }

std::vector<std::size_t> retrained(const SearchFile& file, const SearchResult& result) {
  if (file.retrain.trials == Retrained::kFront) return result.front;
  if (file.retrain.trials == Retrained::kBest) {
    const std::size_t count = std::min<std::size_t>(1, result.front.size());
    return {result.front.begin(), result.front.begin() + static_cast<std::ptrdiff_t>(count)};
  }
  std::vector<std::size_t> all(result.outcomes.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

/// The settings that a cell has in the end: of all trials, of the point, of the training again.
std::vector<Setting> settings_of_cell(const SearchFile& file, const Point& point) {
  std::vector<Setting> settings;
  for (const auto& part : {file.set, settings_at(file.space, point), file.retrain.set}) {
    for (const Setting& setting : part) {
      const auto same = std::find_if(settings.begin(), settings.end(), [&](const Setting& other) {
        return other.key == setting.key;
      });
      if (same != settings.end()) {
        same->value = setting.value;
      } else {
        settings.push_back(setting);
      }
    }
  }
  return settings;
}

Json describe(const SearchPlan& plan, const SearchResult& result) {
  const SearchFile& file = plan.file;
  Json description = {{"name", file.name},
                      {"description", file.description},
                      {"recipe", plan.recipe.name},
                      {"recipe_description", plan.recipe.description},
                      {"data_set", plan.recipe.data.set},
                      {"data_train", plan.recipe.data.train},
                      {"objective", file.objective.name},
                      {"trials", result.total}};
  if (file.against) description["against"] = file.against->name;
  return description;
}

}  // namespace

ResultsTable trials_table(const SearchPlan& plan, const SearchResult& result) {
  ResultsTable table{columns_of(plan.file), {}};
  for (std::size_t i = 0; i < result.outcomes.size(); ++i) {
    table.rows.push_back(row_of(plan.file, result, i));
  }
  return table;
}

ResultsTable front_table(const SearchPlan& plan, const SearchResult& result) {
  ResultsTable table{columns_of(plan.file), {}};
  for (const std::size_t trial : result.front) {
    table.rows.push_back(row_of(plan.file, result, trial));
  }
  return table;
}

std::string retrain_sweep(const SearchPlan& plan, const SearchResult& result) {
  const SearchFile& file = plan.file;
  const std::vector<std::size_t> trials = retrained(file, result);
  if (trials.empty()) return "";
  std::vector<std::int64_t> seeds = file.retrain.seeds;
  if (seeds.empty()) seeds.push_back(static_cast<std::int64_t>(plan.recipe.seed));
  const std::string recipe =
      std::filesystem::absolute(plan.recipe_path).lexically_normal().string();
  std::string text = fmt::format(
      "# Points that search {} found, to be trained again: pare sweep retrain.toml\n\n"
      "name = {}\nrecipe = {}\nworkers = {}\n",
      file.name, quoted(file.name + "-retrain"), quoted(recipe), file.workers);
  for (const std::size_t trial : trials) {
    const Outcome& outcome = result.outcomes[trial];
    text += fmt::format("\n[[cell]]\nlabel = {}\n", quoted(outcome.name));
    text += fmt::format("seeds = [{}]\n", fmt::join(seeds, ", "));
    text += "[cell.set]\n";
    for (const Setting& setting : settings_of_cell(file, outcome.point)) {
      if (setting.key == "seed") continue;
      // In a sweep a list is a list of values to try.
      const Json value = setting.value.is_array() ? Json::array({setting.value}) : setting.value;
      text += fmt::format("{} = {}\n", quoted(setting.key), value.dump());
    }
  }
  return text;
}

void write_tables(const SearchPlan& plan, const SearchResult& result, const StagesOfCell& stages_of,
                  const std::string& folder) {
  write_file_atomic(folder + "/trials.csv", to_csv(trials_table(plan, result)));
  write_file_atomic(folder + "/front.csv", to_csv(front_table(plan, result)));
  write_file_atomic(folder + "/results.csv", to_csv(tabulate(to_grid(plan, result), stages_of)));
  const std::string sweep = retrain_sweep(plan, result);
  if (!sweep.empty()) write_file_atomic(folder + "/retrain.toml", sweep);
  write_file_atomic(folder + "/search.json", describe(plan, result).dump(2) + "\n");
}

}  // namespace pare::search
