#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/names.h"
#include "base/toml.h"

namespace pare {
namespace {

/// A path of keys that is taken from the front, part by part.
struct Path {
  std::string_view rest;
  std::string_view whole;

  [[noreturn]] void fail(std::string_view message) const {
    throw InputError(fmt::format("override '{}': {}", whole, message));
  }

  bool is_empty() const { return rest.empty(); }

  /// Takes `part` if the path starts with it, up to a dot or the end.
  bool take(std::string_view part) {
    if (!rest.starts_with(part)) return false;
    if (rest.size() > part.size() && rest[part.size()] != '.') return false;
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return true;
  }

  /// Takes what stands before the first dot.
  std::string next() {
    const std::string part(rest.substr(0, rest.find('.')));
    if (part.empty()) fail("an empty key; expected KEY.KEY=VALUE");
    take(part);
    return part;
  }
};

/// A bare word passes by the parser, which would have refused other text: it could not be read
/// again once the recipe is written.
void check_utf8(std::string_view text, const Path& path) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
  } catch (const nlohmann::json::type_error&) {
    path.fail("the value is not UTF-8 text");
  }
}

/// A key with its value, as a table of one entry.
toml::table parse_value(std::string_view text, const Path& path) {
  const bool is_one_line = text.find_first_of("\r\n") == std::string_view::npos;
  try {
    if (is_one_line) return parse_toml(fmt::format("value = {}", text), "value");
  } catch (const InputError& error) {
    if (!text.empty() && std::string_view("[{\"'").find(text[0]) != std::string_view::npos) {
      path.fail(error.what());
    }
  }
  check_utf8(text, path);
  return toml::table{{"value", std::string(text)}};
}

/// The index that a number from 1 stands for; nothing for other text and numbers past the end.
std::optional<std::size_t> index_of(const std::string& part, const toml::array& array) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  const bool is_number = error == std::errc() && end == part.data() + part.size();
  if (!is_number || number < 1 || number > array.size()) return std::nullopt;
  return number - 1;
}

/// The element that the path names next: by its name, even one with dots; or by its number from 1.
toml::table& element_of(toml::array& array, Path& path) {
  std::vector<std::string> names;
  toml::table* found = nullptr;
  std::size_t longest = 0;
  for (toml::node& node : array) {
    toml::table* table = node.as_table();
    check(table != nullptr, "element_of: an array of tables");
    const auto name = (*table)["name"].value<std::string>();
    names.push_back(name.value_or(std::to_string(names.size() + 1)));
    Path rest = path;
    if (names.back().size() > longest && rest.take(names.back())) {
      found = table;
      longest = names.back().size();
    }
  }
  if (found != nullptr) {
    path.take(std::string(path.rest.substr(0, longest)));
    return *found;
  }
  const std::string part = path.next();
  if (const auto index = index_of(part, array)) return *array[*index].as_table();
  std::string advice = did_you_mean(part, names);
  if (advice.empty()) advice = fmt::format("; there are: {}", fmt::join(names, ", "));
  path.fail(fmt::format("there is no '{}'{}", part, advice));
}

void set(toml::table& table, Path& path, toml::node& value);

void set(toml::array& array, Path& path, toml::node& value) {
  const bool has_tables = !array.empty() && array.is_homogeneous(toml::node_type::table);
  if (has_tables) {
    toml::table& element = element_of(array, path);
    if (path.is_empty()) path.fail("names a table; name a key of it");
    return set(element, path, value);
  }
  const std::string part = path.next();
  const auto index = index_of(part, array);
  if (!index) {
    path.fail(fmt::format("there is no element '{}'; the array has {}, counted from 1", part,
                          array.size()));
  }
  if (path.is_empty()) {
    array.replace(array.begin() + static_cast<std::ptrdiff_t>(*index), value);
  } else if (toml::array* inner = array[*index].as_array()) {
    set(*inner, path, value);
  } else if (toml::table* table = array[*index].as_table()) {
    set(*table, path, value);
  } else {
    path.fail(fmt::format("element '{}' is a value, not a table", part));
  }
}

void set(toml::table& table, Path& path, toml::node& value) {
  const std::string key = path.next();
  if (path.is_empty()) {
    table.insert_or_assign(key, value);
    return;
  }
  toml::node* next = table.get(key);
  if (next == nullptr) next = &table.insert(key, toml::table{}).first->second;
  if (toml::array* array = next->as_array()) {
    set(*array, path, value);
  } else if (next->is_table()) {
    set(*next->as_table(), path, value);
  } else {
    path.fail(fmt::format("'{}' is a value, not a table", key));
  }
}

}  // namespace

void apply_override(toml::table& table, std::string_view override_text) {
  const std::size_t equals = override_text.find('=');
  Path path{override_text.substr(0, equals), override_text};
  if (equals == std::string_view::npos) path.fail("expected KEY.KEY=VALUE");
  constexpr std::size_t kMaxPath = 1000;
  if (equals > kMaxPath) path.fail("the key is too long");
  toml::table value = parse_value(override_text.substr(equals + 1), path);
  if (value.size() != 1) path.fail("expected one value");
  set(table, path, value.begin()->second);
}

}  // namespace pare
