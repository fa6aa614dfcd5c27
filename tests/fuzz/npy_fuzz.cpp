#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "data/npy.h"

/// Any bytes are an array or refused; an array survives being written and read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto tensor = pare::data::parse_npy(std::as_bytes(std::span(data, size)), "fuzz");
    if (tensor.bytes().size() > size) std::abort();
    if (pare::data::parse_npy(pare::data::format_npy(tensor), "again") != tensor) std::abort();
  } catch (const pare::InputError&) {
  }
  return 0;
}
