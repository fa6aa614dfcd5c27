#include "cli/sensitivity_table.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace pare::cli {
namespace {

using Json = nlohmann::json;

std::string title_of(const std::string& kind, double value) {
  if (kind == "sparsity") return fmt::format("{:g} %", 100 * value);
  return fmt::format("{:g} bit", value);
}

std::string weights_of(const Json& result, const std::string& layer) {
  for (const Json& of : result.at("layers")) {
    if (of.at("layer") == layer) return grouped(of.at("weights").get<std::int64_t>());
  }
  return "";
}

}  // namespace

Table sensitivity_table(const Json& result, const std::string& kind) {
  std::vector<std::string> layers;
  Table table;
  table.columns = {{"layer", Align::kLeft}, {"weights"}};
  for (const Json& point : result.at("points")) {
    if (!point.contains(kind)) continue;
    const auto layer = point.at("layer").get<std::string>();
    if (layers.empty() || layers.back() != layer) {
      layers.push_back(layer);
      table.rows.push_back({layer, weights_of(result, layer)});
    }
    if (layers.size() == 1) table.columns.push_back({title_of(kind, point.at(kind))});
    const Json& accuracy = point.at("accuracy");
    table.rows.back().push_back(
        accuracy.is_null() ? "-" : fmt::format("{:.2f}", 100 * accuracy.get<double>()));
  }
  return table;
}

}  // namespace pare::cli
