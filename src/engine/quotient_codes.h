#pragma once

#include <cmath>
#include <cstdint>

namespace pare::engine {

/// Far from where float32 over- or underflows on the way to a code.
inline bool is_moderate(double x) { return std::abs(x) > 0x1p-40 && std::abs(x) < 0x1p40; }

/// x / divisor in float32, for one divisor and many x, without a division: the product with its
/// reciprocal, put right by what is left over (Markstein, IBM J. Res. Dev. 34 (1990)).
struct Quotient {
  explicit Quotient(float by) : divisor(by), reciprocal(1 / by) {}

  float operator()(float x) const {
    const float about = x * reciprocal;
    return std::fma(std::fma(-about, divisor, x), reciprocal, about);
  }

  float divisor;
  float reciprocal;
};

/// Whether the nearest integers of such quotients, ties to the even one, are those of the quotients
/// that a division gives, for all x, where both are from -largest to largest or beyond. NaN, and
/// quotients of which something overflows on the way, are NaN.
///
/// Let u = 2^-24. The product errs by 2 u of the quotient Q = x / divisor, the correction by 2 u of
/// what it corrects, so what is rounded in the end is within 2^-45 Q of Q. Both ways round once,
/// then to an integer. So they differ, if at all, for an x whose Q is that near to where integers
/// change: half a unit in the last place beside an integer and a half, on the side of the odd one.
/// For each of these the x next to it is tried if it is near enough.
bool has_exact_codes(const Quotient& quotient, std::int32_t largest);

}  // namespace pare::engine
