#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/tensor.h"
#include "program/width.h"

namespace pare::program {

// How an engine or a circuit may store and use a constant. What it means is always the expanded
// integers.

/// Any integers of the width.
struct Uniform {
  static constexpr std::string_view kind = "uniform";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Uniform&, const Uniform&) = default;
};

/// Sums of at most `terms` signed powers of two.
struct SignedDigits {
  int terms = 1;

  static constexpr std::string_view kind = "signed_digits";
  static void fields(auto& self, auto&& f) { f("terms", self.terms); }
  friend bool operator==(const SignedDigits&, const SignedDigits&) = default;
};

/// -1, 0, 1.
struct Ternary {
  static constexpr std::string_view kind = "ternary";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Ternary&, const Ternary&) = default;
};

/// -1, 1: one bit an element.
struct Binary {
  static constexpr std::string_view kind = "binary";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Binary&, const Binary&) = default;
};

using Encoding = std::variant<Uniform, SignedDigits, Ternary, Binary>;

struct Constant {
  std::string name;  ///< unique among the constants, "fc1.weight"
  Width width;
  Shape shape;
  Encoding encoding = Uniform{};
  /// Block size k: the shape is [p k, q k] and the values are the blocks' first columns [p, q, k],
  /// C[r][c] = w[(r - c) mod k].
  std::optional<std::int64_t> circulant = std::nullopt;
  std::vector<std::int64_t> values = {};  ///< row-major

  friend bool operator==(const Constant&, const Constant&) = default;
};

/// Bits that an element needs in the constant's encoding: 1 for binary ones, else those of its
/// width.
int bits_of_element(const Constant& constant);

/// The integers that a constant means, row-major in its shape. REQUIRES: it passes check_constant.
std::vector<std::int64_t> expand(const Constant& constant);

/// The least number of signed powers of two whose sum is x (the weight of its non-adjacent form).
/// REQUIRES: |x| <= 2^61.
int num_signed_digits(std::int64_t x);

/// Throws InputError naming the constant: width, shape, number of values, values that leave the
/// width or the encoding.
void check_constant(const Constant& constant);

}  // namespace pare::program
