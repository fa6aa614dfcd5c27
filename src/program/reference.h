#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace pare::program {

// The definition of what a program means: short, plain, on int64_t.

/// The integers of a buffer for one sample: its elements, row-major; where it has a value each
/// step, those of step 0, then those of step 1, …
using Codes = std::vector<std::int64_t>;

/// What a program is run on.
struct Inputs {
  std::vector<Codes> buffers;                  ///< in the order of Program::inputs
  std::vector<std::int64_t> trip_counts = {};  ///< in the order of Program::trip_counts
};

struct Outputs {
  std::vector<Codes> outputs;  ///< in the order of Program::outputs
  /// Every buffer, by BufferId, if asked for. States: their last value.
  std::vector<Codes> buffers = {};
};

struct ReferenceOptions {
  /// Look at every value and at every sum of only the positive and of only the negative terms
  /// (between which all partial sums lie, whatever the order of summation): throw InternalError
  /// naming the op if one leaves its declared width.
  bool traps = false;
  bool keeps_buffers = false;  ///< fill Outputs::buffers
};

/// Steps times elements of all buffers that one run may need; more is refused.
inline constexpr std::int64_t kMaxRunElements = std::int64_t{1} << 28;

/// Runs a program on one sample. REQUIRES: it passes check; with traps, check_structure is enough
/// if no sum leaves 63 bits. Throws InputError naming the input: a wrong number of inputs, trip
/// counts or codes, codes that leave their width, negative trip counts, or more than
/// kMaxRunElements.
Outputs run_reference(const Program& program, const Inputs& inputs,
                      const ReferenceOptions& options = {});

/// A program with exactly one loop, forward, run as the data come: the same results as
/// run_reference on all steps at once.
class ReferenceStepper {
 public:
  /// Runs the sections in front of the loop. `inputs` are those of Program::inputs that have one
  /// value, in their order. The program must outlive the stepper. Throws InputError if the program
  /// has no such loop, or as above.
  ReferenceStepper(const Program& program, const std::vector<Codes>& inputs,
                   const ReferenceOptions& options = {});

  /// One step of the loop. `inputs`: this step's values of the inputs that have one at each step,
  /// in their order. Returns this step's values of the outputs that have one at each step.
  std::vector<Codes> step(const std::vector<Codes>& inputs);

  /// Runs the sections behind the loop and returns the outputs that have one value. To be called
  /// once, after the last step.
  std::vector<Codes> finish();

 private:
  const Program& program_;
  ReferenceOptions options_;
  std::vector<Codes> values_;  ///< by BufferId; of this step
  std::size_t loop_ = 0;       ///< index of the loop among the sections
};

}  // namespace pare::program
