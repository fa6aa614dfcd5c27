#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "data/csv.h"

/// Any text is a table of finite inputs with one label a row, or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto table = pare::data::parse_csv(text, "fuzz", "y");
    if (table.inputs.dim(0) != table.labels.dim(0)) std::abort();
    if (table.inputs.dim(1) != static_cast<std::int64_t>(table.features.size())) std::abort();
    for (const float value : table.inputs.as<float>()) {
      if (!std::isfinite(value)) std::abort();
    }
  } catch (const pare::InputError&) {
  }
  return 0;
}
