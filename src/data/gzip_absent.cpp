// Stands in for gzip.cpp in a build without zlib.

#include <fmt/format.h>

#include "base/error.h"
#include "data/gzip.h"

namespace pare::data {

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

std::vector<std::byte> gunzip(std::span<const std::byte>, const std::string& origin) {
  throw InputError(
      fmt::format("{}: this pare was built without gzip; install zlib1g-dev and configure with "
                  "-DPARE_WITH_ZIP=ON",
                  origin));
}

}  // namespace pare::data
