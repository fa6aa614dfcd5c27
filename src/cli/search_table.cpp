#include "cli/search_table.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

namespace pare::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kBest = 10;

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string figure_text(const std::optional<double>& figure) {
  if (!figure) return "-";
  constexpr double kLarge = 1e4;
  return std::abs(*figure) >= kLarge ? grouped(*figure, 0) : fmt::format("{:.5g}", *figure);
}

/// Measured trials by rising cost.
std::vector<std::size_t> best_trials(const search::SearchPlan& plan,
                                     const search::SearchResult& result) {
  std::vector<std::size_t> trials;
  for (std::size_t i = 0; i < result.outcomes.size(); ++i) {
    if (result.outcomes[i].objective) trials.push_back(i);
  }
  const auto cost = [&](std::size_t trial) {
    return search::to_cost(plan.file.objective, *result.outcomes[trial].objective);
  };
  std::stable_sort(trials.begin(), trials.end(),
                   [&](std::size_t a, std::size_t b) { return cost(a) < cost(b); });
  trials.resize(std::min(trials.size(), kBest));
  return trials;
}

}  // namespace

Table search_table(const search::SearchPlan& plan, const search::SearchResult& result) {
  const search::SearchFile& file = plan.file;
  Table table;
  table.columns = {{"trial", Align::kLeft}, {"from", Align::kLeft}};
  for (const search::Variable& variable : file.space.variables) {
    table.columns.push_back({variable.key});
  }
  table.columns.push_back({file.objective.name});
  if (file.against) table.columns.push_back({file.against->name});
  for (const std::size_t trial : file.against ? result.front : best_trials(plan, result)) {
    const search::Outcome& outcome = result.outcomes[trial];
    std::vector<std::string> row = {outcome.name, outcome.origin};
    for (const search::Setting& setting : search::settings_at(file.space, outcome.point)) {
      row.push_back(text_of(setting.value));
    }
    row.push_back(figure_text(outcome.objective));
    if (file.against) row.push_back(figure_text(outcome.against));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table variable_table(const search::SearchSpace& space) {
  Table table{
      {{"variable", Align::kLeft}, {"values"}, {"from", Align::kLeft}, {"to", Align::kLeft}},
      {},
      {}};
  for (const search::Variable& variable : space.variables) {
    table.rows.push_back({variable.key, grouped(static_cast<std::int64_t>(variable.values.size())),
                          text_of(variable.values.front()), text_of(variable.values.back())});
  }
  return table;
}

}  // namespace pare::cli
