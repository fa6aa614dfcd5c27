// Linear layers on batches, and convolutions, whose groups of weights are listed: lanes are samples
// or positions, zeros are left out. Highway compiles this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_sparse.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_finish.inc"
#include "engine/kernels.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

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
    // A product that loads its operand is split in two where the address has an index register.
    asm("" : "+r"(from));
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
  const std::size_t input_bytes = call.op.input_bytes != 0 ? call.op.input_bytes : 4 * stride;
  const Output output(call.y, call.t, stride, 0, w.num_outputs, finish.range());
  const std::byte* x = call.x.at(call.t);
  std::size_t s = 0;
  const auto samples = [&](auto num) PARE_KERNEL_ATTR {
    constexpr std::size_t kNum = decltype(num)::value;
    const SparseSums<kGroup> sums(w, x + 4 * s, input_bytes);
    store_outputs<kNum>(sums, w.num_outputs, finish, output, s);
    s += kNum * num_lanes();
  };
  const std::size_t vectors = num_vectors_of(call.extent.lanes);
  // A weight is loaded once for all its vectors, and a list is walked once.
#if HWY_TARGET == HWY_AVX2
  for_parts<8, 4, 2>(vectors, samples);
#else
  for_parts<16, 14, 12, 8, 4, 2>(vectors, samples);
#endif
}

void sparse_batch(const LinearCall& call) noexcept {
  with_group(*call.op.sparse, call.op.sparse->has_small_pairs, [&](auto group) HWY_ATTR {
    with_epilogue(call.op.epilogue.get(), call.y.element, [&](const auto& finish) HWY_ATTR {
      sparse_rows<decltype(group)::value>(call, finish);
    });
  });
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
LinearKernel sparse_kernel() { return sparse_batch; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
