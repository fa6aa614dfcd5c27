#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace pare {

/// Philox4x32-10: 128 random bits as a pure function of a 128-bit counter and a 64-bit key.
/// Ref: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// What a sequence of random numbers is for. Numbers of different streams are independent, so that
/// adding a use of randomness never changes another. The values are part of what "same seed, same
/// result" means: never renumber.
enum class RandomStream : std::uint32_t {
  kInit = 1,        ///< initial weights
  kShuffle = 2,     ///< order of the training samples
  kSplit = 3,       ///< which samples go into which split
  kLabelNoise = 4,  ///< labels replaced by random ones
  kDropout = 5,
  kSynthetic = 6,  ///< built-in synthetic data
  kAugment = 7,
  kSearch = 8,  ///< what a search tries
};

/// Random numbers keyed by (seed, stream, epoch, step) and numbered by an index: reading number i
/// needs no other number to be drawn first, on any thread.
class Philox {
 public:
  Philox(std::uint64_t seed, RandomStream stream, std::uint32_t epoch = 0, std::uint32_t step = 0);

  /// 32 random bits, the `index`-th of this sequence.
  std::uint32_t bits(std::uint64_t index) const;

  /// Uniform in [0, 1), a multiple of 2^-32.
  double uniform(std::uint64_t index) const;

  /// Standard normal, by Box and Muller from two uniforms of this index.
  double normal(std::uint64_t index) const;

  /// Uniform integer in [0, n) from 64 random bits; no value is favoured by more than n / 2^64.
  std::uint64_t below(std::uint64_t index, std::uint64_t n) const;

  /// A random order of 0 … n-1 (Fisher and Yates).
  std::vector<std::int64_t> permutation(std::int64_t n) const;

 private:
  std::array<std::uint32_t, 4> block(std::uint64_t number) const;

  std::array<std::uint32_t, 2> key_;
  std::uint32_t epoch_;
  std::uint32_t step_;
};

}  // namespace pare
