// Requantize, threshold, clamp and add where they stand alone. Lanes are samples (batches) or
// elements (one sample). Highway compiles this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_elementwise.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/elementwise.h"
#include "engine/kernel_finish.inc"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

/// What is finished and stored: x, or a sum, or the code of a threshold.
class Value {
 public:
  explicit Value(const ElementwiseCall& call)
      : op_(call.op),
        x_(call.inputs[0], call.t, call.extent.stride),
        other_(call.inputs[call.op.kind == ElementwiseKind::kAdd ? 1 : 0], call.t,
               call.extent.stride),
        padded_(padded_size(call.op)) {}

  HWY_INLINE VInts samples(std::size_t e, std::size_t s) const {
    const VInts x = x_.samples(e, s);
    if (op_.kind == ElementwiseKind::kAdd) return hn::Add(x, other_.samples(e, s));
    if (op_.kind != ElementwiseKind::kThreshold) return x;
    VInts code = hn::Set(Ints(), op_.first[e]);
    for (std::size_t at = e; at < op_.thresholds.size(); at += padded_) {
      code = hn::Add(code,
                     step(x, hn::Set(Ints(), op_.thresholds[at]), hn::Set(Ints(), op_.steps[at])));
    }
    return code;
  }

  HWY_INLINE VInts elements(std::size_t e) const {
    const VInts x = x_.elements(e);
    if (op_.kind == ElementwiseKind::kAdd) return hn::Add(x, other_.elements(e));
    if (op_.kind != ElementwiseKind::kThreshold) return x;
    VInts code = load_ints(op_.first.data() + e);
    for (std::size_t at = e; at < op_.thresholds.size(); at += padded_) {
      code = hn::Add(
          code, step(x, load_ints(op_.thresholds.data() + at), load_ints(op_.steps.data() + at)));
    }
    return code;
  }

 private:
  static HWY_INLINE VInts step(VInts x, VInts threshold, VInts step) {
    return hn::AndNot(hn::VecFromMask(Ints(), hn::Lt(x, threshold)), step);
  }

  const ElementwiseOp& op_;
  Elements x_;
  Elements other_;
  std::size_t padded_;
};

template <class Finish>
void run_batch(const ElementwiseCall& call, const Finish& finish) {
  const Value value(call);
  const std::size_t size = call.op.size;
  const OutputOf<Finish> output(call.y, call.t, call.extent.stride, 0, size, finish.range());
  for (std::size_t e = 0; e < size; e += 4) {
    // Those that are no elements are computed from the last one, and not stored.
    const std::size_t last = size - 1;
    const std::size_t b = HWY_MIN(e + 1, last), c = HWY_MIN(e + 2, last), d = HWY_MIN(e + 3, last);
    for (std::size_t s = 0; s < call.extent.lanes; s += num_lanes()) {
      output.store(
          e, s, finish.of_output(value.samples(e, s), e), finish.of_output(value.samples(b, s), b),
          finish.of_output(value.samples(c, s), c), finish.of_output(value.samples(d, s), d));
    }
  }
}

template <class Finish>
void run_sample(const ElementwiseCall& call, const Finish& finish) {
  const Value value(call);
  const Clamp clamp(finish.range());
  const Element element = call.y.element;
  std::byte* y = call.y.at(call.t);
  for (std::size_t e = 0; e < call.op.size; e += num_lanes()) {
    store_lanes(clamp(finish.of_outputs(value.elements(e), e)), element, y + e * size_of(element));
  }
}

/// The range of a clamp, with a center for those that are stored as bytes.
Range range_of(const ElementwiseOp& op) {
  const bool is_narrow = op.lowest >= -128 && op.highest <= 255;
  return {op.lowest, op.highest, is_narrow && op.highest > 127 ? 128 : 0};
}

void elementwise(const ElementwiseCall& call) noexcept {
  const auto run = [&](const auto& finish) HWY_ATTR {
    if (call.extent.stride == 1) return run_sample(call, finish);
    run_batch(call, finish);
  };
  if (call.op.kind == ElementwiseKind::kClamp) return run(StoreSums(range_of(call.op)));
  const bool is_requantize = call.op.kind == ElementwiseKind::kRequantize;
  with_epilogue(is_requantize ? &call.op.epilogue : nullptr, call.y.element, run);
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
ElementwiseKernel elementwise_kernel() { return elementwise; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
