#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace pare::search {

/// Values in named columns: numbers, booleans, strings; null where nothing was measured.
struct ResultsTable {
  std::vector<std::string> columns;
  std::vector<std::vector<nlohmann::json>> rows;  ///< each as long as `columns`

  bool operator==(const ResultsTable&) const = default;
};

/// RFC 4180, with a header line. Reading a number gives the same double; null is an empty field;
/// strings that would read as something else are quoted; arrays become strings of JSON.
std::string to_csv(const ResultsTable& table);

/// Reads what to_csv wrote. Fields without quotes are numbers or booleans where they look like it.
/// Throws InputError naming `origin` and the line.
ResultsTable parse_csv(const std::string& csv, const std::string& origin);

/// Rows as objects {column: value}, without the nulls.
nlohmann::json to_json(const ResultsTable& table);

}  // namespace pare::search
