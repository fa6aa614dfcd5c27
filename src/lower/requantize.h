#pragma once

#include <cstdint>
#include <string>

#include "lower/affine.h"
#include "lower/program_builder.h"

namespace pare::lower {

/// A grid to round to: code = clamp(round(value * multiply / divide), lowest, highest), as
/// graph/quantize.h has it, counted from the code of 0.
struct CodeGrid {
  std::vector<double> codes_per_value = {};  ///< multiply / divide; one, or one an element
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  graph::Rounding rounding = graph::Rounding::kHalfEven;
};

/// Adds the op that rounds a buffer, whose integers mean `affine`, to `grid`: a requantize, or a
/// threshold table where its constants need fewer bits. `output` names the buffer it writes; its
/// shape and width are set. Throws InputError naming `who`.
program::BufferId requantize(ProgramBuilder& builder, program::BufferId input, const Affine& affine,
                             const CodeGrid& grid, program::Buffer output, const std::string& who);

/// Adds the op that writes the sign of a buffer, whose integers mean `affine`: 1 where the value is
/// at least 0, else -1. `output` as for requantize.
program::BufferId signs(ProgramBuilder& builder, program::BufferId input, const Affine& affine,
                        program::Buffer output);

}  // namespace pare::lower
