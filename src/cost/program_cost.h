#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cost/hardware.h"
#include "cost/operations.h"
#include "cost/traffic.h"
#include "program/program.h"

namespace pare::cost {

// What one inference of an integer program costs: for one sample, nothing measured. Two figures
// stand side by side: *dense*, everything that the program says, zero weights too, and *non-zero*,
// where zero weights and zero biases are neither stored, read nor worked on (and knowing where they
// are costs nothing).

/// In pJ.
struct Energy {
  double arithmetic = 0;
  double constants = 0;    ///< reading them
  double activations = 0;  ///< reading and writing stored buffers
  /// What constants and activations are at the upper ends of the memories' energies.
  double constants_up_to = 0;
  double activations_up_to = 0;

  double total() const { return arithmetic + constants + activations; }
  double total_up_to() const { return arithmetic + constants_up_to + activations_up_to; }
};

/// One op, for one sample: what it does at one step, times `runs`.
struct OpCost {
  std::string op;         ///< the buffer that it writes, "fc1.sum"
  std::string kind;       ///< "linear"
  std::int64_t runs = 1;  ///< steps of its loop; 1 outside of loops
  std::int64_t macs = 0;  ///< linear: multiply-accumulates, see OpWork
  std::int64_t nonzero_macs = 0;
  std::int64_t multiplications = 0;         ///< that zero weights do not save
  std::int64_t additions = 0;               ///< and comparisons, the same
  std::vector<Operations> operations = {};  ///< by width
  Traffic traffic;
  Energy dense;
  Energy nonzero;
};

/// What has to be kept.
struct MemoryUse {
  std::int64_t weight_bits = 0;  ///< of linear ops, each element at its width
  std::int64_t nonzero_weight_bits = 0;
  std::int64_t weight_bytes = 0;           ///< elements of 1, 2, 4 or 8 bytes
  std::int64_t constant_bits = 0;          ///< weights and all others
  std::int64_t nonzero_constant_bits = 0;  ///< without zero weights and biases
  std::int64_t constant_bytes = 0;
  std::int64_t peak_activation_bits = 0;  ///< see cost/lifetimes.h
  std::int64_t peak_activation_bytes = 0;
};

struct ProgramTotal {
  MemoryUse memory;
  std::int64_t macs = 0;
  std::int64_t nonzero_macs = 0;
  std::int64_t multiplications = 0;
  std::int64_t additions = 0;
  Traffic traffic;
  Energy dense;
  Energy nonzero;
  /// All MACs, zero weights too, as float32: a multiplication and an add each. For comparison.
  double float_macs_picojoules = 0;
};

struct ProgramReport {
  Hardware hardware;
  std::vector<std::int64_t> trip_counts;
  Memory dense_constants_memory;  ///< where constants lie
  Memory nonzero_constants_memory;
  Memory activations_memory;
  std::vector<OpCost> ops;
  ProgramTotal total;
};

/// Costs of a program.
///
/// - Constants lie together in the smallest memory of the hardware that holds them, activations at
///   their peak in the smallest that holds those. Words are packed full; a write costs what a read
///   does.
/// - Every op reads and writes what traffic_of says. Filling the inputs is not counted.
/// - Arithmetic: work_of.
///
/// `trip_counts`: one a trip count of the program; empty: one step each. REQUIRES: it passes
/// program::check. Throws InputError: a wrong number of trip counts, one outside 0 … 2^20, more
/// than 2^53 operations, or no memory that holds all.
ProgramReport estimate(const program::Program& program, const Hardware& hardware,
                       std::vector<std::int64_t> trip_counts = {});

}  // namespace pare::cost
