#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/error.h"
#include "data/envi.h"

/// A header, a zero byte and raw data of any bytes are a cube no larger than they are, or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::string_view text = all.substr(0, all.find('\0'));
    const auto raw = std::as_bytes(std::span(data, size)).subspan(std::min(text.size() + 1, size));
    const auto header = pare::data::parse_envi_header(text, "fuzz");
    const auto cube = pare::data::parse_envi(header, raw, "fuzz");
    if (cube.bytes().size() > raw.size() || cube.rank() != 3) std::abort();
    if (!header.band_names.empty() &&
        static_cast<std::int64_t>(header.band_names.size()) != cube.dim(2)) {
      std::abort();
    }
  } catch (const pare::InputError&) {
  }
  return 0;
}
