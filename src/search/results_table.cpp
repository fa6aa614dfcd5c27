#include "search/results_table.h"

#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::search {
namespace {

using Json = nlohmann::json;

/// What a field without quotes means.
Json bare_value(const std::string& text) {
  if (text.empty()) return nullptr;
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool is_scalar = value.is_number() || value.is_boolean();
  return is_scalar ? value : Json(text);
}

std::string field(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string() && !value.is_array()) return value.dump();
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  const bool is_plain =
      text.find_first_of(",\"\r\n") == std::string::npos && bare_value(text).is_string();
  if (is_plain) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

/// Reads fields one after another.
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& origin) : text_(text), origin_(&origin) {}

  bool is_at_end() const { return at_ == text_.size(); }
  int line() const { return line_; }

  std::vector<Json> read_row() {
    std::vector<Json> row;
    row.push_back(read_field());
    while (!is_at_end() && text_[at_] == ',') {
      ++at_;
      row.push_back(read_field());
    }
    if (!is_at_end() && text_[at_] == '\r') ++at_;
    if (!is_at_end() && text_[at_] != '\n') fail("text after a quoted field");
    if (!is_at_end()) ++at_;
    ++line_;
    return row;
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw InputError(fmt::format("{}: line {}: {}", *origin_, line_, what));
  }

 private:
  Json read_field() {
    if (!is_at_end() && text_[at_] == '"') return read_quoted();
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    const std::string text(text_.substr(at_, end - at_));
    at_ = end;
    return bare_value(text);
  }

  Json read_quoted() {
    std::string text;
    for (++at_; !is_at_end(); ++at_) {
      if (text_[at_] == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          return text;
        }
        ++at_;
      }
      text += text_[at_];
    }
    fail("a quoted field without its closing quote");
  }

  std::string_view text_;
  const std::string* origin_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::string to_csv(const ResultsTable& table) {
  std::string csv;
  const auto append_line = [&csv](const auto& values) {
    bool is_first = true;
    for (const auto& value : values) {
      if (!is_first) csv += ',';
      is_first = false;
      csv += field(value);
    }
    csv += '\n';
  };
  append_line(table.columns);
  for (const auto& row : table.rows) append_line(row);
  return csv;
}

ResultsTable parse_csv(const std::string& csv, const std::string& origin) {
  CsvReader reader(csv, origin);
  ResultsTable table;
  if (reader.is_at_end()) reader.fail("an empty file; expected a header line");
  for (const Json& title : reader.read_row()) {
    table.columns.push_back(title.is_string() ? title.get<std::string>() : title.dump());
  }
  while (!reader.is_at_end()) {
    const int line = reader.line();
    table.rows.push_back(reader.read_row());
    if (table.rows.back().size() != table.columns.size()) {
      throw InputError(fmt::format("{}: line {}: {} fields, the header has {}", origin, line,
                                   table.rows.back().size(), table.columns.size()));
    }
  }
  return table;
}

Json to_json(const ResultsTable& table) {
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json object = Json::object();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (!row[i].is_null()) object[table.columns[i]] = row[i];
    }
    rows.push_back(std::move(object));
  }
  return rows;
}

}  // namespace pare::search
