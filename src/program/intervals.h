#pragma once

#include <optional>
#include <vector>

#include "program/program.h"

namespace pare::program {

/// What the elements of a buffer can be: one interval for all, or one an element (row-major).
using Intervals = std::vector<Interval>;

/// The interval of an element.
inline Interval interval_of(const Intervals& intervals, std::size_t element) {
  return intervals.size() == 1 ? intervals.front() : intervals.at(element);
}

/// The smallest interval that holds them all. REQUIRES: not empty.
Interval hull(const Intervals& intervals);

/// What an op does to intervals.
struct OpIntervals {
  Intervals output;
  /// Linear: every partial sum in any order of summation, the bias a term like the others.
  std::optional<Interval> partial_sums = std::nullopt;
};

/// The intervals of an op's output from those of its inputs, with the constants as they are. What
/// elements have to do with each other is not seen, so that an interval may be wider than what can
/// happen, never narrower. `buffers` has one entry a buffer of the program; those that the op
/// reads are filled. This is what declared widths come from: the caller may still be building the
/// program, the output's width does not matter. REQUIRES: the op's operands fit (check_op). Throws
/// InputError naming the op if something leaves 63 bits and sign.
OpIntervals op_intervals(const Program& program, const Node& node,
                         const std::vector<Intervals>& buffers);

/// What a whole program's values can be.
struct ProgramIntervals {
  std::vector<Intervals> buffers;  ///< by BufferId
  /// Of linear ops, by the BufferId of their output.
  std::vector<std::optional<Interval>> partial_sums;
};

/// The intervals of a program whose inputs and states take any value of their width. REQUIRES: it
/// passes check_structure. Throws InputError as above.
ProgramIntervals intervals(const Program& program);

}  // namespace pare::program
