#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace pare {

/// The user's file, argument or model is wrong. The message names where (file, layer, key), what
/// was found, what was expected and what to do; the command line prints it and exits with 3.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A bug of ours. The command line asks for a report and exits with 4.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void throw_internal(std::string_view what, const char* file, int line);

/// Throws InternalError with the caller's place when `holds` is false. For what only a bug of ours
/// can break, never for what a user can.
inline void check(bool holds, std::string_view what, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (!holds) throw_internal(what, file, line);
}

}  // namespace pare
