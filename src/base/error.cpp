#include "base/error.h"

#include <fmt/format.h>

namespace pare {

void throw_internal(std::string_view what, const char* file, int line) {
  throw InternalError(fmt::format("{}:{}: {}", file, line, what));
}

}  // namespace pare
