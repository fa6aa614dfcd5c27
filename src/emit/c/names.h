#pragma once

#include <set>
#include <string>
#include <string_view>

namespace pare::emit::c {

/// Text as part of a C identifier: letters, digits and single underscores, at most 40 of them, the
/// rest made '_'. Never empty. It may start with a digit.
std::string identifier_part(std::string_view text);

/// Text that cannot end a comment, begin one, splice lines or form a trigraph.
std::string comment_text(std::string_view text);

/// Gives out identifiers that differ.
class Names {
 public:
  /// `prefix` followed by the text as an identifier, and a number if that was given out before.
  std::string add(std::string_view prefix, std::string_view text);

 private:
  std::set<std::string> taken_;
};

}  // namespace pare::emit::c
