#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

namespace pare {

/// The text as a table. `origin` names it in messages. Throws InputError with the line: syntax
/// errors, text that is not UTF-8, keys of more than 16 parts, values nested more than 32 deep.
toml::table parse_toml(std::string_view text, const std::string& origin);

/// Sets one key: "train.epochs=3". The value is TOML; anything else that does not start like a
/// string, array or table counts as a string. An element of an array of tables is addressed by its
/// `name`, or by its number from 1 where it has none ("stage.qat.train.epochs=3",
/// "stage.2.train.epochs=3"); one of any other array by its number from 1 ("model.hidden.1=32").
/// Tables that are missing on the way are made, elements are not. Throws InputError naming the
/// override.
void apply_override(toml::table& table, std::string_view override_text);

/// The smallest and largest value allowed, both included.
struct IntRange {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// The allowed values; infinite ends are no limit. Values are always finite.
struct RealRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_allowed = true;
  bool max_allowed = true;
};

/// Typed access to a table. Every reader of a key leaves the value alone where the key is absent,
/// so that what it held is the default. Errors are InputErrors that name file, line and key, what
/// was found and what was expected. The table must outlive the reader.
class TomlReader {
 public:
  /// `path` is the table's own dotted name, "" for the top.
  TomlReader(const toml::table& table, std::string origin, std::string path = "");

  bool has(std::string_view key) const { return table_->contains(key); }

  void read(std::string_view key, bool& value);
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, double& value, const RealRange& range = {});
  void read(std::string_view key, std::vector<std::string>& values);
  void read(std::string_view key, std::vector<double>& values, const RealRange& range = {});
  void read(std::string_view key, std::vector<std::int64_t>& values, const IntRange& range = {});

  template <std::integral T>
  void read(std::string_view key, T& value, IntRange range = {}) {
    range.min = std::max(range.min, lowest<T>());
    range.max = std::min(range.max, highest<T>());
    if (const toml::node* node = take(key)) value = static_cast<T>(integer(key, *node, range));
  }

  /// The number of the spelling found; nothing where the key is absent.
  std::optional<std::size_t> read_choice(std::string_view key,
                                         std::span<const std::string> spellings);

  /// The value under a key as it is, for what has no reader here; null where it is absent.
  const toml::node* node(std::string_view key) { return take(key); }

  /// The table under a key, and the tables of an array under a key; nothing where it is absent.
  std::optional<TomlReader> table(std::string_view key);
  std::vector<TomlReader> tables(std::string_view key);

  /// Throws InputError if the table has keys that nobody asked for, with the nearest that was.
  void finish() const;

  /// Throws InputError at the key's line (the table's, if the key is absent).
  [[noreturn]] void fail(std::string_view key, std::string_view message) const;

 private:
  template <std::integral T>
  static constexpr std::int64_t lowest() {
    if constexpr (std::signed_integral<T>) return std::numeric_limits<T>::min();
    return 0;
  }
  template <std::integral T>
  static constexpr std::int64_t highest() {
    if constexpr (sizeof(T) < 8) return std::numeric_limits<T>::max();
    return std::numeric_limits<std::int64_t>::max();
  }

  const toml::node* take(std::string_view key);
  const toml::array* take_array(std::string_view key);
  std::int64_t integer(std::string_view key, const toml::node& node, const IntRange& range) const;
  double real(std::string_view key, const toml::node& node, const RealRange& range) const;
  std::string text(std::string_view key, const toml::node& node) const;
  [[noreturn]] void fail_at(std::string_view key, const toml::node& node,
                            std::string_view message) const;
  [[noreturn]] void wrong_type(std::string_view key, const toml::node& node,
                               std::string_view expected) const;

  const toml::table* table_;
  std::string origin_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace pare
