// Stands in for png.cpp in a build without libpng.

#include <fmt/format.h>

#include "base/error.h"
#include "data/png.h"

namespace pare::data {

Tensor parse_png(std::span<const std::byte>, const std::string& origin) {
  throw InputError(
      fmt::format("{}: this pare was built without PNG; install libpng-dev and configure with "
                  "-DPARE_WITH_PNG=ON",
                  origin));
}

}  // namespace pare::data
