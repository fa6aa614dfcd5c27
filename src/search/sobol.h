#pragma once

#include <cstdint>
#include <vector>

namespace pare::search {

/// A Sobol sequence in up to 21 dimensions, whose points fill the unit cube more evenly than
/// independent ones: of the first 2^m points each interval [i / 2^m, (i + 1) / 2^m) of each
/// coordinate holds exactly one.
/// Ref: Joe and Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM
/// J. Sci. Comput. 30 (2008): their direction numbers new-joe-kuo-6. Points come in the order of
/// the index's binary digits, not of its Gray code; every 2^m points are the same set.
class Sobol {
 public:
  static constexpr int kMaxDimensions = 21;

  /// REQUIRES: 1 <= dimensions <= kMaxDimensions.
  explicit Sobol(int dimensions);

  /// Coordinates of the index-th point as multiples of 2^-32. Number 0 is the origin.
  std::vector<std::uint32_t> point(std::uint32_t index) const;

 private:
  std::vector<std::vector<std::uint32_t>> directions_;  ///< by dimension and digit
};

/// The same with nested uniform scrambling: each digit is flipped by a random bit that depends on
/// the coordinate and on all digits before it. Every point is uniform in the cube, and the sequence
/// stays as even as before.
/// Ref: Owen, "Randomly permuted (t, m, s)-nets and (t, s)-sequences" (1995).
class ScrambledSobol {
 public:
  ScrambledSobol(int dimensions, std::uint64_t seed) : sobol_(dimensions), seed_(seed) {}

  /// Coordinates of the index-th point, each in [0, 1).
  std::vector<double> point(std::uint32_t index) const;

 private:
  Sobol sobol_;
  std::uint64_t seed_;
};

}  // namespace pare::search
