#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "data/png.h"

/// Any bytes are an image or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto image = pare::data::parse_png(std::as_bytes(std::span(data, size)), "fuzz");
    if (image.rank() != 3 || (image.dim(0) != 1 && image.dim(0) != 3)) std::abort();
  } catch (const pare::InputError&) {
  }
  return 0;
}
