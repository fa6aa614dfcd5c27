#include "engine/quotient_codes.h"

#include <bit>

namespace pare::engine {
namespace {

/// From where on the nearest integer of what a division gives is code + 1 instead of code: a number
/// of 25 bits. REQUIRES: 0 <= code < 2^22.
double edge_above(std::int32_t code) {
  const float half = static_cast<float>(code) + 0.5F;
  const auto bits = std::bit_cast<std::int32_t>(half);
  const auto next = std::bit_cast<float>(code % 2 == 0 ? bits + 1 : bits - 1);
  return (static_cast<double>(half) + static_cast<double>(next)) / 2;
}

}  // namespace

bool has_exact_codes(const Quotient& quotient, std::int32_t largest) {
  constexpr double kNear = 0x1p-44;  // 2^-45, and room for this test's own rounding
  const auto divisor = static_cast<double>(quotient.divisor);
  if (!is_moderate(divisor) || largest >= 1 << 22) return false;
  // Negative ones are the same: everything rounds to even.
  for (std::int32_t code = 0; code < largest; ++code) {
    const double edge = edge_above(code) * divisor;  // of 49 bits: exact
    const auto x = static_cast<float>(edge);
    if (std::abs(static_cast<double>(x) - edge) > kNear * std::abs(edge)) continue;
    if (std::nearbyint(quotient(x)) != std::nearbyint(x / quotient.divisor)) return false;
  }
  return true;
}

}  // namespace pare::engine
