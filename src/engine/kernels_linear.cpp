// Linear layers on batches, and convolutions, with all weights: lanes are samples or positions.
// Sums have 32 bits, and what requantizes them runs while they are in registers. Highway compiles
// this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_linear.cpp"
#include <algorithm>
#include <type_traits>

#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_finish.inc"
#include "engine/kernels.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {

InputKernel input_kernel();              // kernels_input.cpp
OutputKernel output_kernel();            // kernels_output.cpp
LinearKernel sample_kernel();            // kernels_sample.cpp
LinearKernel sparse_kernel();            // kernels_sparse.cpp
LinearKernel pairs_kernel();             // kernels_pairs.cpp
ElementwiseKernel elementwise_kernel();  // kernels_elementwise.cpp
ImageKernel image_kernel();              // kernels_image.cpp
SpikeKernel spike_kernel();              // kernels_spikes.cpp

namespace {

/// Where the groups of inputs stand: one after the other, or as a list says.
struct Inputs {
  const std::uint16_t* list;  ///< null: none
  std::size_t bytes;

  const std::byte* operator()(const std::byte* x, std::size_t g) const {
    return x + (list == nullptr ? g : list[g]) * bytes;
  }
};

/// The weights of four neighbouring outputs: four 32 bits of a group, then those of the next one.
struct FourOutputs {
  const std::int32_t* groups;
  std::size_t apart;  ///< from a group to the next, in 32 bits
};

/// As that of a list.
template <std::size_t kNum, class Finish>
HWY_INLINE void settle(Vectors<kNum>& sums, std::size_t i, const Finish& finish) {
  if (HWY_LIKELY(finish.has_line(i))) return;
  HWY_ALIGN std::int32_t settled[kNum * hn::MaxLanes(Ints())];
  sums.store(settled);
  finish.settle(i, settled, kNum * num_lanes());
  sums.load(settled);
}

/// Bytes of settled sums, by the outputs' lines.
template <std::size_t kNum, class Codes, class Line>
HWY_INLINE void store_bytes(const Output<Codes>& output, std::size_t i, std::size_t s,
                            const Line (&lines)[4], const Vectors<kNum>& a, const Vectors<kNum>& b,
                            const Vectors<kNum>& c, const Vectors<kNum>& d) {
  if constexpr (kNum > 1) store_bytes(output, i, s, lines, a.others, b.others, c.others, d.others);
  output.store_bytes(i, s + (kNum - 1) * num_lanes(), lines[0](a.last), lines[1](b.last),
                     lines[2](c.last), lines[3](d.last));
}

/// Sums that are codes already, where outputs stand alone: mostly those of a network's last layer.
template <std::size_t kNum>
HWY_INLINE void store_sums(const OutputOf<StoreSums>& output, std::size_t i, std::size_t s,
                           const Vectors<kNum>& sums) {
  if constexpr (kNum > 1) store_sums(output, i, s, sums.others);
  output.store_code(i, s + (kNum - 1) * num_lanes(), sums.last);
}

/// Outputs i … i + 3 of kNum vectors of samples from s on. A function of its own: compilers keep
/// sums in registers then.
template <Group kGroup, std::size_t kNum, class Finish>
HWY_NOINLINE void dense_block(const DenseWeights& w, FourOutputs four, std::size_t i,
                              const std::byte* first, Inputs inputs, const Finish& finish,
                              const OutputOf<Finish>& output, std::size_t s) {
  const std::int32_t* bias = bias_of<kGroup>(w) + i;
  Vectors<kNum> a, b, c, d, x;
  a.set(bias[0] + finish.bias(i));
  b.set(bias[1] + finish.bias(i + 1));
  c.set(bias[2] + finish.bias(i + 2));
  d.set(bias[3] + finish.bias(i + 3));
  const std::int32_t* group = four.groups;
  std::size_t g = 0;
  do {
    x.load(reinterpret_cast<const std::int32_t*>(inputs(first, g)));
    x.template prepare_all<kGroup>();
    a.template add<kGroup>(x, hn::Set(Ints(), group[0]));
    b.template add<kGroup>(x, hn::Set(Ints(), group[1]));
    c.template add<kGroup>(x, hn::Set(Ints(), group[2]));
    d.template add<kGroup>(x, hn::Set(Ints(), group[3]));
    group += four.apart;
  } while (++g < w.num_groups);
  if (HWY_LIKELY(output.has_fours() || output.has_pairs())) {
    settle(a, i, finish);
    settle(b, i + 1, finish);
    settle(c, i + 2, finish);
    settle(d, i + 3, finish);
    const decltype(finish.line(i)) lines[] = {finish.line(i), finish.line(i + 1),
                                              finish.line(i + 2), finish.line(i + 3)};
    store_bytes(output, i, s, lines, a, b, c, d);
    return;
  }
  if constexpr (std::is_same_v<Finish, StoreSums>) {
    if (HWY_LIKELY(output.has_ones())) {
      store_sums(output, i, s, a);
      if (i + 1 < w.num_outputs) store_sums(output, i + 1, s, b);
      if (i + 2 < w.num_outputs) store_sums(output, i + 2, s, c);
      if (i + 3 < w.num_outputs) store_sums(output, i + 3, s, d);
      return;
    }
  }
  if constexpr (!kIsMagic<Finish>) {
    const std::size_t count = kNum * num_lanes();
    HWY_ALIGN std::int32_t sums[4 * kNum * hn::MaxLanes(Ints())];
    a.store(sums);
    b.store(sums + count);
    c.store(sums + 2 * count);
    d.store(sums + 3 * count);
    store_four(sums, count, i, s, finish, output);
  }
}

#if HWY_TARGET == HWY_AVX2
/// A shorter run does not pay, unless it is the only one.
constexpr std::size_t kShortestRun = 4;

/// What two vectors of samples have of an output: sums of 16 bits of a run, two a group.
struct Parts {
  VShorts first;
  VShorts second;

  static HWY_INLINE Parts zero() { return {hn::Zero(Shorts()), hn::Zero(Shorts())}; }

  HWY_INLINE void add(VInts x0, VInts x1, VInts w) {
    first = hn::Add(first, VShorts{_mm256_maddubs_epi16(x0.raw, w.raw)});
    second = hn::Add(second, VShorts{_mm256_maddubs_epi16(x1.raw, w.raw)});
  }
};

HWY_INLINE VInts widened(VShorts part, VInts sum) {
  return hn::Add(sum, VInts{_mm256_madd_epi16(part.raw, _mm256_set1_epi16(1))});
}

/// The parts of four outputs: those of the groups from g to end.
template <Group kGroup>
HWY_INLINE void add_run(FourOutputs four, std::size_t g, std::size_t end, const std::byte* x,
                        Inputs inputs, Parts& a, Parts& b, Parts& c, Parts& d) {
  const std::size_t bytes = 4 * num_lanes();
  const std::int32_t* group = four.groups + g * four.apart;
  for (; g < end; ++g, group += four.apart) {
    const std::byte* from = inputs(x, g);
    const VInts x0 = prepare<kGroup>(load_ints(from));
    const VInts x1 = prepare<kGroup>(load_ints(from + bytes));
    a.add(x0, x1, hn::Set(Ints(), group[0]));
    b.add(x0, x1, hn::Set(Ints(), group[1]));
    c.add(x0, x1, hn::Set(Ints(), group[2]));
    d.add(x0, x1, hn::Set(Ints(), group[3]));
  }
}

/// Adds what parts say to sums in memory: the loops above need all registers.
HWY_INLINE void add_parts(const Parts& parts, std::int32_t* sums) {
  const std::size_t n = num_lanes();
  store_ints(widened(parts.first, load_ints(sums)), sums);
  store_ints(widened(parts.second, load_ints(sums + n)), sums + n);
}

/// Outputs i … i + 3 of two vectors of samples, their sums in memory. Those of outputs that have no
/// line are rare enough for a function of its own.
template <class Finish>
HWY_INLINE void finish_two(const std::int32_t* sums, std::size_t i, std::size_t s,
                           const Finish& finish, const OutputOf<Finish>& output) {
  const std::size_t n = num_lanes();
  if (HWY_UNLIKELY(!finish.has_line(i) || !finish.has_line(i + 1) || !finish.has_line(i + 2) ||
                   !finish.has_line(i + 3))) {
    return store_four(sums, 2 * n, i, s, finish, output);
  }
  const auto a = finish.line(i), b = finish.line(i + 1);
  const auto c = finish.line(i + 2), d = finish.line(i + 3);
  for (std::size_t v = 0; v < 2; ++v, sums += n) {
    output.store(i, s + v * n, a(load_ints(sums)), b(load_ints(sums + 2 * n)),
                 c(load_ints(sums + 4 * n)), d(load_ints(sums + 6 * n)));
  }
}

/// As dense_block, by runs of groups whose sums are known to fit 16 bits.
template <Group kGroup, class Finish>
HWY_INLINE void dense_block_by_runs(const DenseWeights& w, FourOutputs four, std::size_t i,
                                    const std::byte* x, Inputs inputs, const Finish& finish,
                                    const OutputOf<Finish>& output, std::size_t s) {
  constexpr std::size_t kVectors = 2;
  const std::size_t n = num_lanes();
  const std::int32_t* bias = bias_of<kGroup>(w) + i;
  alignas(64) std::int32_t sums[4][kVectors * 8];
  if (w.run >= w.num_groups) {
    Parts a = Parts::zero(), b = a, c = a, d = a;
    add_run<kGroup>(four, 0, w.num_groups, x, inputs, a, b, c, d);
    const auto keep = [&](const Parts& parts, std::size_t k) HWY_ATTR {
      const VInts begun = hn::Set(Ints(), bias[k] + finish.bias(i + k));
      store_ints(widened(parts.first, begun), sums[k]);
      store_ints(widened(parts.second, begun), sums[k] + n);
    };
    keep(a, 0);
    keep(b, 1);
    keep(c, 2);
    keep(d, 3);
    return finish_two(sums[0], i, s, finish, output);
  }
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      store_ints(hn::Set(Ints(), bias[k] + finish.bias(i + k)), sums[k] + v * n);
    }
  }
  for (std::size_t g = 0; g < w.num_groups; g += w.run) {
    Parts a = Parts::zero(), b = a, c = a, d = a;
    add_run<kGroup>(four, g, HWY_MIN(g + w.run, w.num_groups), x, inputs, a, b, c, d);
    add_parts(a, sums[0]);
    add_parts(b, sums[1]);
    add_parts(c, sums[2]);
    add_parts(d, sums[3]);
  }
  finish_two(sums[0], i, s, finish, output);
}
#endif

/// The four outputs from i on, of all samples from s on that kNum vectors hold.
template <Group kGroup, std::size_t kNum, class Finish>
HWY_INLINE void four_outputs(const DenseWeights& w, FourOutputs four, std::size_t i,
                             const std::byte* x, Inputs inputs, const Finish& finish,
                             const OutputOf<Finish>& output, std::size_t s) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (kGroup == Group::kBytes || kGroup == Group::kSignedBytes) {
    if (w.run >= HWY_MIN(kShortestRun, w.num_groups)) {
      return dense_block_by_runs<kGroup>(w, four, i, x + 4 * s, inputs, finish, output, s);
    }
  }
#endif
  dense_block<kGroup, kNum>(w, four, i, x + 4 * s, inputs, finish, output, s);
}

/// Calls `f` with the vectors that samples are cut into, by their number, and the first sample.
template <class F>
HWY_INLINE void for_samples(std::size_t lanes, const F& f) {
  std::size_t s = 0;
  const auto samples = [&](auto num) PARE_KERNEL_ATTR {
    f(num, s);
    s += decltype(num)::value * num_lanes();
  };
#if HWY_TARGET == HWY_AVX2
  for_parts<2>(num_vectors_of(lanes), samples);  // it has half as many registers
#else
  for_parts<4, 2>(num_vectors_of(lanes), samples);
#endif
}

/// The weights of outputs i … i + 3, that the codebook has the numbers of.
template <int kBits>
HWY_INLINE void look_up_four(const DenseWeights& w, std::size_t i, std::int32_t* to) {
  constexpr std::size_t kFields = 8 / kBits;
  const Codebook& codebook = *w.codebook;
  const hn::CappedTag<std::int32_t, 4> fours;
  const hn::Repartition<std::uint8_t, decltype(fours)> bytes;
  const auto values =
      hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(codebook.values.data()));
  const auto mask = hn::Set(bytes, (1U << kBits) - 1);
  const std::size_t num_sets = round_up(w.num_groups, kFields) / kFields;
  const std::int32_t* from = codebook.words.data() + i / kBlock * num_sets * kBlock + i % kBlock;
  const auto look_up_set = [&](std::size_t num_groups) PARE_KERNEL_ATTR {
    auto word = hn::LoadU(fours, from);
    for (std::size_t k = 0; k < num_groups; ++k, to += 4) {
      const auto numbers = hn::And(hn::BitCast(bytes, word), mask);
      hn::StoreU(hn::BitCast(fours, hn::TableLookupBytes(values, numbers)), fours, to);
      word = hn::ShiftRight<kBits>(word);
    }
    from += kBlock;
  };
  std::size_t g = 0;
  for (; g + kFields <= w.num_groups; g += kFields) look_up_set(kFields);
  if (g < w.num_groups) look_up_set(w.num_groups - g);
}

/// A function of its own: not every kernel needs so large a stack.
template <Group kGroup, class Finish>
HWY_NOINLINE void codebook_outputs(const DenseWeights& w, std::size_t lanes, const std::byte* x,
                                   Inputs inputs, const Finish& finish,
                                   const OutputOf<Finish>& output) {
  HWY_ALIGN std::int32_t weights[kMostCodebookInputs];
  const FourOutputs four{weights, 4};
  for (std::size_t i = 0; i < w.num_outputs; i += 4) {
    if (w.codebook->bits == 4) {
      look_up_four<4>(w, i, weights);
    } else if (w.codebook->bits == 2) {
      look_up_four<2>(w, i, weights);
    } else {
      look_up_four<1>(w, i, weights);
    }
    for_samples(lanes, [&](auto num, std::size_t s) PARE_KERNEL_ATTR {
      four_outputs<kGroup, decltype(num)::value>(w, four, i, x, inputs, finish, output, s);
    });
  }
}

template <Group kGroup, class Finish>
void dense_rows(const LinearCall& call, const Finish& finish) {
  const DenseWeights& w = *call.op.dense;
  const std::size_t stride = call.extent.stride;
  const Inputs inputs =
      w.inputs.empty() ? Inputs{nullptr, 4 * stride} : Inputs{w.inputs.data(), call.op.input_bytes};
  const std::size_t row_bytes = w.num_inputs * stride * bytes_of_input<kGroup>();
  for (std::size_t row = 0; row < call.op.num_rows; ++row) {
    const std::byte* x = call.x.at(call.t) + row * row_bytes;
    const OutputOf<Finish> output(call.y, call.t, stride, row, w.num_outputs, finish.range());
    if constexpr (kGroup != Group::kShorts) {
      if (w.codebook) {
        codebook_outputs<kGroup>(w, call.extent.lanes, x, inputs, finish, output);
        continue;
      }
    }
    for_samples(call.extent.lanes, [&](auto num, std::size_t s) PARE_KERNEL_ATTR {
      const std::int32_t* block = w.groups.data();
      for (std::size_t i = 0; i < w.num_outputs; i += 4) {
        const FourOutputs four{block + i / kBlock * w.num_groups * kBlock + i % kBlock, kBlock};
        four_outputs<kGroup, decltype(num)::value>(w, four, i, x, inputs, finish, output, s);
      }
    });
  }
}

void dense_batch(const LinearCall& call) noexcept {
  with_group(*call.op.dense, call.op.dense->has_small_pairs, [&](auto group) HWY_ATTR {
    with_batch_epilogue(call.op.epilogue.get(), call.y, [&](const auto& finish) HWY_ATTR {
      dense_rows<decltype(group)::value>(call, finish);
    });
  });
}

}  // namespace

// Wanted by kernels.cpp: the one of each instruction set.
const Kernels& linear_kernels() {
  static const Kernels kernels{.dense_sample = sample_kernel(),
                               .dense_batch = dense_batch,
                               .sparse_batch = sparse_kernel(),
                               .pairs_batch = pairs_kernel(),
                               .elementwise = elementwise_kernel(),
                               .image = image_kernel(),
                               .map_input = input_kernel(),
                               .unload = output_kernel(),
                               .spikes = spike_kernel(),
                               .has_fma = HWY_NATIVE_FMA != 0};
  return kernels;
}

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <hwy/targets.h>

namespace pare::engine {

std::string_view name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      return "portable";
    case InstructionSet::kNeon:
      return "neon";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512Vnni:
      break;
  }
  return "avx512-vnni";
}

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets;
#if HWY_STATIC_TARGET == HWY_EMU128
  sets.push_back(InstructionSet::kPortable);
#endif
#if HWY_TARGETS != HWY_STATIC_TARGET
  const std::int64_t here = hwy::SupportedTargets();
#else
  [[maybe_unused]] constexpr std::int64_t here = HWY_STATIC_TARGET;
#endif
#if HWY_TARGETS & HWY_NEON
  sets.push_back(InstructionSet::kNeon);
#endif
#if HWY_TARGETS & HWY_AVX2
  if ((here & HWY_AVX2) != 0) sets.push_back(InstructionSet::kAvx2);
#endif
#if HWY_TARGETS & HWY_AVX3
  if ((here & HWY_AVX3) != 0 && __builtin_cpu_supports("avx512vnni"))
    sets.push_back(InstructionSet::kAvx512Vnni);
#endif
  return sets;
}

const Kernels& kernels_of(InstructionSet set) {
#if HWY_TARGETS & HWY_NEON
  if (set == InstructionSet::kNeon) return N_NEON::linear_kernels();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (set == InstructionSet::kAvx2) return N_AVX2::linear_kernels();
#endif
#if HWY_TARGETS & HWY_AVX3
  if (set == InstructionSet::kAvx512Vnni) return N_AVX3::linear_kernels();
#endif
  (void)set;
  return HWY_STATIC_DISPATCH(linear_kernels)();
}

}  // namespace pare::engine
#endif
