#include "search/search_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/toml.h"
#include "search/cell_name.h"
#include "search/sobol.h"
#include "search/toml_value.h"

namespace pare::search {
namespace {

using Json = nlohmann::json;

constexpr int kMaxTrials = 1000;
constexpr int kMostWorkers = 1024;
constexpr std::int64_t kMaxValues = 65'536;  // of a range
constexpr std::size_t kMaxChoices = 1000;

/// A table of settings, `set`.
std::vector<Setting> read_settings(TomlReader& parent) {
  std::vector<Setting> settings;
  const std::optional<TomlReader> reader = parent.table("set");
  if (!reader) return settings;
  for (const auto& [key, node] : in_file_order(*parent.node("set")->as_table())) {
    const std::optional<Json> value = to_value(*node);
    if (!value) {
      reader->fail(key,
                   "expected a finite number, a boolean, a string or an array of them; write the "
                   "key in quotes: \"train.epochs\" = 25");
    }
    settings.push_back({key, *value});
  }
  return settings;
}

Figure read_figure(TomlReader reader) {
  Figure figure;
  std::string maximised;
  reader.read("minimise", figure.name);
  reader.read("maximise", maximised);
  reader.read("stage", figure.stage);
  reader.finish();
  if (figure.name.empty() == maximised.empty()) {
    reader.fail("",
                "expected either minimise = \"FIGURE\" or maximise = \"FIGURE\", a name as "
                "results.csv has them: \"validation.loss\"");
  }
  if (figure.name.empty()) figure = {maximised, figure.stage, Goal::kMaximise};
  return figure;
}

void read_range(TomlReader& reader, Variable& variable) {
  std::vector<std::int64_t> range;
  std::int64_t step = 1;
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  reader.read("range", range, {.min = -kLargest, .max = kLargest});
  reader.read("step", step, {.min = 1, .max = kLargest});
  if (range.size() != 2 || range[0] > range[1]) {
    reader.fail("range", "expected the first and the last integer, as [8, 128]");
  }
  if ((range[1] - range[0]) / step >= kMaxValues) {
    reader.fail("range", fmt::format("more than {} values; expected a larger step", kMaxValues));
  }
  for (std::int64_t value = range[0]; value <= range[1]; value += step) {
    variable.values.push_back(value);
  }
}

void read_values(TomlReader& reader, const toml::node& node, Variable& variable) {
  const std::optional<Json> values = to_value(node);
  if (!values || !values->is_array() || values->empty() || values->size() > kMaxChoices) {
    reader.fail("values", fmt::format("expected a list of 1 to {} values", kMaxChoices));
  }
  variable.values = values->get<std::vector<Json>>();
  if (variable.is_numeric()) std::sort(variable.values.begin(), variable.values.end());
  for (std::size_t i = 0; i < variable.values.size(); ++i) {
    const auto begin = variable.values.begin();
    const auto here = begin + static_cast<std::ptrdiff_t>(i);
    if (std::find(begin, here, *here) != here) {
      reader.fail("values", fmt::format("{} is there twice", here->dump()));
    }
  }
}

Variable read_variable(TomlReader& reader) {
  Variable variable;
  reader.read("key", variable.key);
  if (variable.key.empty()) {
    reader.fail("key", "expected a key of the recipe, as \"model.hidden.1\"");
  }
  if (variable.key == "seed") {
    reader.fail("key", "the seed is no variable: what it finds is luck; set one in [set]");
  }
  if (reader.has("range") == reader.has("values")) {
    reader.fail("", "expected either range = [8, 128] or values = [4, 6, 12]");
  }
  if (reader.has("range")) {
    read_range(reader, variable);
  } else {
    read_values(reader, *reader.node("values"), variable);
  }
  static const std::array<std::string, 2> kScales = {"linear", "log"};
  if (const auto scale = reader.read_choice("scale", kScales)) {
    variable.scale = static_cast<Scale>(*scale);
  }
  const bool is_positive =
      std::all_of(variable.values.begin(), variable.values.end(),
                  [](const Json& value) { return value.is_number() && value.get<double>() > 0; });
  if (variable.scale == Scale::kLog && !is_positive) {
    reader.fail("scale", "a logarithm needs numbers above 0");
  }
  reader.finish();
  return variable;
}

Retraining read_retraining(TomlReader& reader) {
  Retraining retraining;
  static const std::array<std::string, 3> kTrials = {"front", "best", "all"};
  if (const auto trials = reader.read_choice("trials", kTrials)) {
    retraining.trials = static_cast<Retrained>(*trials);
  }
  reader.read("seeds", retraining.seeds, {.min = 0});
  retraining.set = read_settings(reader);
  for (const Setting& setting : retraining.set) {
    if (setting.key == "seed") reader.fail("set", "give seeds as 'seeds = [1, 2, 3]' beside it");
  }
  reader.finish();
  return retraining;
}

void check_file(const SearchFile& file, const TomlReader& reader) {
  if (file.name.empty()) reader.fail("name", "every search needs a name");
  if (file.name != file_name(file.name)) {
    reader.fail("name", "only letters, digits and . - _ + are allowed, at most 120");
  }
  if (file.recipe.empty()) {
    reader.fail("recipe", "expected the recipe's path, relative to this file");
  }
  if (file.objective.name.empty()) {
    reader.fail("objective", "expected a table, as objective = { minimise = \"validation.loss\" }");
  }
  if (file.space.variables.empty()) {
    reader.fail("variable", "there is no [[variable]]: nothing to search");
  }
  if (file.space.variables.size() > Sobol::kMaxDimensions) {
    reader.fail("variable", fmt::format("{} variables; expected at most {}",
                                        file.space.variables.size(), Sobol::kMaxDimensions));
  }
  if (file.method == Method::kParego && !file.against) {
    reader.fail("method", "parego weighs two figures: expected a table [against] as well");
  }
  std::set<std::string> keys;
  for (const Setting& setting : file.set) keys.insert(setting.key);
  for (const Variable& variable : file.space.variables) {
    if (!keys.insert(variable.key).second) {
      reader.fail("variable", fmt::format("'{}' is set twice", variable.key));
    }
  }
}

}  // namespace

SearchFile parse_search_file(const std::string& toml, const std::string& origin) {
  const toml::table table = parse_toml(toml, origin);
  TomlReader reader(table, origin);
  SearchFile file;
  reader.read("name", file.name);
  reader.read("description", file.description);
  reader.read("recipe", file.recipe);
  static const std::array<std::string, 3> kMethods = {"bayes", "parego", "random"};
  if (const auto method = reader.read_choice("method", kMethods)) {
    file.method = static_cast<Method>(*method);
  }
  reader.read("trials", file.trials, {.min = 1, .max = kMaxTrials});
  reader.read("initial", file.initial, {.min = 1, .max = kMaxTrials});
  reader.read("seed", file.seed);
  reader.read("workers", file.workers, {.min = 1, .max = kMostWorkers});
  file.set = read_settings(reader);
  if (const auto objective = reader.table("objective")) file.objective = read_figure(*objective);
  if (const auto against = reader.table("against")) file.against = read_figure(*against);
  for (TomlReader& variable : reader.tables("variable")) {
    file.space.variables.push_back(read_variable(variable));
  }
  if (auto retrain = reader.table("retrain")) {
    file.retrain = read_retraining(*retrain);
  }
  reader.finish();
  check_file(file, reader);
  return file;
}

}  // namespace pare::search
