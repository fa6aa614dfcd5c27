#ifndef PARE_BASE_FIXED_POINT_H
#define PARE_BASE_FIXED_POINT_H

/* The only definition of rounding, saturation and requantization: the reference interpreter and the
 * engine include it, and emitted C carries the same text. C99 without libraries; nothing here is
 * undefined or implementation-defined for arguments within the stated bounds. */

#include <stdint.h>

/* How num / 2^e becomes an integer. */
enum pare_rounding {
  PARE_HALF_EVEN,        /* the nearest; ties to the even one */
  PARE_HALF_UP,          /* the nearest; ties toward +infinity */
  PARE_HALF_AWAY,        /* the nearest; ties away from zero */
  PARE_FLOOR,            /* toward -infinity */
  PARE_CEIL,             /* toward +infinity */
  PARE_TOWARD_ZERO,      /* toward zero */
  PARE_HALF_TOWARD_ZERO, /* the nearest; ties toward zero */
  PARE_AWAY_FROM_ZERO    /* away from zero */
};

/* num / 2^e, rounded. Any num; REQUIRES: 0 <= e <= 62. */
static inline int64_t pare_round_shift(int64_t num, int e, enum pare_rounding rounding) {
  const uint64_t half = e == 0 ? 0 : (uint64_t)1 << (e - 1);
  const uint64_t rest = (uint64_t)num & (((uint64_t)1 << e) - 1); /* num - below * 2^e */
  const int64_t below = num >= 0 ? num >> e : -1 - ((-1 - num) >> e);
  int up = 0;
  if (rest == 0) return below;
  switch (rounding) {
    case PARE_HALF_EVEN:
      up = rest > half || (rest == half && ((uint64_t)below & 1) != 0);
      break;
    case PARE_HALF_UP:
      up = rest >= half;
      break;
    case PARE_HALF_AWAY:
      up = num >= 0 ? rest >= half : rest > half;
      break;
    case PARE_FLOOR:
      break;
    case PARE_CEIL:
      up = 1;
      break;
    case PARE_TOWARD_ZERO:
      up = num < 0;
      break;
    case PARE_HALF_TOWARD_ZERO:
      up = num >= 0 ? rest > half : rest >= half;
      break;
    case PARE_AWAY_FROM_ZERO:
      up = num >= 0;
      break;
  }
  return below + up;
}

/* The number of [lowest, highest] nearest to x. REQUIRES: lowest <= highest. */
static inline int64_t pare_saturate(int64_t x, int64_t lowest, int64_t highest) {
  return x < lowest ? lowest : (x > highest ? highest : x);
}

/* The code of an accumulator: (multiplier * acc + addend) / 2^e, rounded, saturated.
 * REQUIRES: |multiplier| < 2^24, |acc| < 2^39, 0 <= e <= 62, lowest <= highest, and
 * |multiplier| * |acc| + |addend| < 2^63, for which |addend| <= 2^39 is always enough. */
static inline int64_t pare_requantize(int64_t acc, int64_t multiplier, int64_t addend, int e,
                                      enum pare_rounding rounding, int64_t lowest,
                                      int64_t highest) {
  return pare_saturate(pare_round_shift(multiplier * acc + addend, e, rounding), lowest, highest);
}

#endif
