#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace pare::program {

/// One op on one step's values of its inputs. `output` has the size of the op's output buffer. With
/// traps, throws InternalError if an accumulator or output leaves its declared width.
/// REQUIRES: as run_reference.
void run_op(const Program& program, const Node& node,
            const std::vector<std::span<const std::int64_t>>& inputs,
            std::span<std::int64_t> output, bool traps);

}  // namespace pare::program
