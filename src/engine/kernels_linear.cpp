// Linear layers. Lanes are samples (batches) or outputs (one sample); sums have 32 bits, and what
// requantizes them runs while they are in registers. Highway compiles this file once for every
// instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_linear.cpp"
#include <algorithm>

#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_finish.inc"
#include "engine/kernels.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {

InputKernel input_kernel();              // kernels_input.cpp
OutputKernel output_kernel();            // kernels_output.cpp
LinearKernel pairs_kernel();             // kernels_pairs.cpp
ElementwiseKernel elementwise_kernel();  // kernels_elementwise.cpp
ImageKernel image_kernel();              // kernels_image.cpp
SpikeKernel spike_kernel();              // kernels_spikes.cpp

namespace {

/// Vectors of samples that are worked on at once.
constexpr std::size_t kVectors = 2;

// ----------------------------------------------------------------------------- batches, dense

/// Where the groups of inputs stand: one after the other, or as a list says.
struct Inputs {
  const std::uint16_t* list;  ///< null: none
  std::size_t bytes;

  const std::byte* operator()(const std::byte* x, std::size_t g) const {
    return x + (list == nullptr ? g : list[g]) * bytes;
  }
};

/// kNum vectors: one behind the others instead of a list, which gcc would leave in memory.
template <std::size_t kNum>
struct Vectors {
  Vectors<kNum - 1> others;
  VInts last;

  HWY_INLINE Vectors() {}
  HWY_INLINE void set(std::int32_t value) {
    others.set(value);
    last = hn::Set(Ints(), value);
  }
  HWY_INLINE void load(const std::int32_t* from) {
    others.load(from);
    last = load_ints(from + (kNum - 1) * num_lanes());
  }
  HWY_INLINE void store(std::int32_t* to) const {
    others.store(to);
    store_ints(last, to + (kNum - 1) * num_lanes());
  }
  template <Group kGroup>
  HWY_INLINE void prepare_all() {
    others.template prepare_all<kGroup>();
    last = prepare<kGroup>(last);
  }
  template <Group kGroup>
  HWY_INLINE void add(const Vectors& x, VInts w) {
    others.template add<kGroup>(x.others, w);
    add_dot<kGroup>(last, x.last, w);
  }
};
template <>
struct Vectors<0> {
  HWY_INLINE Vectors() {}
  HWY_INLINE void set(std::int32_t) {}
  HWY_INLINE void load(const std::int32_t*) {}
  HWY_INLINE void store(std::int32_t*) const {}
  template <Group kGroup>
  HWY_INLINE void prepare_all() {}
  template <Group kGroup>
  HWY_INLINE void add(const Vectors&, VInts) {}
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
template <std::size_t kNum, class Line>
HWY_INLINE void store_bytes(const Output& output, std::size_t i, std::size_t s,
                            const Line (&lines)[4], const Vectors<kNum>& a, const Vectors<kNum>& b,
                            const Vectors<kNum>& c, const Vectors<kNum>& d) {
  if constexpr (kNum > 1) store_bytes(output, i, s, lines, a.others, b.others, c.others, d.others);
  output.store_bytes(i, s + (kNum - 1) * num_lanes(), lines[0](a.last), lines[1](b.last),
                     lines[2](c.last), lines[3](d.last));
}

/// Outputs i … i + 3 of kNum vectors of samples from s on. A function of its own: compilers keep
/// sums in registers then.
template <Group kGroup, std::size_t kNum, class Finish>
HWY_NOINLINE void dense_block(const DenseWeights& w, std::size_t i, const std::byte* first,
                              Inputs inputs, const Finish& finish, const Output& output,
                              std::size_t s) {
  const std::int32_t* bias = bias_of<kGroup>(w) + i;
  Vectors<kNum> a, b, c, d, x;
  a.set(bias[0]);
  b.set(bias[1]);
  c.set(bias[2]);
  d.set(bias[3]);
  const std::int32_t* group = w.groups.data() + i / kBlock * w.num_groups * kBlock + i % kBlock;
  std::size_t g = 0;
  do {
    x.load(reinterpret_cast<const std::int32_t*>(inputs(first, g)));
    x.template prepare_all<kGroup>();
    a.template add<kGroup>(x, hn::Set(Ints(), group[0]));
    b.template add<kGroup>(x, hn::Set(Ints(), group[1]));
    c.template add<kGroup>(x, hn::Set(Ints(), group[2]));
    d.template add<kGroup>(x, hn::Set(Ints(), group[3]));
    group += kBlock;
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
  const std::size_t count = kNum * num_lanes();
  HWY_ALIGN std::int32_t sums[4 * kNum * hn::MaxLanes(Ints())];
  a.store(sums);
  b.store(sums + count);
  c.store(sums + 2 * count);
  d.store(sums + 3 * count);
  store_four(sums, count, i, s, finish, output);
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
HWY_INLINE void add_run(const std::int32_t* group, std::size_t g, std::size_t end,
                        const std::byte* x, Inputs inputs, Parts& a, Parts& b, Parts& c, Parts& d) {
  const std::size_t bytes = 4 * num_lanes();
  for (group += g * kBlock; g < end; ++g, group += kBlock) {
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

/// As dense_block, by runs of groups whose sums are known to fit 16 bits.
template <Group kGroup, class Finish>
HWY_INLINE void dense_block_by_runs(const DenseWeights& w, std::size_t i, const std::byte* x,
                                    Inputs inputs, const Finish& finish, const Output& output,
                                    std::size_t s) {
  const std::size_t n = num_lanes();
  const std::int32_t* bias = bias_of<kGroup>(w) + i;
  const std::int32_t* group = w.groups.data() + i / kBlock * w.num_groups * kBlock + i % kBlock;
  if (w.run >= w.num_groups) {
    Parts a = Parts::zero(), b = a, c = a, d = a;
    add_run<kGroup>(group, 0, w.num_groups, x, inputs, a, b, c, d);
    const auto done = [&](VShorts part, std::size_t k) HWY_ATTR {
      return finish.of_output(widened(part, hn::Set(Ints(), bias[k])), i + k);
    };
    output.store(i, s, done(a.first, 0), done(b.first, 1), done(c.first, 2), done(d.first, 3));
    output.store(i, s + n, done(a.second, 0), done(b.second, 1), done(c.second, 2),
                 done(d.second, 3));
    return;
  }
  alignas(64) std::int32_t sums[4][kVectors * 8];
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      store_ints(hn::Set(Ints(), bias[k]), sums[k] + v * n);
    }
  }
  for (std::size_t g = 0; g < w.num_groups; g += w.run) {
    Parts a = Parts::zero(), b = a, c = a, d = a;
    add_run<kGroup>(group, g, HWY_MIN(g + w.run, w.num_groups), x, inputs, a, b, c, d);
    add_parts(a, sums[0]);
    add_parts(b, sums[1]);
    add_parts(c, sums[2]);
    add_parts(d, sums[3]);
  }
  for (std::size_t v = 0; v < kVectors; ++v) {
    const auto done = [&](std::size_t k)
                          HWY_ATTR { return finish.of_output(load_ints(sums[k] + v * n), i + k); };
    output.store(i, s + v * n, done(0), done(1), done(2), done(3));
  }
}
#endif

template <Group kGroup, class Finish>
void dense_rows(const LinearCall& call, const Finish& finish) {
  const DenseWeights& w = *call.op.dense;
  const std::size_t stride = call.extent.stride;
  const Inputs inputs =
      w.inputs.empty() ? Inputs{nullptr, 4 * stride} : Inputs{w.inputs.data(), call.op.input_bytes};
  const std::size_t row_bytes = w.num_inputs * stride * (4 / w.interleave);
  for (std::size_t row = 0; row < call.op.num_rows; ++row) {
    const std::byte* x = call.x.at(call.t) + row * row_bytes;
    const Output output(call.y, call.t, stride, row, w.num_outputs, finish.range());
    std::size_t s = 0;
    const auto samples = [&](auto num) PARE_KERNEL_ATTR {
      constexpr std::size_t kNum = decltype(num)::value;
      for (std::size_t i = 0; i < w.num_outputs; i += 4) {
#if HWY_TARGET == HWY_AVX2
        if constexpr (kGroup == Group::kBytes || kGroup == Group::kSignedBytes) {
          if (w.run >= HWY_MIN(kShortestRun, w.num_groups)) {
            dense_block_by_runs<kGroup>(w, i, x + 4 * s, inputs, finish, output, s);
            continue;
          }
        }
#endif
        dense_block<kGroup, kNum>(w, i, x + 4 * s, inputs, finish, output, s);
      }
      s += kNum * num_lanes();
    };
    const std::size_t vectors = round_up(call.extent.lanes, kVectors * num_lanes()) / num_lanes();
#if HWY_TARGET == HWY_AVX2
    for_parts<2>(vectors, samples);  // it has half as many registers
#else
    for_parts<4, 2>(vectors, samples);
#endif
  }
}

void dense_batch(const LinearCall& call) noexcept {
  with_group(*call.op.dense, call.op.dense->has_small_pairs, [&](auto group) HWY_ATTR {
    with_epilogue(call.op.epilogue.get(), call.y.element, [&](const auto& finish) HWY_ATTR {
      dense_rows<decltype(group)::value>(call, finish);
    });
  });
}

// ---------------------------------------------------------------------------- batches, sparse

/// What store_outputs asks for.
template <Group kGroup>
class SparseSums {
 public:
  SparseSums(const SparseWeights& w, const std::byte* x, std::size_t input_bytes)
      : w_(w), x_(x), input_bytes_(input_bytes) {}

  template <std::size_t kNum>
  HWY_INLINE void operator()(std::size_t i, VInts (&sums)[kNum]) const {
    for (VInts& sum : sums) sum = hn::Set(Ints(), bias_of<kGroup>(w_)[i]);
    std::size_t k = w_.first[i];
    const std::size_t end = w_.first[i + 1];
    if constexpr (kNum <= 6) {
      // Two sums of each vector: one is added to while the other's product is on its way.
      VInts others[kNum];
      for (VInts& sum : others) sum = hn::Zero(Ints());
      for (; k + 2 <= end; k += 2) {
        add_group(k, sums);
        add_group(k + 1, others);
      }
      for (std::size_t v = 0; v < kNum; ++v) sums[v] = hn::Add(sums[v], others[v]);
      if (k < end) add_group(k, sums);
    } else {
      // Each output has a group: without a way around the loop gcc keeps sums where they are.
      do add_group(k, sums);
      while (++k < end);
    }
  }

 private:
  template <std::size_t kNum>
  HWY_INLINE void add_group(std::size_t k, VInts (&sums)[kNum]) const {
    const std::byte* from = x_ + input_bytes_ * w_.inputs[k];
    const VInts weights = hn::Set(Ints(), w_.groups[k]);
    for (std::size_t v = 0; v < kNum; ++v) {
      add_dot<kGroup>(sums[v], from + 4 * v * num_lanes(), weights);
    }
  }

  const SparseWeights& w_;
  const std::byte* x_;
  std::size_t input_bytes_;  ///< from a group of inputs to the next
};

template <Group kGroup, class Finish>
void sparse_rows(const LinearCall& call, const Finish& finish) {
  const SparseWeights& w = *call.op.sparse;
  const std::size_t stride = call.extent.stride;
  const std::size_t n = num_lanes();
  const std::size_t input_bytes = call.op.input_bytes != 0 ? call.op.input_bytes : 4 * stride;
  const Output output(call.y, call.t, stride, 0, w.num_outputs, finish.range());
  const std::byte* x = call.x.at(call.t);
  const std::size_t lanes = round_up(call.extent.lanes, kVectors * n);
  std::size_t s = 0;
  const auto samples = [&](auto num) PARE_KERNEL_ATTR {
    constexpr std::size_t kNum = decltype(num)::value;
    const SparseSums<kGroup> sums(w, x + 4 * s, input_bytes);
    store_outputs<kNum>(sums, w.num_outputs, finish, output, s);
    s += kNum * n;
  };
  // A weight is loaded once for all its vectors, and a list is walked once.
#if HWY_TARGET == HWY_AVX2
  for_parts<8, 4, 2>(lanes / n, samples);
#else
  for_parts<16, 14, 12, 8, 4, 2>(lanes / n, samples);
#endif
}

void sparse_batch(const LinearCall& call) noexcept {
  with_group(*call.op.sparse, call.op.sparse->has_small_pairs, [&](auto group) HWY_ATTR {
    with_epilogue(call.op.epilogue.get(), call.y.element, [&](const auto& finish) HWY_ATTR {
      sparse_rows<decltype(group)::value>(call, finish);
    });
  });
}

// --------------------------------------------------------------------------------- one sample

/// kNum vectors of outputs from i on. Two sums each, so that fewer products wait for each other.
template <Group kGroup, std::size_t kNum, class Finish>
HWY_INLINE void sample_block(const DenseWeights& w, std::size_t i, const std::byte* x,
                             const Finish& finish, const Clamp& clamp, Element element,
                             std::byte* y) {
  const std::size_t n = num_lanes();
  const std::int32_t* bias = bias_of<kGroup>(w);
  VInts even[kNum];
  VInts odd[kNum];
  const std::int32_t* from[kNum];
  for (std::size_t v = 0; v < kNum; ++v) {
    const std::size_t first = i + v * n;
    even[v] = load_ints(bias + first);
    odd[v] = hn::Zero(Ints());
    from[v] = w.groups.data() + first / kBlock * w.num_groups * kBlock + first % kBlock;
  }
  std::size_t g = 0;
  for (; g + 2 <= w.num_groups; g += 2, x += 8) {
    const VInts x0 = prepare<kGroup>(broadcast(x));
    const VInts x1 = prepare<kGroup>(broadcast(x + 4));
    for (std::size_t v = 0; v < kNum; ++v) {
      even[v] = dot<kGroup>(even[v], x0, load_ints(from[v] + g * kBlock));
      odd[v] = dot<kGroup>(odd[v], x1, load_ints(from[v] + (g + 1) * kBlock));
    }
  }
  if (g < w.num_groups) {
    const VInts x0 = prepare<kGroup>(broadcast(x));
    for (std::size_t v = 0; v < kNum; ++v) {
      even[v] = dot<kGroup>(even[v], x0, load_ints(from[v] + g * kBlock));
    }
  }
  for (std::size_t v = 0; v < kNum; ++v) {
    const std::size_t first = i + v * n;
    const VInts result = finish.of_outputs(hn::Add(even[v], odd[v]), first);
    store_lanes(clamp(result), element, y + first * size_of(element));
  }
}

template <Group kGroup, class Finish>
void sample_rows(const LinearCall& call, const Finish& finish) {
  const DenseWeights& w = *call.op.dense;
  const std::size_t n = num_lanes();
  const std::size_t padded = w.bias.size();
  const Element element = call.y.element;
  const Clamp clamp(finish.range());
  const std::byte* x = call.x.at(call.t);
  std::byte* y = call.y.at(call.t);
  for (std::size_t row = 0; row < call.op.num_rows; ++row) {
    std::size_t i = 0;
    for (; i + 4 * n <= padded; i += 4 * n) {
      sample_block<kGroup, 4>(w, i, x, finish, clamp, element, y);
    }
    for (; i + 2 * n <= padded; i += 2 * n) {
      sample_block<kGroup, 2>(w, i, x, finish, clamp, element, y);
    }
    for (; i + n <= padded; i += n) sample_block<kGroup, 1>(w, i, x, finish, clamp, element, y);
    x += w.num_inputs * (4 / w.interleave);
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

// Wanted by kernels.cpp: the one of each instruction set.
const Kernels& linear_kernels() {
  static const Kernels kernels{.dense_sample = dense_sample,
                               .dense_batch = dense_batch,
                               .sparse_batch = sparse_batch,
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
