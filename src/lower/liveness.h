#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "program/intervals.h"
#include "program/program.h"

namespace pare::lower {

/// Which elements of a program's buffers are needed (lower/remove_dead.h).
struct Liveness {
  /// By BufferId: the elements to keep, ascending. Empty: nothing reads the buffer; the op that
  /// writes it can go.
  std::vector<std::vector<std::int64_t>> kept;
  /// By BufferId: elements that always have one value.
  std::vector<std::vector<std::optional<std::int64_t>>> values;

  bool is_kept(program::BufferId id) const { return !kept[id.value].empty(); }
};

/// REQUIRES: the program passes program::check.
Liveness find_liveness(const program::Program& program);

}  // namespace pare::lower
