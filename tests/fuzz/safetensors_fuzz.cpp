// Any bytes are either refused with an InputError, or hold contents that survive writing and
// reading.
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pare::Safetensors contents;
  try {
    contents = pare::parse_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const pare::InputError&) {
    return 0;
  }
  const auto again = pare::parse_safetensors(pare::to_bytes(contents), "written");
  pare::check(again == contents, "contents differ once written");
  return 0;
}
