#include "program/constant.h"

#include <bit>
#include <cstddef>

#include <fmt/format.h>

#include "base/error.h"
#include "program/program.h"

namespace pare::program {
namespace {

[[noreturn]] void fail(const Constant& constant, const std::string& what) {
  throw InputError(fmt::format("constant '{}': {}", constant.name, what));
}

void check_values(const Constant& constant, std::string_view what, auto&& is_allowed) {
  for (const std::int64_t value : constant.values) {
    if (is_allowed(value)) continue;
    fail(constant, fmt::format("holds {}, expected {}", value, what));
  }
}

void check_encoding(const Constant&, const Uniform&) {}

void check_encoding(const Constant& constant, const SignedDigits& digits) {
  if (digits.terms < 1 || digits.terms > kMaxBits) {
    fail(constant, fmt::format("{} terms, expected 1 … {}", digits.terms, kMaxBits));
  }
  check_values(constant, fmt::format("sums of at most {} signed powers of two", digits.terms),
               [&](std::int64_t x) { return num_signed_digits(x) <= digits.terms; });
}

void check_encoding(const Constant& constant, const Ternary&) {
  check_values(constant, "-1, 0 or 1", [](std::int64_t x) { return -1 <= x && x <= 1; });
}

void check_encoding(const Constant& constant, const Binary&) {
  check_values(constant, "-1 or 1", [](std::int64_t x) { return x == -1 || x == 1; });
}

}  // namespace

int bits_of_element(const Constant& constant) {
  return std::holds_alternative<Binary>(constant.encoding) ? 1 : constant.width.bits;
}

std::vector<std::int64_t> expand(const Constant& constant) {
  if (!constant.circulant) return constant.values;
  const auto k = static_cast<std::size_t>(*constant.circulant);
  const auto num_rows = static_cast<std::size_t>(constant.shape[0]);
  const auto num_columns = static_cast<std::size_t>(constant.shape[1]);
  std::vector<std::int64_t> expanded(num_rows * num_columns);
  for (std::size_t r = 0; r < num_rows; ++r) {
    for (std::size_t c = 0; c < num_columns; ++c) {
      const std::size_t block = (r / k) * (num_columns / k) + c / k;
      expanded[r * num_columns + c] = constant.values[block * k + (r + k - c % k) % k];
    }
  }
  return expanded;
}

int num_signed_digits(std::int64_t x) {
  // The digits of the non-adjacent form of x are nonzero where 3x and x differ.
  const auto magnitude = static_cast<std::uint64_t>(x < 0 ? -x : x);
  return std::popcount((3 * magnitude) ^ magnitude);
}

void check_constant(const Constant& constant) {
  if (constant.width.bits < 1 || constant.width.bits > kMaxBits) {
    fail(constant, fmt::format("{} bits, expected 1 … {}", constant.width.bits, kMaxBits));
  }
  std::int64_t num_values = num_elements(constant.shape);
  if (num_values < 1 || num_values > kMaxElements) {
    fail(constant, fmt::format("shape {} has {} elements, expected 1 … {}",
                               pare::to_string(constant.shape), num_values, kMaxElements));
  }
  if (constant.circulant) {
    const std::int64_t k = *constant.circulant;
    if (constant.shape.size() != 2 || k < 1 || constant.shape[0] % k != 0 ||
        constant.shape[1] % k != 0) {
      fail(constant, fmt::format("shape {} is not made of circulant blocks of size {}",
                                 pare::to_string(constant.shape), k));
    }
    num_values /= k;
  }
  if (static_cast<std::int64_t>(constant.values.size()) != num_values) {
    fail(constant, fmt::format("{} values, expected {}", constant.values.size(), num_values));
  }
  const Interval range = constant.width.range();
  check_values(constant, fmt::format("{} ({})", to_string(range), to_string(constant.width)),
               [&](std::int64_t x) { return range.contains(x); });
  std::visit([&](const auto& encoding) { check_encoding(constant, encoding); }, constant.encoding);
}

}  // namespace pare::program
