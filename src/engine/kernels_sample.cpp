// Linear layers on one sample: lanes are outputs. Highway compiles this file once for every
// instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_sample.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_finish.inc"
#include "engine/kernels.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

/// kNum vectors of outputs from i on. Several sums each, so that fewer products wait for each
/// other.
template <Group kGroup, std::size_t kNum, class Finish>
HWY_INLINE void sample_block(const DenseWeights& w, std::size_t i, const std::byte* x,
                             const Finish& finish, const Clamp& clamp, Element element,
                             std::byte* y) {
  constexpr std::size_t kSums = kNum == 1 ? 4 : 2;
  const std::size_t n = num_lanes();
  VInts sums[kSums][kNum];
  const std::int32_t* from[kNum];
  for (std::size_t v = 0; v < kNum; ++v) {
    const std::size_t first = i + v * n;
    sums[0][v] = load_ints(bias_of<kGroup>(w) + first);
    for (std::size_t k = 1; k < kSums; ++k) sums[k][v] = hn::Zero(Ints());
    from[v] = w.groups.data() + first / kBlock * w.num_groups * kBlock + first % kBlock;
  }
  const auto add_group = [&](std::size_t g, VInts(&to)[kNum]) PARE_KERNEL_ATTR {
    const VInts inputs = prepare<kGroup>(broadcast(x + 4 * g));
    for (std::size_t v = 0; v < kNum; ++v) {
      add_dot<kGroup>(to[v], inputs, load_ints(from[v] + g * kBlock));
    }
  };
  std::size_t g = 0;
  for (; g + kSums <= w.num_groups; g += kSums) {
    for (std::size_t k = 0; k < kSums; ++k) add_group(g + k, sums[k]);
  }
  for (; g < w.num_groups; ++g) add_group(g, sums[0]);
  for (std::size_t v = 0; v < kNum; ++v) {
    for (std::size_t k = 1; k < kSums; ++k) sums[0][v] = hn::Add(sums[0][v], sums[k][v]);
    const VInts result = finish.of_outputs(sums[0][v], i + v * n);
    store_lanes(clamp(result), element, y + (i + v * n) * size_of(element));
  }
}

/// As many outputs' sums of weights that a codebook has the numbers of. A function of its own,
/// without what is done to the sums.
template <Group kGroup, int kBits, std::size_t kNum>
HWY_NOINLINE void sum_codebook(const DenseWeights& w, std::size_t i, const std::byte* x,
                               std::int32_t* to) {
  constexpr std::size_t kFields = 8 / kBits;
  const Codebook& codebook = *w.codebook;
  const std::size_t n = num_lanes();
  const std::size_t num_sets = round_up(w.num_groups, kFields) / kFields;
  const auto values =
      hn::LoadDup128(Bytes(), reinterpret_cast<const std::uint8_t*>(codebook.values.data()));
  const auto mask = hn::Set(Bytes(), (1U << kBits) - 1);
  VInts even[kNum];
  VInts odd[kNum];
  const std::int32_t* from[kNum];
  for (std::size_t v = 0; v < kNum; ++v) {
    const std::size_t first = i + v * n;
    even[v] = load_ints(bias_of<kGroup>(w) + first);
    odd[v] = hn::Zero(Ints());
    from[v] = codebook.words.data() + first / kBlock * num_sets * kBlock + first % kBlock;
  }
  const auto add_set = [&](std::size_t num_groups) PARE_KERNEL_ATTR {
    VInts words[kNum];
    for (std::size_t v = 0; v < kNum; ++v) {
      words[v] = load_ints(from[v]);
      from[v] += kBlock;
    }
    for (std::size_t k = 0; k < num_groups; ++k, x += 4) {
      const VInts inputs = prepare<kGroup>(broadcast(x));
      for (std::size_t v = 0; v < kNum; ++v) {
        const auto numbers = hn::And(hn::BitCast(Bytes(), words[v]), mask);
        const VInts weights = hn::BitCast(Ints(), hn::TableLookupBytes(values, numbers));
        add_dot<kGroup>(k % 2 == 0 ? even[v] : odd[v], inputs, weights);
        words[v] = hn::ShiftRight<kBits>(words[v]);
      }
    }
  };
  std::size_t g = 0;
  for (; g + kFields <= w.num_groups; g += kFields) add_set(kFields);
  if (g < w.num_groups) add_set(w.num_groups - g);
  for (std::size_t v = 0; v < kNum; ++v) store_ints(hn::Add(even[v], odd[v]), to + v * n);
}

/// kNum vectors of outputs from i on.
template <Group kGroup, std::size_t kNum, class Finish>
HWY_INLINE void codebook_block(const DenseWeights& w, std::size_t i, const std::byte* x,
                               const Finish& finish, const Clamp& clamp, Element element,
                               std::byte* y) {
  HWY_ALIGN std::int32_t sums[kNum * hn::MaxLanes(Ints())];
  if (w.codebook->bits == 4) {
    sum_codebook<kGroup, 4, kNum>(w, i, x, sums);
  } else if (w.codebook->bits == 2) {
    sum_codebook<kGroup, 2, kNum>(w, i, x, sums);
  } else {
    sum_codebook<kGroup, 1, kNum>(w, i, x, sums);
  }
  for (std::size_t v = 0; v < kNum * num_lanes(); v += num_lanes()) {
    const VInts result = finish.of_outputs(load_ints(sums + v), i + v);
    store_lanes(clamp(result), element, y + (i + v) * size_of(element));
  }
}

/// All outputs: f(vectors, first) does those of some vectors of them.
template <class F>
HWY_INLINE void for_outputs(std::size_t padded, const F& f) {
  const std::size_t n = num_lanes();
  std::size_t i = 0;
  for (; i + 4 * n <= padded; i += 4 * n) f(Tag<std::size_t{4}>(), i);
  for (; i + 2 * n <= padded; i += 2 * n) f(Tag<std::size_t{2}>(), i);
  for (; i + n <= padded; i += n) f(Tag<std::size_t{1}>(), i);
}

template <Group kGroup, class Finish>
void sample_rows(const LinearCall& call, const Finish& finish) {
  const DenseWeights& w = *call.op.dense;
  const std::size_t padded = w.bias.size();
  const Element element = call.y.element;
  const Clamp clamp(finish.range());
  const std::byte* x = call.x.at(call.t);
  std::byte* y = call.y.at(call.t);
  for (std::size_t row = 0; row < call.op.num_rows; ++row) {
    for_outputs(padded, [&](auto num, std::size_t i) PARE_KERNEL_ATTR {
      constexpr std::size_t kNum = decltype(num)::value;
      if constexpr (kGroup != Group::kShorts) {
        if (w.codebook) return codebook_block<kGroup, kNum>(w, i, x, finish, clamp, element, y);
      }
      sample_block<kGroup, kNum>(w, i, x, finish, clamp, element, y);
    });
    x += w.num_inputs * bytes_of_input<kGroup>();
    y += w.num_outputs * size_of(element);
  }
}

void dense_sample(const LinearCall& call) noexcept {
  with_group(*call.op.dense, call.op.dense->has_small_pairs, [&](auto group) HWY_ATTR {
    with_epilogue(call.op.epilogue.get(), call.y.element, [&](const auto& finish) HWY_ATTR {
      sample_rows<decltype(group)::value>(call, finish);
    });
  });
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
LinearKernel sample_kernel() { return dense_sample; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
