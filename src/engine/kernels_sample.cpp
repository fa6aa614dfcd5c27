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

// No lambdas where sums are added to: gcc would leave these in memory.

/// sums += the products of a group of inputs, of kNum vectors of outputs.
template <Group kGroup, std::size_t kNum>
HWY_INLINE void add_products(Vectors<kNum>& sums, VInts inputs, const std::int32_t* const* weights,
                             std::size_t g) {
  if constexpr (kNum > 1) add_products<kGroup>(sums.others, inputs, weights, g);
  add_dot<kGroup>(sums.last, inputs, load_ints(weights[kNum - 1] + g * kBlock));
}

template <Group kGroup>
HWY_INLINE VInts inputs_of(const std::byte* x, std::size_t g) {
  return prepare<kGroup>(broadcast(x + 4 * g));
}

/// The sums of kNum vectors of outputs from i on: several at first, so that fewer products wait for
/// each other.
template <Group kGroup, std::size_t kNum>
HWY_INLINE void sum_products(const DenseWeights& w, std::size_t i, const std::byte* x,
                             Vectors<kNum>& sums) {
  const std::int32_t* weights[kNum];
  for (std::size_t v = 0; v < kNum; ++v) {
    const std::size_t first = i + v * num_lanes();
    weights[v] = w.groups.data() + first / kBlock * w.num_groups * kBlock + first % kBlock;
  }
  Vectors<kNum> b, c, d;
  sums.load(bias_of<kGroup>(w) + i);
  b.set(0);
  std::size_t g = 0;
  if constexpr (kNum == 1) {
    c.set(0);
    d.set(0);
    for (; g + 4 <= w.num_groups; g += 4) {
      add_products<kGroup>(sums, inputs_of<kGroup>(x, g), weights, g);
      add_products<kGroup>(b, inputs_of<kGroup>(x, g + 1), weights, g + 1);
      add_products<kGroup>(c, inputs_of<kGroup>(x, g + 2), weights, g + 2);
      add_products<kGroup>(d, inputs_of<kGroup>(x, g + 3), weights, g + 3);
    }
    b.add(c);
    sums.add(d);
  }
  for (; g + 2 <= w.num_groups; g += 2) {
    add_products<kGroup>(sums, inputs_of<kGroup>(x, g), weights, g);
    add_products<kGroup>(b, inputs_of<kGroup>(x, g + 1), weights, g + 1);
  }
  if (g < w.num_groups) add_products<kGroup>(sums, inputs_of<kGroup>(x, g), weights, g);
  sums.add(b);
}

/// What is stored of sums of outputs from i on.
template <std::size_t kNum, class Finish>
HWY_INLINE void store_outputs_from(const Vectors<kNum>& sums, std::size_t i, const Finish& finish,
                                   const Clamp& clamp, Element element, std::byte* y) {
  if constexpr (kNum > 1) store_outputs_from(sums.others, i, finish, clamp, element, y);
  const std::size_t first = i + (kNum - 1) * num_lanes();
  store_lanes(clamp(finish.of_outputs(sums.last, first)), element, y + first * size_of(element));
}

template <Group kGroup, std::size_t kNum, class Finish>
HWY_INLINE void sample_block(const DenseWeights& w, std::size_t i, const std::byte* x,
                             const Finish& finish, const Clamp& clamp, Element element,
                             std::byte* y) {
  Vectors<kNum> sums;
  sum_products<kGroup>(w, i, x, sums);
  store_outputs_from(sums, i, finish, clamp, element, y);
}

/// The values of a codebook, to be looked up.
template <int kBits>
struct Values {
  hn::Vec<Bytes> values;
  hn::Vec<Bytes> mask;

  HWY_INLINE explicit Values(const Codebook& codebook)
      : values(
            hn::LoadDup128(Bytes(), reinterpret_cast<const std::uint8_t*>(codebook.values.data()))),
        mask(hn::Set(Bytes(), (1U << kBits) - 1)) {}

  /// The weights whose numbers are lowest in each byte; the next ones become lowest.
  HWY_INLINE VInts next(VInts& word) const {
    const auto numbers = hn::And(hn::BitCast(Bytes(), word), mask);
    word = hn::ShiftRight<kBits>(word);
    return hn::BitCast(Ints(), hn::TableLookupBytes(values, numbers));
  }
};

/// sums += the products of a set of groups from x on.
template <Group kGroup, int kBits, std::size_t kNum>
HWY_INLINE void add_set(Vectors<kNum>& sums, const Values<kBits>& values,
                        const std::int32_t* const* words, std::size_t set, const std::byte* x,
                        std::size_t num_groups) {
  if constexpr (kNum > 1) add_set<kGroup>(sums.others, values, words, set, x, num_groups);
  VInts word = load_ints(words[kNum - 1] + set * kBlock);
  for (std::size_t g = 0; g < num_groups; ++g) {
    add_dot<kGroup>(sums.last, inputs_of<kGroup>(x, g), values.next(word));
  }
}

/// As many outputs' sums of weights that a codebook has the numbers of. A function of its own,
/// without what is done to the sums.
template <Group kGroup, int kBits, std::size_t kNum>
HWY_NOINLINE void sum_codebook(const DenseWeights& w, std::size_t i, const std::byte* x,
                               std::int32_t* to) {
  constexpr std::size_t kFields = 8 / kBits;
  const std::size_t num_sets = round_up(w.num_groups, kFields) / kFields;
  const Values<kBits> values(*w.codebook);
  const std::int32_t* words[kNum];
  for (std::size_t v = 0; v < kNum; ++v) {
    const std::size_t first = i + v * num_lanes();
    words[v] = w.codebook->words.data() + first / kBlock * num_sets * kBlock + first % kBlock;
  }
  Vectors<kNum> sums;
  sums.load(bias_of<kGroup>(w) + i);
  const std::size_t num_full = w.num_groups / kFields;
  for (std::size_t set = 0; set < num_full; ++set, x += 4 * kFields) {
    add_set<kGroup>(sums, values, words, set, x, kFields);
  }
  if (num_full < num_sets) {
    add_set<kGroup>(sums, values, words, num_full, x, w.num_groups % kFields);
  }
  sums.store(to);
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
  Vectors<kNum> vectors;
  vectors.load(sums);
  store_outputs_from(vectors, i, finish, clamp, element, y);
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
