// Any text is either refused with an InputError, or is a program that survives printing and reading
// and stays within its widths at both rails.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "program/random_program.h"
#include "program/reference.h"
#include "program/text.h"

namespace program = pare::program;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  program::Program read;
  try {
    read = program::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const pare::InputError&) {
    return 0;
  }
  pare::check(program::parse(program::print(read), "printed") == read,
              "the program differs once printed");

  // Shapes may be large where the text is small: only small programs are run.
  constexpr std::int64_t kMaxElements = 1 << 12;
  std::int64_t total = 0;
  for (const auto& buffer : read.buffers) total += pare::num_elements(buffer.shape);
  for (const auto& constant : read.constants) total += pare::num_elements(constant.shape);
  if (total > kMaxElements) return 0;
  for (const auto kind : {program::InputKind::kLowest, program::InputKind::kHighest}) {
    program::run_reference(read, program::random_inputs(read, 1, kind), {.traps = true});
  }
  return 0;
}
