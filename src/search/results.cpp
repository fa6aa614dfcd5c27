#include "search/results.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/metrics_reader.h"

namespace pare::search {
namespace {

using Json = nlohmann::json;
using Values = std::map<std::string, Json>;

/// Columns that say which cell and stage it is, and so are neither measured nor averaged.
bool is_identity(const std::string& column) {
  return column == "event" || column == "cell" || column == "label" || column == "seed" ||
         column == "stage" || column == "index" || column == "seeds";
}

void flatten_into(const Json& value, const std::string& name,
                  std::vector<std::pair<std::string, Json>>& out) {
  if (!value.is_structured()) {
    out.emplace_back(name, value);
    return;
  }
  for (const auto& item : value.items()) {
    flatten_into(item.value(), name.empty() ? item.key() : name + "." + item.key(), out);
  }
}

/// What one stage of one cell measured.
struct StageOfCell {
  const Cell* cell;
  Json stage;
  Json index;
  Values measured;
};

std::vector<StageOfCell> collect(const Grid& grid, const StagesOfCell& stages_of) {
  std::vector<StageOfCell> collected;
  for (const Cell& cell : grid.cells) {
    const Json stages = stages_of(cell);
    if (stages.is_null()) continue;
    for (const Json& stage : stages) {
      StageOfCell row{&cell, stage.value("stage", Json()), stage.value("index", Json()), {}};
      for (auto& [name, value] : flatten(stage)) {
        if (!is_identity(name)) row.measured.emplace(name, std::move(value));
      }
      collected.push_back(std::move(row));
    }
  }
  return collected;
}

std::vector<std::string> setting_keys(const Grid& grid) {
  std::vector<std::string> keys;
  for (const Cell& cell : grid.cells) {
    for (const Setting& setting : cell.settings) {
      if (std::find(keys.begin(), keys.end(), setting.key) == keys.end()) {
        keys.push_back(setting.key);
      }
    }
  }
  return keys;
}

Json setting_of(const Cell& cell, const std::string& key) {
  for (const Setting& setting : cell.settings) {
    if (setting.key == key) return setting.value;
  }
  return nullptr;
}

std::set<std::string> measured_names(const std::vector<StageOfCell>& stages) {
  std::set<std::string> names;
  for (const StageOfCell& stage : stages) {
    for (const auto& [name, value] : stage.measured) names.insert(name);
  }
  return names;
}

Json value_or_null(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? Json() : found->second;
}

/// The same stage of the cells that differ only in the seed.
struct StageOfGroup {
  const StageOfCell* first;
  std::vector<const StageOfCell*> seeds;
};

std::vector<StageOfGroup> group_seeds(const std::vector<StageOfCell>& stages) {
  std::vector<StageOfGroup> groups;
  std::map<std::pair<std::string, std::string>, std::size_t> known;
  for (const StageOfCell& stage : stages) {
    const auto [place, is_new] =
        known.try_emplace({stage.cell->group, stage.stage.dump()}, groups.size());
    if (is_new) groups.push_back({&stage, {}});
    groups[place->second].seeds.push_back(&stage);
  }
  return groups;
}

std::vector<double> numbers_of(const StageOfGroup& group, const std::string& name) {
  std::vector<double> numbers;
  for (const StageOfCell* stage : group.seeds) {
    const Json value = value_or_null(stage->measured, name);
    if (value.is_number()) numbers.push_back(value.get<double>());
  }
  return numbers;
}

/// Mean and sample standard deviation; null where there are too few numbers.
std::pair<Json, Json> mean_and_sd(const std::vector<double>& numbers) {
  if (numbers.empty()) return {nullptr, nullptr};
  const auto count = static_cast<double>(numbers.size());
  double sum = 0;
  for (const double number : numbers) sum += number;
  const double mean = sum / count;
  if (numbers.size() == 1) return {mean, nullptr};
  double squares = 0;
  for (const double number : numbers) squares += (number - mean) * (number - mean);
  return {mean, std::sqrt(squares / (count - 1))};
}

}  // namespace

Json read_stage_results(const std::string& metrics_path) {
  const std::vector<Json> stages = read_metrics(metrics_path, "stage_end");
  if (stages.empty()) {
    throw InputError(metrics_path + ": no stage has ended: there is no \"stage_end\" line");
  }
  return stages;
}

std::vector<std::pair<std::string, Json>> flatten(const Json& object) {
  std::vector<std::pair<std::string, Json>> flat;
  flatten_into(object, "", flat);
  return flat;
}

ResultsTable tabulate(const Grid& grid, const StagesOfCell& stages_of) {
  const std::vector<StageOfCell> stages = collect(grid, stages_of);
  const std::vector<std::string> keys = setting_keys(grid);
  const std::set<std::string> names = measured_names(stages);
  ResultsTable table{{"cell", "label", "seed"}, {}};
  table.columns.insert(table.columns.end(), keys.begin(), keys.end());
  table.columns.insert(table.columns.end(), {"stage", "index"});
  table.columns.insert(table.columns.end(), names.begin(), names.end());
  for (const StageOfCell& stage : stages) {
    std::vector<Json> row = {stage.cell->name, stage.cell->label, stage.cell->seed};
    for (const std::string& key : keys) row.push_back(setting_of(*stage.cell, key));
    row.push_back(stage.stage);
    row.push_back(stage.index);
    for (const std::string& name : names) row.push_back(value_or_null(stage.measured, name));
    table.rows.push_back(std::move(row));
  }
  return table;
}

ResultsTable summarise(const Grid& grid, const StagesOfCell& stages_of) {
  const std::vector<StageOfCell> stages = collect(grid, stages_of);
  const std::vector<StageOfGroup> groups = group_seeds(stages);
  const std::vector<std::string> keys = setting_keys(grid);
  std::vector<std::string> names;
  for (const std::string& name : measured_names(stages)) {
    const bool is_number = std::any_of(groups.begin(), groups.end(), [&](const auto& group) {
      return !numbers_of(group, name).empty();
    });
    if (is_number) names.push_back(name);
  }
  ResultsTable table{{"label"}, {}};
  table.columns.insert(table.columns.end(), keys.begin(), keys.end());
  table.columns.insert(table.columns.end(), {"stage", "index", "seeds"});
  for (const std::string& name : names) {
    table.columns.push_back(name + ".mean");
    table.columns.push_back(name + ".sd");
  }
  for (const StageOfGroup& group : groups) {
    std::vector<Json> row = {group.first->cell->label};
    for (const std::string& key : keys) row.push_back(setting_of(*group.first->cell, key));
    row.insert(row.end(), {group.first->stage, group.first->index, group.seeds.size()});
    for (const std::string& name : names) {
      auto [mean, sd] = mean_and_sd(numbers_of(group, name));
      row.push_back(std::move(mean));
      row.push_back(std::move(sd));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace pare::search
