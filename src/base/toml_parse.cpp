#include <fmt/format.h>

#include "base/error.h"
#include "base/toml.h"

namespace pare {
namespace {

constexpr int kMaxKeyParts = 16;
constexpr int kMaxNesting = 32;

/// Walks over the text outside of strings and comments. On text that is not TOML it may lose its
/// way, but the parser stops at the same place.
class DepthScan {
 public:
  DepthScan(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

  void run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        ++at_;
        step(c);
      }
    }
  }

 private:
  void step(char c) {
    if (c == '[' || c == '{') ++nesting_;
    if (c == ']' || c == '}') --nesting_;
    if (c == '.') ++dots_;
    if (c == '\n' || c == ',' || c == '=') dots_ = 0;
    if (c == '\n') ++line_;
    if (nesting_ > kMaxNesting)
      fail(fmt::format("values are nested more than {} deep", kMaxNesting));
    if (dots_ >= kMaxKeyParts) fail(fmt::format("a key has more than {} parts", kMaxKeyParts));
  }

  void skip_string(char quote) {
    const std::string_view triple = quote == '"' ? R"(""")" : "'''";
    const bool is_long = text_.substr(at_, 3) == triple;
    at_ += is_long ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        ++at_;
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
  int nesting_ = 0;
  int dots_ = 0;
};

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& origin) {
  // Tables are destroyed recursively, and the parser bounds the depth of values but not of keys.
  DepthScan(text, origin).run();
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}:{}: {}", origin, error.source().begin.line, error.description()));
  }
}

}  // namespace pare
