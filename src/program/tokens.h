#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pare::program {

struct Token {
  enum class Kind { kName, kQuoted, kNumber, kMark, kEnd };
  Kind kind = Kind::kEnd;
  std::string text = {};    ///< a name without its quotes, a mark
  std::int64_t number = 0;  ///< of kNumber
  int line = 1;
};

/// Splits a program's text into names, numbers and marks ( ) [ ] { } , = one at a time.
class Tokens {
 public:
  /// `origin` names the text in messages. The text must outlive the reader.
  Tokens(std::string_view text, std::string origin);

  const Token& peek() const { return next_; }

  /// The next token, and moves on. Throws InputError with the line if what follows is no token.
  Token take();

  /// Whether the next token is this mark or bare word; moves on if it is.
  bool accept(std::string_view text);

  /// Moves on over this mark or bare word. Throws InputError with the line if another is there.
  void expect(std::string_view text);

  /// The name (bare or quoted) or number there. Throws InputError with the line, saying that
  /// `what` was expected, if another is there.
  std::string take_name(std::string_view what);
  std::int64_t take_number(std::string_view what);

  /// Throws InputError: "ORIGIN: line 3: found 'x', expected WHAT".
  [[noreturn]] void fail_expected(std::string_view what) const { fail_expected(next_, what); }
  [[noreturn]] void fail_expected(const Token& token, std::string_view what) const;
  /// Throws InputError: "ORIGIN: line 3: MESSAGE".
  [[noreturn]] void fail(int line, std::string_view message) const;

 private:
  Token read();
  void skip_space();
  Token read_quoted();
  Token read_number();

  std::string_view rest_;
  std::string origin_;
  int line_ = 1;
  Token next_;
};

}  // namespace pare::program
