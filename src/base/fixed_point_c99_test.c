/* base/fixed_point.h compiled as C99, as emitted C does: fixed_point_test.cpp holds these against
 * the functions as C++ sees them. */

#include "base/fixed_point.h"

int64_t c99_round_shift(int64_t num, int e, int rounding);
int64_t c99_requantize(int64_t acc, int64_t multiplier, int64_t addend, int e, int rounding,
                       int64_t lowest, int64_t highest);

int64_t c99_round_shift(int64_t num, int e, int rounding) {
  return pare_round_shift(num, e, (enum pare_rounding)rounding);
}

int64_t c99_requantize(int64_t acc, int64_t multiplier, int64_t addend, int e, int rounding,
                       int64_t lowest, int64_t highest) {
  return pare_requantize(acc, multiplier, addend, e, (enum pare_rounding)rounding, lowest, highest);
}
