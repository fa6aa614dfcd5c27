#include "search/sobol.h"

#include <array>
#include <bit>

#include "base/error.h"
#include "base/philox.h"

namespace pare::search {
namespace {

constexpr std::size_t kDigits = 32;

/// A primitive polynomial of degree s with the inner coefficients a, and the first s direction
/// numbers: what the file new-joe-kuo-6 says of one dimension.
struct Row {
  std::size_t degree;
  std::uint32_t coefficients;
  std::array<std::uint32_t, 7> initial;
};

// Dimensions 2 to 21; the first one is the van der Corput sequence.
constexpr std::array<Row, Sobol::kMaxDimensions - 1> kRows = {{
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
}};

/// Bratley and Fox's recurrence: direction number k from the s before it, for each digit of an
/// index, shifted to the top of 32 bits.
std::vector<std::uint32_t> directions_of(const Row& row) {
  std::vector<std::uint32_t> v(kDigits);
  for (std::size_t k = 0; k < kDigits; ++k) {
    if (k < row.degree) {
      v[k] = row.initial[k] << (kDigits - 1 - k);
      continue;
    }
    v[k] = v[k - row.degree] ^ (v[k - row.degree] >> row.degree);
    for (std::size_t j = 1; j < row.degree; ++j) {
      const bool is_set = ((row.coefficients >> (row.degree - 1 - j)) & 1) != 0;
      if (is_set) v[k] ^= v[k - j];
    }
  }
  return v;
}

std::vector<std::uint32_t> van_der_corput() {
  std::vector<std::uint32_t> v(kDigits);
  for (std::size_t k = 0; k < kDigits; ++k) v[k] = std::uint32_t{1} << (kDigits - 1 - k);
  return v;
}

/// Nested uniform scrambling of one coordinate.
std::uint32_t scramble(std::uint32_t digits, std::uint64_t seed, std::uint32_t dimension) {
  std::uint32_t scrambled = 0;
  for (std::uint32_t k = 0; k < kDigits; ++k) {
    // A bit of its own for every prefix of k digits.
    const std::uint32_t prefix = k == 0 ? 0 : digits >> (kDigits - k);
    const Philox random(seed, RandomStream::kSearch, dimension, k);
    const std::uint32_t bit = (digits >> (kDigits - 1 - k)) & 1;
    scrambled = (scrambled << 1) | (bit ^ (random.bits(prefix) & 1));
  }
  return scrambled;
}

}  // namespace

Sobol::Sobol(int dimensions) {
  check(dimensions >= 1 && dimensions <= kMaxDimensions, "Sobol: 1 to 21 dimensions");
  directions_.push_back(van_der_corput());
  for (std::size_t d = 1; d < static_cast<std::size_t>(dimensions); ++d) {
    directions_.push_back(directions_of(kRows[d - 1]));
  }
}

std::vector<std::uint32_t> Sobol::point(std::uint32_t index) const {
  std::vector<std::uint32_t> point;
  for (const std::vector<std::uint32_t>& directions : directions_) {
    std::uint32_t digits = 0;
    for (std::uint32_t rest = index; rest != 0; rest &= rest - 1) {
      digits ^= directions[static_cast<std::size_t>(std::countr_zero(rest))];
    }
    point.push_back(digits);
  }
  return point;
}

std::vector<double> ScrambledSobol::point(std::uint32_t index) const {
  std::vector<double> point;
  for (const std::uint32_t digits : sobol_.point(index)) {
    const auto dimension = static_cast<std::uint32_t>(point.size());
    point.push_back(scramble(digits, seed_, dimension) * 0x1p-32);
  }
  return point;
}

}  // namespace pare::search
