#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace pare::cost {

/// Where a program's values have to be kept while it runs, one op after the other.
struct Storage {
  /// Of each buffer, by BufferId, whether it needs memory. One that is written by a linear,
  /// element-wise or argmax op, and read by nothing but one element-wise op of the same section, is
  /// consumed as it arises: accumulators stay in registers.
  std::vector<bool> is_stored;
  /// The most that is alive at one time, each element at its declared width.
  std::int64_t peak_bits = 0;
  /// The same with elements of 1, 2, 4 or 8 bytes, as processors store them.
  std::int64_t peak_bytes = 0;
};

/// The analysis: a buffer lives from the op that writes it (the program's inputs: from the start)
/// to the last op that reads it (outputs: to the end); an op's inputs and outputs are alive
/// together. A loop's ops run at every step: what a loop reads from outside, and states, live as
/// long as it. A buffer that has a value at each step is kept for all steps of its trip count,
/// unless all that touches it is in one loop: then one step's values are. Inputs and outputs at
/// each step count one step if the program can run step by step (program::has_step), where they
/// arrive and leave as time goes on. `trip_counts`: one a trip count of the program. REQUIRES: it
/// passes program::check.
Storage analyse_storage(const program::Program& program, std::span<const std::int64_t> trip_counts);

/// Bytes of an element of `bits` bits as processors store it: 1, 2, 4 or 8.
int bytes_of_element(int bits);

}  // namespace pare::cost
