#include <fmt/format.h>

#include "base/error.h"
#include "base/toml.h"

namespace pare {
namespace {

constexpr int kMaxKeyParts = 16;
constexpr std::size_t kMaxNesting = 32;

/// Finds what the parser must not be given: what is too deep, or what takes toml++ 3.3 into a
/// failed assertion or undefined behaviour (all of it found by fuzzing; none of it is TOML, but for
/// a letter that is not ASCII first in a continued line). Walks over the text outside of strings
/// and comments.
class Scan {
 public:
  Scan(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

  void run() {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);  // a byte-order mark
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        check_ascii(at_);
        if (c == '[' && open_.empty() && is_line_start_) check_header();
        if (c != ' ' && c != '\t') is_line_start_ = c == '\n';
        step(c);
        ++at_;
      }
    }
  }

 private:
  void step(char c) {
    if (c == '[' || c == '{') open(c);
    if (c == ']' || c == '}') close(c);
    if (c == '.') ++dots_;
    if (c == '\n' || c == ',' || c == '=') dots_ = 0;
    if (c == '=') take_equals();
    if (c == '\n' || c == ',' || c == '{') has_equals_ = false;
    if (c == '\n') has_header_ = false;
    if (c == '\n') ++line_;
    if (open_.size() > kMaxNesting) {
      fail(fmt::format("values are nested more than {} deep", kMaxNesting));
    }
    if (dots_ >= kMaxKeyParts) fail(fmt::format("a key has more than {} parts", kMaxKeyParts));
  }

  /// Whether the character here is the first or comes after one of `characters`.
  bool follows(std::string_view characters) const {
    return at_ == 0 || characters.find(text_[at_ - 1]) != std::string_view::npos;
  }

  /// Whether keys may stand here: at the top and in inline tables.
  bool takes_keys() const { return open_.empty() || open_.back() == '{'; }

  // Inside of a number or word, brackets, quotes and equals signs open nothing, and the parser
  // reads on past them.

  void open(char c) {
    if (!follows(" \t\n=[{,")) fail(fmt::format("'{}' inside of a word", c));
    open_ += c;
  }

  void take_equals() {
    if (has_equals_ || !takes_keys()) fail("an unexpected '='");
    has_equals_ = true;
  }

  /// toml++ 3.3 asserts that an array is not closed by a brace.
  void close(char c) {
    if (open_.empty() || open_.back() != (c == ']' ? '[' : '{')) {
      fail(fmt::format("'{}' closes nothing", c));
    }
    open_.pop_back();
  }

  /// toml++ 3.3 asserts that a table's header starts with a key, where it should report an error.
  void check_header() {
    has_header_ = true;
    std::size_t at = text_.find_first_not_of(" \t", at_ + 1);
    if (at < text_.size() && text_[at] == '[') at = text_.find_first_not_of(" \t", at + 1);
    if (at >= text_.size()) return;
    const char c = text_[at];
    const bool is_key = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '"' || c == '\'';
    if (!is_key && c != ']') fail("expected a key after '['");
  }

  /// Outside of strings and comments TOML is ASCII, and there toml++ 3.3 takes most other
  /// characters into undefined behaviour (is_non_ascii_horizontal_whitespace).
  void check_ascii(std::size_t at) const {
    if (at < text_.size() && static_cast<unsigned char>(text_[at]) >= 0x80) {
      fail(
          "a character that is not ASCII must stand inside of quotes, and not first in a line that "
          "continues another");
    }
  }

  void skip_string(char quote) {
    is_line_start_ = false;
    const bool is_key = has_header_ || (takes_keys() && !has_equals_);
    if (!follows(is_key ? " \t\n=[{,." : " \t\n=[{,")) fail("a quote inside of a word");
    const std::string_view triple = quote == '"' ? R"(""")" : "'''";
    const bool is_long = text_.substr(at_, 3) == triple;
    at_ += is_long ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        ++at_;
        if (is_long) check_ascii(text_.find_first_not_of(" \t\r\n", at_));
        if (at_ < text_.size() && text_[at_] == '\n') ++line_;
      } else if (is_long ? text_.substr(at_, 3) == triple : c == quote) {
        at_ += is_long ? 3 : 1;
        // Up to two more quotes belong to the text of a long string.
        while (is_long && at_ < text_.size() && text_[at_] == quote) ++at_;
        return;
      } else if (c == '\n') {
        ++line_;
        if (!is_long) return;
      }
      ++at_;
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(fmt::format("{}:{}: {}", origin_, line_, message));
  }

  std::string_view text_;
  const std::string& origin_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::string open_;  ///< the brackets not yet closed
  int dots_ = 0;
  bool is_line_start_ = true;
  bool has_header_ = false;  ///< the line is a table's header
  bool has_equals_ = false;  ///< a key's value has begun
};

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& origin) {
  // Tables are destroyed recursively, and the parser bounds the depth of values but not of keys.
  Scan(text, origin).run();
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}:{}: {}", origin, error.source().begin.line, error.description()));
  }
}

}  // namespace pare
