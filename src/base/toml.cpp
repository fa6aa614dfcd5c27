#include "base/toml.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/names.h"

namespace pare {
namespace {

/// What stands there, short enough for a message.
std::string describe(const toml::node& node) {
  constexpr std::size_t kLongest = 60;
  if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
  if (const auto* value = node.as_integer()) return fmt::format("{}", value->get());
  if (const auto* value = node.as_floating_point()) return fmt::format("{:#}", value->get());
  if (const auto* value = node.as_string()) {
    const std::string& text = value->get();
    return text.size() <= kLongest ? '"' + text + '"'
                                   : "a text of " + std::to_string(text.size()) + " bytes";
  }
  if (node.is_array()) return "an array";
  if (node.is_table()) return "a table";
  return "a date or time";
}

std::string describe(const RealRange& range) {
  const bool has_max = std::isfinite(range.max);
  if (!std::isfinite(range.min) && !has_max) return "a finite number";
  std::string text =
      fmt::format("a number {} {:g}", range.min_allowed ? "from" : "above", range.min);
  if (has_max) text += fmt::format(" {} {:g}", range.max_allowed ? "to" : "to below", range.max);
  return text;
}

std::string describe(const IntRange& range) {
  if (range.max == std::numeric_limits<std::int64_t>::max()) {
    return fmt::format("an integer of at least {}", range.min);
  }
  return fmt::format("an integer from {} to {}", range.min, range.max);
}

bool is_within(double value, const RealRange& range) {
  return std::isfinite(value) && (range.min_allowed ? value >= range.min : value > range.min) &&
         (range.max_allowed ? value <= range.max : value < range.max);
}

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

}  // namespace

TomlReader::TomlReader(const toml::table& table, std::string origin, std::string path)
    : table_(&table), origin_(std::move(origin)), path_(std::move(path)) {}

void TomlReader::fail_at(std::string_view key, const toml::node& node,
                         std::string_view message) const {
  // Nodes that an override made have no line.
  const auto line = node.source().begin.line;
  const std::string where = line == 0 ? origin_ : fmt::format("{}:{}", origin_, line);
  const std::string name = key.empty() ? path_ : join(path_, key);
  throw InputError(name.empty() ? fmt::format("{}: {}", where, message)
                                : fmt::format("{}: {}: {}", where, name, message));
}

void TomlReader::fail(std::string_view key, std::string_view message) const {
  const toml::node* node = table_->get(key);
  fail_at(key, node != nullptr ? *node : *table_, message);
}

void TomlReader::wrong_type(std::string_view key, const toml::node& node,
                            std::string_view expected) const {
  fail_at(key, node, fmt::format("found {}, expected {}", describe(node), expected));
}

const toml::node* TomlReader::take(std::string_view key) {
  known_.emplace(key);
  return table_->get(key);
}

const toml::array* TomlReader::take_array(std::string_view key) {
  const toml::node* node = take(key);
  if (node == nullptr) return nullptr;
  if (!node->is_array()) wrong_type(key, *node, "an array");
  return node->as_array();
}

std::int64_t TomlReader::integer(std::string_view key, const toml::node& node,
                                 const IntRange& range) const {
  const auto* value = node.as_integer();
  if (value == nullptr || value->get() < range.min || value->get() > range.max) {
    wrong_type(key, node, describe(range));
  }
  return value->get();
}

double TomlReader::real(std::string_view key, const toml::node& node,
                        const RealRange& range) const {
  if (!node.is_number()) wrong_type(key, node, describe(range));
  // toml++ gives no double for an integer beyond 2^53; here it is rounded as any decimal is.
  const toml::value<std::int64_t>* integer = node.as_integer();
  const double value =
      integer != nullptr ? static_cast<double>(integer->get()) : node.as_floating_point()->get();
  if (!is_within(value, range)) wrong_type(key, node, describe(range));
  return value;
}

std::string TomlReader::text(std::string_view key, const toml::node& node) const {
  if (!node.is_string()) wrong_type(key, node, "a string");
  return node.as_string()->get();
}

void TomlReader::read(std::string_view key, bool& value) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (!node->is_boolean()) wrong_type(key, *node, "true or false");
  value = node->as_boolean()->get();
}

void TomlReader::read(std::string_view key, std::string& value) {
  if (const toml::node* node = take(key)) value = text(key, *node);
}

void TomlReader::read(std::string_view key, double& value, const RealRange& range) {
  if (const toml::node* node = take(key)) value = real(key, *node, range);
}

void TomlReader::read(std::string_view key, std::vector<std::string>& values) {
  const toml::array* array = take_array(key);
  if (array == nullptr) return;
  values.clear();
  for (const toml::node& node : *array) values.push_back(text(key, node));
}

void TomlReader::read(std::string_view key, std::vector<double>& values, const RealRange& range) {
  const toml::array* array = take_array(key);
  if (array == nullptr) return;
  values.clear();
  for (const toml::node& node : *array) values.push_back(real(key, node, range));
}

void TomlReader::read(std::string_view key, std::vector<std::int64_t>& values,
                      const IntRange& range) {
  const toml::array* array = take_array(key);
  if (array == nullptr) return;
  values.clear();
  for (const toml::node& node : *array) values.push_back(integer(key, node, range));
}

std::optional<std::size_t> TomlReader::read_choice(std::string_view key,
                                                   std::span<const std::string> spellings) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  const std::string expected = fmt::format("one of \"{}\"", fmt::join(spellings, "\", \""));
  if (!node->is_string()) wrong_type(key, *node, expected);
  const std::string& found = node->as_string()->get();
  const auto at = std::ranges::find(spellings, found);
  if (at == spellings.end()) wrong_type(key, *node, expected + did_you_mean(found, spellings));
  return static_cast<std::size_t>(at - spellings.begin());
}

std::optional<TomlReader> TomlReader::table(std::string_view key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_table()) wrong_type(key, *node, "a table");
  return TomlReader(*node->as_table(), origin_, join(path_, key));
}

std::vector<TomlReader> TomlReader::tables(std::string_view key) {
  const toml::node* node = take(key);
  if (node == nullptr) return {};
  if (!node->is_array()) wrong_type(key, *node, fmt::format("an array of tables ([[{}]])", key));
  const std::string prefix = join(path_, key);
  std::vector<TomlReader> readers;
  for (const toml::node& element : *node->as_array()) {
    if (!element.is_table()) wrong_type(key, element, "a table");
    const toml::table& table = *element.as_table();
    const auto name = table["name"].value<std::string>();
    readers.emplace_back(
        table, origin_,
        fmt::format("{}.{}", prefix, name ? *name : std::to_string(readers.size() + 1)));
  }
  return readers;
}

void TomlReader::finish() const {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [key, value] : *table_) {
    if (known_.contains(key.str())) continue;
    std::string advice = did_you_mean(key.str(), known);
    if (advice.empty()) advice = fmt::format("; known keys: {}", fmt::join(known, ", "));
    const auto line = key.source().begin.line;
    const std::string where = line != 0 ? fmt::format("{}:{}", origin_, line) : origin_;
    throw InputError(fmt::format("{}: unknown key '{}'{}", where, join(path_, key.str()), advice));
  }
}

}  // namespace pare
