// Stands in for png.cpp and png_write.cpp in a build without libpng.

#include <fmt/format.h>

#include "base/error.h"
#include "data/png.h"

namespace pare::data {
namespace {

[[noreturn]] void refuse(std::string_view what) {
  throw InputError(
      fmt::format("{}: this pare was built without PNG; install libpng-dev and configure with "
                  "-DPARE_WITH_PNG=ON",
                  what));
}

}  // namespace

Tensor parse_png(std::span<const std::byte>, const std::string& origin) { refuse(origin); }

std::vector<std::byte> format_png(const Tensor&) { refuse("PNG images"); }

}  // namespace pare::data
