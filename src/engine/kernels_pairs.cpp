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

/// The sums of output i of kNum vectors of samples, in 32 bits.
template <std::size_t kNum>
HWY_INLINE void sum_output(const PairWeights& w, std::size_t i, const std::byte* x,
                           std::size_t input_bytes, std::int32_t* to) {
  const std::size_t n = num_lanes();
  VShorts sums[kNum];
  for (VShorts& sum : sums) sum = hn::Set(Shorts(), w.bias[i]);
  for (std::size_t k = w.first[i]; k < w.first[i + 1]; ++k) {
    const std::byte* from = x + input_bytes * w.inputs[k];
    const VInts weights = hn::Set(Ints(), w.pairs[k]);
    for (std::size_t v = 0; v < kNum; ++v) {
      sums[v] = pair_dot(sums[v], load_ints(from + 4 * v * n), weights);
    }
  }
  const hn::Half<Shorts> half;
  for (std::size_t v = 0; v < kNum; ++v, to += 2 * n) {
    store_ints(hn::PromoteTo(Ints(), hn::LowerHalf(half, sums[v])), to);
    store_ints(hn::PromoteTo(Ints(), hn::UpperHalf(half, sums[v])), to + n);
  }
}

/// The same of outputs i … i + 3: [output][vector]. Those that there are none of are zero.
template <std::size_t kNum>
HWY_NOINLINE void sum_four(const PairWeights& w, std::size_t i, const std::byte* x,
                           std::size_t input_bytes, std::int32_t* sums) {
  const std::size_t count = 2 * kNum * num_lanes();
  for (std::size_t k = 0; k < 4; ++k, ++i, sums += count) {
    if (i < w.num_outputs) {
      sum_output<kNum>(w, i, x, input_bytes, sums);
    } else {
      std::fill_n(sums, count, 0);
    }
  }
}

/// All outputs of kNum vectors of samples, four at a time.
template <std::size_t kNum, class Finish>
HWY_INLINE void sum_samples(const PairWeights& w, const std::byte* x, std::size_t input_bytes,
                            const Finish& finish, const Output& output, std::size_t s) {
  HWY_ALIGN std::int32_t sums[4 * 2 * kNum * hn::MaxLanes(Ints())];
  for (std::size_t i = 0; i < w.num_outputs; i += 4) {
    sum_four<kNum>(w, i, x, input_bytes, sums);
    store_four<2 * kNum>(sums, i, s, finish, output);
  }
}

template <class Finish>
void sum_batch(const LinearCall& call, const Finish& finish) {
  const PairWeights& w = *call.op.pairs;
  const std::size_t stride = call.extent.stride;
  const std::size_t input_bytes = call.op.input_bytes != 0 ? call.op.input_bytes : 2 * stride;
  const std::size_t n = hn::Lanes(Shorts());
  const Output output(call.y, call.t, stride, 0, w.num_outputs, finish.range());
  const std::byte* x = call.x.at(call.t);
  const std::size_t lanes = round_up(call.extent.lanes, n);
  std::size_t s = 0;
  // A weight is loaded once for all its vectors.
  for (; s + 8 * n <= lanes; s += 8 * n) {
    sum_samples<8>(w, x + 2 * s, input_bytes, finish, output, s);
  }
  if (s + 4 * n <= lanes) {
    sum_samples<4>(w, x + 2 * s, input_bytes, finish, output, s);
    s += 4 * n;
  }
  if (s + 2 * n <= lanes) {
    sum_samples<2>(w, x + 2 * s, input_bytes, finish, output, s);
    s += 2 * n;
  }
  if (s < lanes) sum_samples<1>(w, x + 2 * s, input_bytes, finish, output, s);
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
