#include "engine_peak.h"

#include <algorithm>
#include <chrono>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pare::bench {

#if defined(__x86_64__)
namespace {

constexpr int kChains = 12;
constexpr long kRounds = 1000000;

__attribute__((target("avx512f,avx512vnni"))) double measure() {
  const __m512i x = _mm512_set1_epi32(0x01020304);
  const __m512i w = _mm512_set1_epi32(0x03010201);
  __m512i sums[kChains];
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int k = 0; k < kChains; ++k) sums[k] = _mm512_dpbusd_epi32(sums[k], x, w);
  }
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  alignas(64) int lanes[16];
  volatile int seen = 0;
  for (const __m512i& sum : sums) {
    _mm512_store_si512(lanes, sum);
    seen = seen + lanes[0];
  }
  return 128.0 * kChains * static_cast<double>(kRounds) / elapsed.count();
}

}  // namespace

double peak_gops() {
  if (!__builtin_cpu_supports("avx512vnni")) return 0;
  double best = 0;
  for (int i = 0; i < 10; ++i) best = std::max(best, measure());
  return best;
}
#else
double peak_gops() { return 0; }
#endif

}  // namespace pare::bench
