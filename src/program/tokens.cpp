#include "program/tokens.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "program/text_names.h"

namespace pare::program {
namespace {

/// The start of a text, without what a terminal would act on.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string result;
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte >= 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return text.size() > kMost ? result + "…" : result;
}

}  // namespace

Tokens::Tokens(std::string_view text, std::string origin)
    : rest_(text), origin_(std::move(origin)), next_(read()) {}

Token Tokens::take() {
  Token token = std::move(next_);
  next_ = read();
  return token;
}

bool Tokens::accept(std::string_view text) {
  const bool is_word = next_.kind == Token::Kind::kName || next_.kind == Token::Kind::kMark;
  if (!is_word || next_.text != text) return false;
  next_ = read();
  return true;
}

void Tokens::expect(std::string_view text) {
  if (!accept(text)) fail_expected(fmt::format("'{}'", text));
}

std::string Tokens::take_name(std::string_view what) {
  if (next_.kind != Token::Kind::kName && next_.kind != Token::Kind::kQuoted) fail_expected(what);
  return take().text;
}

std::int64_t Tokens::take_number(std::string_view what) {
  if (next_.kind != Token::Kind::kNumber) fail_expected(what);
  return take().number;
}

void Tokens::fail_expected(const Token& token, std::string_view what) const {
  std::string found = "the end";
  if (token.kind == Token::Kind::kNumber) found = std::to_string(token.number);
  if (!token.text.empty()) found = fmt::format("'{}'", shown(token.text));
  if (token.kind == Token::Kind::kQuoted) found = fmt::format("\"{}\"", shown(token.text));
  fail(token.line, fmt::format("found {}, expected {}", found, what));
}

void Tokens::fail(int line, std::string_view message) const {
  throw InputError(fmt::format("{}: line {}: {}", origin_, line, message));
}

void Tokens::skip_space() {
  bool is_comment = false;
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (c == '\n') {
      ++line_;
      is_comment = false;
    } else if (c == '#') {
      is_comment = true;
    } else if (!is_comment && c != ' ' && c != '\t' && c != '\r') {
      return;
    }
    rest_.remove_prefix(1);
  }
}

Token Tokens::read() {
  skip_space();
  Token token{.line = line_};
  if (rest_.empty()) return token;
  const char c = rest_.front();
  if (c == '"') return read_quoted();
  if (c == '-' || (c >= '0' && c <= '9')) return read_number();
  std::size_t size = 1;
  if (is_name_start(c)) {
    while (size < rest_.size() && is_name_part(rest_[size])) ++size;
    token.kind = Token::Kind::kName;
  } else if (std::string_view("()[]{},=").find(c) != std::string_view::npos) {
    token.kind = Token::Kind::kMark;
  } else {
    fail(line_, fmt::format("found '{}', expected a name, a number or one of ( ) [ ] {{ }} , =",
                            shown(rest_.substr(0, 1))));
  }
  token.text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return token;
}

Token Tokens::read_quoted() {
  Token token{.kind = Token::Kind::kQuoted, .line = line_};
  const auto take_char = [&]() -> char {
    if (rest_.empty() || rest_.front() == '\n') fail(line_, "a name in quotes has no end");
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  };
  take_char();
  for (char c = take_char(); c != '"'; c = take_char()) {
    if (c == '\\') {
      c = take_char();
      if (c == 'x') {
        unsigned byte = 0;
        const std::string_view digits = rest_.substr(0, 2);
        const auto end = digits.data() + digits.size();
        const auto result = std::from_chars(digits.data(), end, byte, 16);
        if (digits.size() != 2 || result.ptr != end) {
          fail(line_, "\\x in quotes, expected two hexadecimal digits after it");
        }
        rest_.remove_prefix(2);
        c = static_cast<char>(byte);
      } else if (c != '"' && c != '\\') {
        fail(line_, "a \\ in quotes, expected \\\", \\\\ or \\xHH");
      }
    }
    token.text += c;
  }
  return token;
}

Token Tokens::read_number() {
  Token token{.kind = Token::Kind::kNumber, .line = line_};
  const auto result = std::from_chars(rest_.data(), rest_.data() + rest_.size(), token.number);
  const auto size = static_cast<std::size_t>(result.ptr - rest_.data());
  const bool ends = size == rest_.size() || !is_name_part(rest_[size]);
  if (result.ec != std::errc() || !ends) {
    const std::size_t end = rest_.find_first_of(" \t\r\n()[]{},=#");
    fail(line_,
         fmt::format("found '{}', expected an integer of 64 bits", shown(rest_.substr(0, end))));
  }
  rest_.remove_prefix(size);
  return token;
}

}  // namespace pare::program
