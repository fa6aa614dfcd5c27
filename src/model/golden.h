#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "program/program.h"
#include "program/reference.h"

namespace pare::model {

/// The most samples that golden vectors have.
inline constexpr std::int64_t kMaxGoldenSamples = 256;

/// The most bytes of codes, as stored, that make_golden keeps (or those of one sample's inputs and
/// outputs, where these are more).
inline constexpr std::int64_t kMaxGoldenBytes = std::int64_t{8} << 20;

/// What a program makes of some samples, recorded when it was made: whatever runs the program later
/// is held against it. All samples have the same numbers of steps.
struct Golden {
  std::int64_t num_samples = 0;
  std::int64_t num_kept = 0;                   ///< samples of which all buffers are kept
  std::vector<std::int64_t> trip_counts = {};  ///< in the order of Program::trip_counts

  /// By BufferId, codes as storage_dtype: [samples, steps, shape of the buffer], without the steps
  /// where the buffer has one value. Inputs and outputs have all samples, the other buffers the
  /// first num_kept.
  std::vector<Tensor> codes = {};

  /// By BufferId: hash_codes of the buffer at each step, u64 [samples, steps]; one step where the
  /// buffer has one value.
  std::vector<Tensor> hashes = {};

  friend bool operator==(const Golden&, const Golden&) = default;
};

/// The narrowest integer type that holds a width.
DType storage_dtype(program::Width width);

/// A hash of integers in their order: h starts as their number, and each x makes it mix(h ^ x),
/// where mix is the output function of SplitMix64. So one integer that differs always shows.
/// Ref: Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
std::uint64_t hash_codes(std::span<const std::int64_t> codes);

/// Steps at which a buffer has a value, 1 where it has one.
std::int64_t num_steps(const program::Program& program, std::span<const std::int64_t> trip_counts,
                       program::BufferId id);

/// Runs the reference, with traps, on samples (the first kMaxGoldenSamples of them, or fewer where
/// inputs and outputs would leave kMaxGoldenBytes) and records all it computes. Throws InputError
/// if there is no sample, samples have different trip counts, or as run_reference.
Golden make_golden(const program::Program& program, std::span<const program::Inputs> samples);

/// Whether the codes of a buffer are kept for a sample.
bool has_codes(const Golden& golden, program::BufferId id, std::int64_t sample);

/// The codes of a buffer for one sample, all steps. REQUIRES: has_codes.
program::Codes codes_of(const Golden& golden, program::BufferId id, std::int64_t sample);

/// The hash of a buffer. REQUIRES: sample and step in range.
std::uint64_t hash_of(const Golden& golden, program::BufferId id, std::int64_t sample,
                      std::int64_t step);

/// What the program is run on for one sample.
program::Inputs inputs_of(const program::Program& program, const Golden& golden,
                          std::int64_t sample);

/// Throws InputError unless golden vectors fit their program: numbers, dtypes and shapes of the
/// tensors, and every code within its buffer's width. REQUIRES: the program passes check.
void check_golden(const program::Program& program, const Golden& golden);

}  // namespace pare::model
