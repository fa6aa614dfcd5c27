#include "int8_peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pare::bench {

#if defined(__x86_64__)
namespace {

/// `count` times 12 instructions that do not wait for each other, 64 multiply-accumulates each.
__attribute__((target("avx512f,avx512vnni"))) std::int32_t run(std::int64_t count) {
  const __m512i a = _mm512_set1_epi32(0x01020304);
  const __m512i b = _mm512_set1_epi32(0x04030201);
  __m512i s[12];
#pragma GCC unroll 12
  for (int k = 0; k < 12; ++k) s[k] = a;
  for (std::int64_t i = 0; i < count; ++i) {
    // In assembly, so that no compiler merges or spills them.
    asm volatile(
        "vpdpbusd %13, %12, %0\n\tvpdpbusd %13, %12, %1\n\tvpdpbusd %13, %12, %2\n\t"
        "vpdpbusd %13, %12, %3\n\tvpdpbusd %13, %12, %4\n\tvpdpbusd %13, %12, %5\n\t"
        "vpdpbusd %13, %12, %6\n\tvpdpbusd %13, %12, %7\n\tvpdpbusd %13, %12, %8\n\t"
        "vpdpbusd %13, %12, %9\n\tvpdpbusd %13, %12, %10\n\tvpdpbusd %13, %12, %11"
        : "+v"(s[0]), "+v"(s[1]), "+v"(s[2]), "+v"(s[3]), "+v"(s[4]), "+v"(s[5]), "+v"(s[6]),
          "+v"(s[7]), "+v"(s[8]), "+v"(s[9]), "+v"(s[10]), "+v"(s[11])
        : "v"(a), "v"(b));
  }
  __m512i total = s[0];
#pragma GCC unroll 12
  for (int k = 1; k < 12; ++k) total = _mm512_add_epi32(total, s[k]);
  alignas(64) std::int32_t lanes[16];
  _mm512_store_si512(lanes, total);
  return lanes[0];
}

}  // namespace

std::optional<double> int8_peak_macs_per_ns() {
  if (!__builtin_cpu_supports("avx512vnni")) return std::nullopt;
  constexpr std::int64_t kCount = 100'000;
  double best = 0;
  for (int round = 0; round < 50; ++round) {
    const auto start = std::chrono::steady_clock::now();
    volatile std::int32_t result = run(kCount);
    (void)result;
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    best = std::max(best, kCount * 12 * 64 / time.count());
  }
  return best;
}
#else
std::optional<double> int8_peak_macs_per_ns() { return std::nullopt; }
#endif

}  // namespace pare::bench
