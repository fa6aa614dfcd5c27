// Pruned linear layers of unsigned bytes whose sums fit 16 bits: lanes are samples, twice as many
// as with sums of 32 bits, and pairs of inputs that have no weight are left out. Highway compiles
// this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_pairs.cpp"
#include <algorithm>

#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_finish.inc"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

/// sum + the products of two unsigned and two signed bytes, which fit 16 bits.
HWY_INLINE VShorts pair_dot(VShorts sum, VInts x, VInts w) {
#if HWY_TARGET == HWY_AVX3
  return hn::Add(sum, VShorts{_mm512_maddubs_epi16(x.raw, w.raw)});
#elif HWY_TARGET == HWY_AVX2
  return hn::Add(sum, VShorts{_mm256_maddubs_epi16(x.raw, w.raw)});
#else
  const hn::RebindToUnsigned<Shorts> unsigned_shorts;
  const VShorts inputs = hn::BitCast(Shorts(), x);
  const VShorts weights = hn::BitCast(Shorts(), w);
  const VShorts low = hn::Mul(hn::And(inputs, hn::Set(Shorts(), 0xFF)),
                              hn::ShiftRight<8>(hn::ShiftLeft<8>(weights)));
  const VShorts high =
      hn::Mul(hn::BitCast(Shorts(), hn::ShiftRight<8>(hn::BitCast(unsigned_shorts, inputs))),
              hn::ShiftRight<8>(weights));
  return hn::Add(sum, hn::Add(low, high));
#endif
}

/// What store_outputs asks for.
struct PairSums {
  const PairWeights& w;
  const std::byte* x;
  std::size_t input_bytes;

  struct Walk {
    const PairSums& of;
    std::size_t i;

    /// In 32 bits: of each vector of 16 bits two. REQUIRES: no bias.
    template <std::size_t kNum>
    HWY_INLINE void operator()(std::int32_t /*bias*/, VInts (&sums)[kNum]) {
      of.sum(i++, sums);
    }
  };
  HWY_INLINE Walk from(std::size_t i) const { return {*this, i}; }

  template <std::size_t kNum>
  HWY_INLINE void sum(std::size_t i, VInts (&sums)[kNum]) const {
    VShorts shorts[kNum / 2];
    for (VShorts& sum : shorts) sum = hn::Set(Shorts(), w.bias[i]);
    for (std::size_t k = w.first[i]; k < w.first[i + 1]; ++k) {
      const std::byte* from = x + input_bytes * w.inputs[k];
      const VInts weights = hn::Set(Ints(), w.pairs[k]);
      for (std::size_t v = 0; v < kNum / 2; ++v) {
        shorts[v] = pair_dot(shorts[v], load_ints(from + 4 * v * num_lanes()), weights);
      }
    }
    const hn::Half<Shorts> half;
    for (std::size_t v = 0; v < kNum / 2; ++v) {
      sums[2 * v] = hn::PromoteTo(Ints(), hn::LowerHalf(half, shorts[v]));
      sums[2 * v + 1] = hn::PromoteTo(Ints(), hn::UpperHalf(half, shorts[v]));
    }
  }
};

template <class Finish>
void sum_batch(const LinearCall& call, const Finish& finish) {
  const PairWeights& w = *call.op.pairs;
  const std::size_t stride = call.extent.stride;
  const std::size_t input_bytes = call.op.input_bytes != 0 ? call.op.input_bytes : 2 * stride;
  const OutputOf<Finish> output(call.y, call.t, stride, 0, w.num_outputs, finish.range());
  const std::byte* x = call.x.at(call.t);
  std::size_t s = 0;
  const auto samples = [&](auto num) PARE_KERNEL_ATTR {
    constexpr std::size_t kNum = decltype(num)::value;
    const PairSums sums{w, x + 2 * s, input_bytes};
    store_outputs<kNum>(sums, w.num_outputs, finish, output, s);
    s += kNum * num_lanes();
  };
  // A weight is loaded once for all its vectors.
  for_parts<16, 14, 12, 8, 4, 2>(num_vectors_of(call.extent.lanes), samples);
}

void pairs_batch(const LinearCall& call) noexcept {
  with_epilogue(call.op.epilogue.get(), call.y.element,
                [&](const auto& finish) HWY_ATTR { sum_batch(call, finish); });
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
LinearKernel pairs_kernel() { return pairs_batch; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
