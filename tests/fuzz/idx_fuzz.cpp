#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "data/gzip.h"
#include "data/idx.h"

/// Any bytes, gzipped or not, are an array or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    if (pare::data::is_gzip(bytes)) {
      pare::data::parse_idx(pare::data::gunzip(bytes, "fuzz"), "fuzz");
    } else if (pare::data::parse_idx(bytes, "fuzz").bytes().size() > size) {
      std::abort();
    }
  } catch (const pare::InputError&) {
  }
  return 0;
}
