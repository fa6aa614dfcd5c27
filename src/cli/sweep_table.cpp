#include "cli/sweep_table.h"

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pare::cli {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& row, const char* column) {
  const auto value = row.find(column);
  if (value == row.end()) return "-";
  return value->is_string() ? value->get<std::string>() : value->dump();
}

/// "mean ± sd" of a measured column, times `factor`; the mean alone for a single seed.
std::string spread(const Json& row, const std::string& name, double factor, int decimals) {
  const auto mean = row.find(name + ".mean");
  if (mean == row.end() || !mean->is_number()) return "-";
  std::string text = fmt::format("{:.{}f}", factor * mean->get<double>(), decimals);
  const auto sd = row.find(name + ".sd");
  if (sd != row.end() && sd->is_number()) {
    text += fmt::format(" ± {:.{}f}", factor * sd->get<double>(), decimals);
  }
  return text;
}

std::string mean_count(const Json& row, const std::string& name) {
  const auto mean = row.find(name + ".mean");
  return mean != row.end() && mean->is_number() ? grouped(mean->get<double>(), 0) : "-";
}

}  // namespace

Table sweep_table(const search::ResultsTable& summary) {
  Table table;
  table.columns = {{"cells", Align::kLeft},
                   {"stage", Align::kLeft},
                   {"seeds"},
                   {"sparsity %"},
                   {"weights"},
                   {"BOPs"},
                   {"accuracy %"},
                   {"AUC %"}};
  for (const Json& row : search::to_json(summary)) {
    table.rows.push_back({text_of(row, "label"), text_of(row, "stage"), text_of(row, "seeds"),
                          spread(row, "sparsity", 100, 1), mean_count(row, "alive_weights"),
                          mean_count(row, "bops.weight_only_input_32"),
                          spread(row, "test.accuracy", 100, 2),
                          spread(row, "test.auc_macro", 100, 2)});
  }
  return table;
}

}  // namespace pare::cli
