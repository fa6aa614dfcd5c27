#pragma once

// Random numbers and inputs for tests of everything that runs programs. The same seed gives the
// same everywhere.

#include <cstdint>
#include <utility>

#include "base/philox.h"
#include "program/program.h"
#include "program/reference.h"

namespace pare::program {

/// A sequence of random numbers.
class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : philox_(seed, RandomStream::kSynthetic) {}

  /// lowest … highest, both included.
  std::int64_t in(std::int64_t lowest, std::int64_t highest) {
    const auto span = static_cast<std::uint64_t>(highest) - static_cast<std::uint64_t>(lowest) + 1;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(lowest) +
                                     philox_.below(next_++, span));
  }
  bool one_in(std::int64_t n) { return in(1, n) == 1; }
  /// As wide as any number of up to `bits` bits, small ones as likely as large ones.
  std::int64_t of_bits(int bits) {
    const std::int64_t limit = std::int64_t{1} << in(0, bits);
    return in(1 - limit, limit - 1);
  }

 private:
  Philox philox_;
  std::uint64_t next_ = 0;
};

enum class InputKind {
  kLowest,   ///< every code at its lower rail
  kHighest,  ///< every code at its upper rail
  kRails,    ///< each at one of its rails
  kAny,
};

/// Inputs for a program, with 0 to `most_steps` steps.
inline Inputs random_inputs(const Program& program, std::uint64_t seed, InputKind kind,
                            std::int64_t most_steps = 4) {
  RandomNumbers random(seed);
  Inputs inputs;
  for (std::size_t i = 0; i < program.trip_counts.size(); ++i) {
    inputs.trip_counts.push_back(random.in(0, most_steps));
  }
  for (const BufferId id : program.inputs) {
    const Buffer& buffer = program.buffer(id);
    const Interval range = buffer.width.range();
    const std::int64_t steps = buffer.each ? inputs.trip_counts[buffer.each->value] : 1;
    Codes codes(static_cast<std::size_t>(steps) * size_of(program, id));
    for (std::int64_t& code : codes) {
      switch (kind) {
        case InputKind::kLowest:
          code = range.lowest;
          break;
        case InputKind::kHighest:
          code = range.highest;
          break;
        case InputKind::kRails:
          code = random.one_in(2) ? range.lowest : range.highest;
          break;
        case InputKind::kAny:
          code = random.in(range.lowest, range.highest);
          break;
      }
    }
    inputs.buffers.push_back(std::move(codes));
  }
  return inputs;
}

}  // namespace pare::program
