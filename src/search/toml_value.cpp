#include "search/toml_value.h"

#include <algorithm>
#include <cmath>

namespace pare::search {

std::optional<nlohmann::json> to_value(const toml::node& node) {
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* real = node.as_floating_point()) {
    if (std::isfinite(real->get())) return real->get();
  }
  if (const auto* array = node.as_array()) {
    nlohmann::json values = nlohmann::json::array();
    for (const toml::node& element : *array) {
      const std::optional<nlohmann::json> value = to_value(element);
      if (!value) return std::nullopt;
      values.push_back(*value);
    }
    return values;
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, const toml::node*>> in_file_order(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> entries;
  for (const auto& [key, value] : table) entries.emplace_back(key.str(), &value);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const toml::source_position first = a.second->source().begin;
    const toml::source_position second = b.second->source().begin;
    return std::pair(first.line, first.column) < std::pair(second.line, second.column);
  });
  return entries;
}

}  // namespace pare::search
