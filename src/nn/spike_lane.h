#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "nn/spike_rule.h"

// One neuron's arithmetic at one step, float32, in the order of operations that all kernels share.
#ifdef __CUDACC__
#define PARE_SPIKE_LANE __host__ __device__ __forceinline__
#else
#define PARE_SPIKE_LANE [[gnu::always_inline]] inline
#endif

namespace pare::nn {

/// Three cases: behind a hard reset it is all one whether the leak acts on it.
enum class ResetForm { kSoftLeaked, kSoftUnleaked, kHard };

PARE_SPIKE_LANE ResetForm form_of(const SpikeRule& rule) {
  if (rule.reset == SpikeReset::kHard) return ResetForm::kHard;
  return rule.leaks_reset ? ResetForm::kSoftLeaked : ResetForm::kSoftUnleaked;
}

struct SpikeLane {
  float threshold;
  float leak;
  float step;     ///< of the membrane's grid
  float lowest;   ///< value of its lowest code
  float highest;  ///< value of its highest code
};

/// The number that u must be above to spike: u >= V is u > the number in front of V.
PARE_SPIKE_LANE float fires_above(float threshold, bool is_strict) {
  return is_strict ? threshold : nextafterf(threshold, -HUGE_VALF);
}

/// To the nearest integer, ties to even, in every instruction set: 2^23 + |x| has no bits below 1.
PARE_SPIKE_LANE float round_half_even(float x) {
  const float bias = std::copysign(0x1p23F, x);
  const float rounded = (x + bias) - bias;
  return std::fabs(x) < 0x1p23F ? rounded : x;
}

/// x rounded to the grid, not saturated; NaN becomes 0.
PARE_SPIKE_LANE float to_grid(float x, float step) {
  const float code = x / step;
  return round_half_even(code == code ? code : 0.0F) * step;
}

PARE_SPIKE_LANE float clamp_to(float x, float lowest, float highest) {
  const float above = x < lowest ? lowest : x;
  return above > highest ? highest : above;
}

/// What the leak multiplies.
template <ResetForm kForm>
PARE_SPIKE_LANE float before_leak(float u, bool is_spike, const SpikeLane& n) {
  if constexpr (kForm == ResetForm::kSoftLeaked) return u - (is_spike ? n.threshold : 0.0F);
  if constexpr (kForm == ResetForm::kHard) return is_spike ? 0.0F : u;
  return u;
}

/// c of a step from its u.
template <ResetForm kForm, bool kHasGrid>
PARE_SPIKE_LANE float next_membrane(float u, bool is_spike, const SpikeLane& n) {
  float c = n.leak * before_leak<kForm>(u, is_spike, n);
  if constexpr (kHasGrid) c = to_grid(c, n.step);
  if constexpr (kForm == ResetForm::kSoftUnleaked) c -= is_spike ? n.threshold : 0.0F;
  if constexpr (kHasGrid) c = clamp_to(c, n.lowest, n.highest);
  return c;
}

struct SpikeLaneGradient {
  float membrane;   ///< of u, and so of the current and of c a step before
  float threshold;  ///< through the reset alone
  float leak;
};

/// From the gradient of c to those of what it was made of. The spike inside the reset counts as
/// constant, rounding passes the gradient, saturation stops it.
template <ResetForm kForm, bool kHasGrid>
PARE_SPIKE_LANE SpikeLaneGradient back_through_reset(float u, bool is_spike, float gc,
                                                     const SpikeLane& n) {
  const float before = before_leak<kForm>(u, is_spike, n);
  float g = gc;
  if constexpr (kHasGrid) {
    float c = n.leak * before;
    if constexpr (kForm == ResetForm::kSoftUnleaked) c -= is_spike ? n.threshold : 0.0F;
    g = ((c >= n.lowest) & (c <= n.highest)) ? gc : 0.0F;
  }
  const float of_before = g * n.leak;
  const float of_leak = g * before;
  if constexpr (kForm == ResetForm::kHard) return {is_spike ? 0.0F : of_before, 0.0F, of_leak};
  const float of_reset = kForm == ResetForm::kSoftLeaked ? of_before : g;
  return {of_before, is_spike ? -of_reset : 0.0F, of_leak};
}

/// e^-y for y >= 0, within 2^-22; 0 from y = 87 on. By 2^n p(f), p the series of 2^f.
PARE_SPIKE_LANE float exp_minus(float y) {
#ifdef __CUDA_ARCH__
  return expf(-y);
#else
  constexpr float kLog2E = 1.44269504F;
  const float power = (y < 88.0F ? y : 88.0F) * -kLog2E;
  const float whole = round_half_even(power);
  const float f = power - whole;
  float p = 1.54035304e-4F;
  p = p * f + 1.33335581e-3F;
  p = p * f + 9.61812911e-3F;
  p = p * f + 5.55041087e-2F;
  p = p * f + 2.40226507e-1F;
  p = p * f + 6.93147181e-1F;
  p = p * f + 1.0F;
  // 2^whole is made of its exponent's bits.
  return p * std::bit_cast<float>((static_cast<std::int32_t>(whole) + 127) << 23);
#endif
}

template <SurrogateShape kShape>
PARE_SPIKE_LANE float surrogate_shape(float x) {
  if constexpr (kShape == SurrogateShape::kTriangle) {
    const float height = 1.0F - std::fabs(x);
    return height > 0 ? height : 0.0F;
  } else if constexpr (kShape == SurrogateShape::kSigmoid) {
    const float e = exp_minus(std::fabs(x));
    return 4.0F * e / ((1.0F + e) * (1.0F + e));
  } else {
    const float scaled = 1.57079633F * x;
    return 1.0F / (1.0F + scaled * scaled);
  }
}

/// What turns the gradient of a spike into that of its u.
struct SurrogateLane {
  float scale;    ///< gain / V
  float slope;    ///< 1 / (V width)
  float centre;   ///< 1 / width
  float inverse;  ///< 1 / V
};

PARE_SPIKE_LANE SurrogateLane surrogate_lane(const SpikeSurrogate& of, float threshold) {
  const auto v = static_cast<double>(threshold);
  return {static_cast<float>(of.gain / v), static_cast<float>(1 / (v * of.width)),
          static_cast<float>(1 / of.width), static_cast<float>(1 / v)};
}

/// The gradient of u by way of the spike.
template <SurrogateShape kShape>
PARE_SPIKE_LANE float back_through_spike(float u, float g, const SurrogateLane& n) {
  return g * n.scale * surrogate_shape<kShape>(u * n.slope - n.centre);
}

}  // namespace pare::nn
