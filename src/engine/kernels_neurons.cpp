// Neurons take their step, or several: those of neighbouring elements are the lanes. Highway
// compiles this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_neurons.cpp"
#include <array>
#include <bit>
#include <cstring>

#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_finish.inc"
#include "engine/kernels.h"
#include "engine/spikes.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

/// Sums times a power of two.
class Shifted {
 public:
  explicit Shifted(int bits) : bits_(hn::Set(Ints(), bits)) {}
  HWY_INLINE VInts operator()(VInts x, std::size_t) const { return hn::Shl(x, bits_); }

 private:
  VInts bits_;
};

/// Between two ends.
class Within {
 public:
  explicit Within(program::Interval range)
      : lowest_(hn::Set(Ints(), static_cast<std::int32_t>(range.lowest))),
        highest_(hn::Set(Ints(), static_cast<std::int32_t>(range.highest))) {}
  HWY_INLINE VInts operator()(VInts x, std::size_t = 0) const {
    return hn::Min(hn::Max(x, lowest_), highest_);
  }

 private:
  VInts lowest_;
  VInts highest_;
};

template <class Finish>
class Requantized {
 public:
  explicit Requantized(const Epilogue& epilogue)
      : finish_(&epilogue, Element::kI32), clamp_(finish_.range()) {}
  HWY_INLINE VInts operator()(VInts x, std::size_t k) const {
    return clamp_(finish_.of_outputs(x, k));
  }

 private:
  Finish finish_;
  Clamp clamp_;
};

/// SmallLeak, and between two ends.
class Leaked {
 public:
  Leaked(const SmallLeak& leak, program::Interval range)
      : factor_(leak.factor.data()),
        shift_(leak.shift),
        half_(hn::Set(Ints(), (1 << (leak.shift - 1)) - 1)),
        within_(range) {}

  HWY_INLINE VInts operator()(VInts x, std::size_t k) const {
    const VInts factor = load_ints(factor_ + k);
    const VInts one = hn::Set(Ints(), 1);
    const VInts high = hn::ShiftLeftSame(hn::Mul(hn::ShiftRight<12>(x), factor), 12 - shift_);
    const VInts low = hn::Mul(hn::And(x, hn::Set(Ints(), 4095)), factor);
    const VInts odd = hn::And(hn::ShiftRightSame(low, shift_), one);
    const VInts rounded = hn::ShiftRightSame(hn::Add(hn::Add(low, half_), odd), shift_);
    return within_(hn::Add(high, rounded));
  }

 private:
  const std::int32_t* factor_;
  int shift_;
  VInts half_;
  Within within_;
};

template <class F>
HWY_INLINE void with_epilogue_of(const Epilogue& epilogue, F&& f) {
  if (epilogue.arithmetic == Epilogue::Arithmetic::kFloat) {
    return f(Requantized<InFloat>(epilogue));
  }
  f(Requantized<InDouble>(epilogue));
}

template <class F>
HWY_INLINE void with_leak(const Neurons& neurons, F&& f) {
  if (const auto* small = std::get_if<SmallLeak>(&neurons.leak)) {
    return f(Leaked(*small, neurons.leak_range));
  }
  if (const auto* epilogue = std::get_if<Epilogue>(&neurons.leak)) {
    return with_epilogue_of(*epilogue, f);
  }
  f(Within(neurons.leak_range));
}

template <class F>
HWY_INLINE void with_current(const Neurons& neurons, F&& f) {
  if (neurons.current) return with_epilogue_of(*neurons.current, f);
  f(Shifted(neurons.current_shift));
}

/// Neurons of a vector, as a constant.
constexpr std::size_t kVector = hn::MaxLanes(Ints());

HWY_INLINE VInts total_at(Totals totals, std::size_t i) {
  if (!totals.is_short) return load_ints(totals.data + i * sizeof(std::int32_t));
  const hn::Rebind<std::int16_t, Ints> d;
  return hn::PromoteTo(Ints(),
                       hn::LoadU(d, reinterpret_cast<const std::int16_t*>(totals.data) + i));
}

/// A vector's bits, at bit `at` of a block's.
HWY_INLINE void put_bits(hn::Mask<Ints> mask, std::size_t at, std::uint8_t* block) {
  constexpr std::size_t n = kVector;
  std::uint8_t bits[8] = {};
  hn::StoreMaskBits(Ints(), mask, bits);
  if constexpr (n >= 8) {
    std::memcpy(block + at / 8, bits, n / 8);
  } else {
    block[at / 8] = static_cast<std::uint8_t>(block[at / 8] | bits[0] << (at % 8));
  }
}

/// Calls f with the reset: the usual one known to the compiler.
template <class F>
HWY_INLINE void with_reset(const Neurons& neurons, F&& f) {
  if (neurons.reset == SpikeReset::kDropThenLeak) return f(Tag<SpikeReset::kDropThenLeak>());
  f(neurons.reset);
}

/// One step of a vector of neurons.
template <class Leak, class Reset>
class Dynamics {
 public:
  Dynamics(const Neurons& neurons, const Leak& leak, Reset reset)
      : leak_(leak),
        within_(neurons.range),
        silent_(neurons.silent.data()),
        drop_(neurons.drop.data()),
        reset_(reset) {}

  /// The membranes that follow; the bits of those that spike are put into the block at bit `v`.
  HWY_INLINE VInts operator()(VInts membranes, VInts added, std::size_t k, std::size_t v,
                              std::uint8_t* block) const {
    const VInts potential = hn::Add(membranes, added);
    const auto fires = hn::Gt(potential, load_ints(silent_ + k));
    put_bits(fires, v, block);
    if (reset_ == SpikeReset::kZero) {
      return leak_(hn::AndNot(hn::VecFromMask(Ints(), fires), potential), k);
    }
    const VInts drop = hn::IfThenElseZero(fires, load_ints(drop_ + k));
    return reset_ == SpikeReset::kLeakThenDrop ? within_(hn::Add(leak_(potential, k), drop))
                                               : leak_(hn::Add(potential, drop), k);
  }

 private:
  const Leak& leak_;
  Within within_;
  const std::int32_t* silent_;
  const std::int32_t* drop_;
  Reset reset_;
};

/// The spikes of kNeuronBlock neurons at each step.
using Blocks = std::array<std::uint8_t[kNeuronBlock / 8], kStepsAtOnce>;

/// What a vector of neurons adds at step s.
HWY_INLINE VInts total_at(const NeuronCall& call, std::size_t s, std::size_t i) {
  return total_at({call.totals.data + s * call.total_bytes, call.totals.is_short}, i);
}

/// All neurons of a layer take num_steps steps, which are the call's or 1 known to the compiler,
/// and add the same at each of them or not.
template <bool kAddsTheSame, class Steps, class Current, class Leak, class Reset>
HWY_INLINE void update(const NeuronCall& call, Steps num_steps, const Current& current,
                       const Leak& leak, Reset reset) {
  constexpr std::size_t n = kVector;
  const Neurons& neurons = call.neurons;
  const Dynamics<Leak, Reset> step(neurons, leak, reset);
  auto* const membranes = reinterpret_cast<std::int32_t*>(call.membranes);
  const VInts initial = hn::Set(Ints(), neurons.initial.value_or(0));
  std::array<std::uint64_t, kStepsAtOnce> numbers{};
  std::size_t channel = 0;
  for (std::size_t i = 0; i < neurons.num_elements; i += kNeuronBlock) {
    Blocks blocks = {};
    // Two vectors side by side, for a step waits for the one before it.
    for (std::size_t v = 0; v < kNeuronBlock; v += 2 * n) {
      const std::size_t k = channel + v;
      VInts added = current(total_at(call, 0, i + v), k);
      VInts added_too = current(total_at(call, 0, i + v + n), k + n);
      VInts next = initial;
      VInts next_too = initial;
      if (!call.starts) {
        next = load_ints(membranes + i + v);
        next_too = load_ints(membranes + i + v + n);
      }
      for (std::size_t s = 0; s < num_steps; ++s) {
        if constexpr (!kAddsTheSame) {
          added = current(total_at(call, s, i + v), k);
          added_too = current(total_at(call, s, i + v + n), k + n);
        }
        next = step(next, added, k, v, blocks[s]);
        next_too = step(next_too, added_too, k + n, v + n, blocks[s]);
      }
      if (call.is_last) continue;
      store_ints(next, membranes + i + v);
      store_ints(next_too, membranes + i + v + n);
    }
    const std::size_t left = neurons.num_elements - i;
    const std::uint64_t mask =
        left < kNeuronBlock ? (std::uint64_t{1} << left) - 1 : ~std::uint64_t{0};
    for (std::size_t s = 0; s < num_steps; ++s) {
      std::uint64_t word = 0;
      std::memcpy(&word, blocks[s], sizeof(word));
      word &= mask;
      std::memcpy(call.spikes + s * call.step_bytes + kSpikeHeader + i / 8, &word, sizeof(word));
      numbers[s] += static_cast<std::uint64_t>(std::popcount(word));
    }
    channel = (channel + kNeuronBlock) % neurons.num_channels;
  }
  for (std::size_t s = 0; s < num_steps; ++s) {
    std::memcpy(call.spikes + s * call.step_bytes, &numbers[s], sizeof(numbers[s]));
  }
}

void run_neurons(const NeuronCall& call) noexcept {
  with_current(call.neurons, [&](const auto& current) PARE_KERNEL_ATTR {
    with_leak(call.neurons, [&](const auto& leak) PARE_KERNEL_ATTR {
      with_reset(call.neurons, [&](auto reset) PARE_KERNEL_ATTR {
        if (call.num_steps == 1) {
          return update<true>(call, Tag<std::size_t{1}>(), current, leak, reset);
        }
        if (call.total_bytes == 0) return update<true>(call, call.num_steps, current, leak, reset);
        update<false>(call, call.num_steps, current, leak, reset);
      });
    });
  });
}

}  // namespace

// Wanted by kernels_spikes.cpp: the one of each instruction set.
NeuronKernel neuron_kernel() { return run_neurons; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
