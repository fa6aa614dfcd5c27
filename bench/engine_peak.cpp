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

/// Sums by their names: gcc copies those of an array before each instruction, which halves the
/// peak.
__attribute__((target("avx512f,avx512vnni"), noinline)) void add_products() {
  const __m512i x = _mm512_set1_epi32(0x01020304);
  const __m512i w = _mm512_set1_epi32(0x03010201);
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a;
  __m512i g = a, h = a, i = a, j = a, k = a, l = a;
  for (long round = 0; round < kRounds; ++round) {
    a = _mm512_dpbusd_epi32(a, x, w);
    b = _mm512_dpbusd_epi32(b, x, w);
    c = _mm512_dpbusd_epi32(c, x, w);
    d = _mm512_dpbusd_epi32(d, x, w);
    e = _mm512_dpbusd_epi32(e, x, w);
    f = _mm512_dpbusd_epi32(f, x, w);
    g = _mm512_dpbusd_epi32(g, x, w);
    h = _mm512_dpbusd_epi32(h, x, w);
    i = _mm512_dpbusd_epi32(i, x, w);
    j = _mm512_dpbusd_epi32(j, x, w);
    k = _mm512_dpbusd_epi32(k, x, w);
    l = _mm512_dpbusd_epi32(l, x, w);
    // All are the same, known before they run, and not asked for: nobody is to find out.
    asm volatile(""
                 : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i),
                   "+v"(j), "+v"(k), "+v"(l));
  }
}

double measure() {
  const auto start = std::chrono::steady_clock::now();
  add_products();
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
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
