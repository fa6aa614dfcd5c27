#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <toml++/toml.h>

namespace pare::search {

/// A value that a recipe's key may have; nothing for dates, tables and what is not finite.
std::optional<nlohmann::json> to_value(const toml::node& node);

/// A table's entries in the order of the file, which toml++ forgets.
std::vector<std::pair<std::string, const toml::node*>> in_file_order(const toml::table& table);

}  // namespace pare::search
