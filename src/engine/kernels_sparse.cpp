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

/// What store_outputs asks for. Lists are walked one group ahead: where its inputs stand is known
/// when their products' turn comes, which a processor does not look ahead far enough for. What is
/// stored may stand anywhere, for all that a compiler knows, so that pointers are copied.
template <Group kGroup>
class SparseSums {
 public:
  SparseSums(const SparseWeights& w, const std::byte* x, std::size_t input_bytes)
      : bias_(bias_of<kGroup>(w)),
        first_(w.first.data()),
        inputs_(w.inputs.data()),
        groups_(w.groups.data()),
        x_(x),
        input_bytes_(input_bytes) {}

  HWY_INLINE SparseSums from(std::size_t i) const {
    SparseSums walk = *this;
    walk.i_ = i;
    walk.k_ = first_[i];
    walk.find_inputs();
    return walk;
  }

  template <std::size_t kNum>
  HWY_INLINE void operator()(std::int32_t bias, VInts (&sums)[kNum]) {
    for (VInts& sum : sums) sum = hn::Set(Ints(), bias_[i_] + bias);
    const std::size_t end = first_[++i_];
    if constexpr (kNum <= 6) {
      // Two sums of each vector: one is added to while the other's product is on its way.
      VInts others[kNum];
      for (VInts& sum : others) sum = hn::Zero(Ints());
      while (k_ + 2 <= end) {
        add_group(sums);
        add_group(others);
      }
      for (std::size_t v = 0; v < kNum; ++v) sums[v] = hn::Add(sums[v], others[v]);
      if (k_ < end) add_group(sums);
    } else {
      // Each output has a group: without a way around the loop gcc keeps sums where they are.
      do add_group(sums);
      while (k_ < end);
    }
  }

 private:
  HWY_INLINE void find_inputs() { from_ = x_ + input_bytes_ * inputs_[k_]; }

  template <std::size_t kNum>
  HWY_INLINE void add_group(VInts (&sums)[kNum]) {
    const std::byte* from = from_;
    const VInts weights = hn::Set(Ints(), groups_[k_++]);
    find_inputs();
    // A product that loads its operand is split in two where the address has an index register.
    asm("" : "+r"(from));
    for (std::size_t v = 0; v < kNum; ++v) {
      add_dot<kGroup>(sums[v], from + 4 * v * num_lanes(), weights);
    }
  }

  const std::int32_t* bias_;
  const std::uint32_t* first_;
  const std::uint16_t* inputs_;
  const std::int32_t* groups_;
  const std::byte* x_;
  std::size_t input_bytes_;  ///< from a group of inputs to the next
  std::size_t i_ = 0;        ///< the next output
  std::size_t k_ = 0;        ///< its next group
  const std::byte* from_ = nullptr;
};

template <Group kGroup, class Finish>
void sparse_rows(const LinearCall& call, const Finish& finish) {
  const SparseWeights& w = *call.op.sparse;
  const std::size_t stride = call.extent.stride;
  const std::size_t input_bytes = call.op.input_bytes != 0 ? call.op.input_bytes : 4 * stride;
  const OutputOf<Finish> output(call.y, call.t, stride, 0, w.num_outputs, finish.range());
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
    with_batch_epilogue(call.op.epilogue.get(), call.y, [&](const auto& finish) HWY_ATTR {
      sparse_rows<decltype(group)::value>(call, finish);
    });
  });
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
LinearKernel sparse_kernel() { return sparse_batch; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
