#include "emit/c/names.h"

#include <fmt/format.h>

namespace pare::emit::c {
namespace {

constexpr std::size_t kMaxIdentifier = 40;
constexpr std::size_t kMaxComment = 200;

// Not std::isalnum: emitted text does not depend on the locale.
bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string identifier_part(std::string_view text) {
  std::string part;
  for (const char c : text) {
    if (part.size() == kMaxIdentifier) break;
    if (is_alphanumeric(c)) {
      part += c;
    } else if (!part.empty() && part.back() != '_') {
      part += '_';
    }
  }
  while (!part.empty() && part.back() == '_') part.pop_back();
  return part.empty() ? "x" : part;
}

std::string comment_text(std::string_view text) {
  constexpr std::string_view kHarmless = " _.,:;+=()[]<>-";
  std::string comment;
  for (const char c : text.substr(0, kMaxComment)) {
    comment += is_alphanumeric(c) || kHarmless.find(c) != std::string_view::npos ? c : '_';
  }
  return comment;
}

std::string Names::add(std::string_view prefix, std::string_view text) {
  const std::string name = std::string(prefix) + identifier_part(text);
  std::string unique = name;
  for (int i = 2; !taken_.insert(unique).second; ++i) unique = fmt::format("{}_{}", name, i);
  return unique;
}

}  // namespace pare::emit::c
