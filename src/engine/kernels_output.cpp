// Output codes, sample after sample. Highway compiles this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_output.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_finish.inc"
#include "engine/output_rows.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

void store_sample(const View& y, std::int32_t* codes) {
  with_type(y.element, [&](auto type) {
    const auto* from = reinterpret_cast<const decltype(type)*>(y.data);
    for (std::size_t e = 0; e < y.size; ++e) codes[e] = static_cast<std::int32_t>(from[e]);
  });
}

/// Samples that are stored together, one code at a time: what is written of them lies close by.
constexpr std::size_t kTogether = 16;

void store_codes(const OutputCall& call) {
  const View& y = call.y;
  with_type(y.element, [&](auto type) {
    const auto* from = reinterpret_cast<const decltype(type)*>(y.data);
    for (std::size_t first = 0; first < call.extent.lanes; first += kTogether) {
      const std::size_t end = HWY_MIN(first + kTogether, call.extent.lanes);
      for (std::size_t e = 0; e < y.size; ++e) {
        const auto* lane = from + index_of(e, 0, y.interleave, call.extent.stride);
        for (std::size_t s = first; s < end; ++s) {
          call.codes[s * y.size + e] = static_cast<std::int32_t>(lane[s * y.interleave]);
        }
      }
    }
  });
}

/// Four codes of a sample at a time, of the samples from `first` on; the last four are stored again
/// as far as there are not four new ones. REQUIRES: there are four.
void store_fours(const OutputCall& call, std::size_t first) {
  const std::size_t n = num_lanes();
  const std::size_t size = call.y.size;
  const std::size_t lanes = call.extent.lanes;
  const Elements y(call.y, 0, call.extent.stride);
  for (std::size_t s = first; s < lanes; s += n) {
    for (std::size_t four = 0; four < size; four += 4) {
      const std::size_t e = HWY_MIN(four, size - 4);
      VInts codes[4];
      for (std::size_t k = 0; k < 4; ++k) codes[k] = y.samples(e + k, s);
      transpose_fours(codes);
      for (std::size_t k = 0; k < HWY_MIN(std::size_t{4}, lanes - s); ++k) {
        store_blocks(Ints(), codes[k], call.codes + (s + k) * size + e, 4 * size,
                     (lanes - s - k + 3) / 4);
      }
    }
  }
}

#if HWY_TARGET == HWY_AVX3
/// How kSize vectors of 16 samples become as many of the samples' kSize codes: lane l of vector j
/// is number 16 j + l of all codes.
template <std::size_t kSize>
struct RowOrder {
  alignas(64) std::int32_t sample[kSize][16] = {};  ///< whose it is
  __mmask16 is_of[kSize][kSize] = {};               ///< [vector][code of a sample]

  constexpr RowOrder() {
    for (std::size_t i = 0; i < kSize * 16; ++i) {
      sample[i / 16][i % 16] = static_cast<std::int32_t>(i / kSize);
      is_of[i / 16][i % kSize] = static_cast<__mmask16>(is_of[i / 16][i % kSize] | 1U << i % 16);
    }
  }
};

/// All codes of 16 samples at a time: few as they are, each vector of them takes less time than
/// rows that do not fill one. The rest is left to store_fours.
template <std::size_t kSize>
void store_rows(const OutputCall& call) {
  static constexpr RowOrder<kSize> kOrder;
  const Elements y(call.y, 0, call.extent.stride);
  std::size_t s = 0;
  for (; s + 16 <= call.extent.lanes; s += 16) {
    VInts codes[kSize];
    for (std::size_t e = 0; e < kSize; ++e) codes[e] = y.samples(e, s);
    for (std::size_t j = 0; j < kSize; ++j) {
      const __m512i sample = _mm512_load_si512(kOrder.sample[j]);
      __m512i row = _mm512_permutexvar_epi32(sample, codes[0].raw);
      for (std::size_t e = 1; e < kSize; ++e) {
        row = _mm512_mask_permutexvar_epi32(row, kOrder.is_of[j][e], sample, codes[e].raw);
      }
      _mm512_storeu_si512(call.codes + s * kSize + 16 * j, row);
    }
  }
  store_fours(call, s);
}
#endif

/// REQUIRES: four codes a sample at least.
void store_vectors(const OutputCall& call) {
#if HWY_TARGET == HWY_AVX3
  switch (call.y.size) {
    case 5:
      return store_rows<5>(call);
    case 6:
      return store_rows<6>(call);
    case 7:
      return store_rows<7>(call);
    default:
      break;
  }
#endif
  store_fours(call, 0);
}

void unload(const OutputCall& call) noexcept {
  if (call.extent.stride == 1) return store_sample(call.y, call.codes);
  const std::size_t group = call.y.interleave * size_of(call.y.element);
  const bool has_vectors =
      call.y.element != Element::kI64 && (call.y.interleave == 1 || group == 4);
  if (has_vectors && call.y.size >= 4) {
    store_vectors(call);
  } else {
    store_codes(call);
  }
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
OutputKernel output_kernel() { return unload; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
