// Raw float32 numbers to input codes, as lower::map_input defines them. Highway compiles this file
// once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_input.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/input_mapper.h"
#include "engine/kernel_parts.inc"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

using VFloats = hn::Vec<Floats>;
using HalfFloats = hn::Half<Floats>;

HWY_INLINE VFloats scaled(const InputMapper& mapper, VFloats raw, std::size_t e) {
  if (!mapper.has_affine) return raw;
  const std::size_t half = hn::Lanes(Doubles());
  const auto part = [&](hn::Vec<HalfFloats> x, std::size_t i) HWY_ATTR {
    const VDoubles mean = hn::LoadU(Doubles(), mapper.mean.data() + i);
    const VDoubles scale = hn::LoadU(Doubles(), mapper.scale.data() + i);
    return hn::DemoteTo(HalfFloats(), hn::Div(hn::Sub(hn::PromoteTo(Doubles(), x), mean), scale));
  };
  return hn::Combine(Floats(), part(hn::UpperHalf(HalfFloats(), raw), e + half),
                     part(hn::LowerHalf(HalfFloats(), raw), e));
}

/// round(scaled * multiply / divide), step by step as it is defined.
HWY_NOINLINE VFloats rounded_exactly(const InputMapper& mapper, VFloats raw, std::size_t e) {
  const VFloats multiply = hn::LoadU(Floats(), mapper.multiply.data() + e);
  const VFloats divide = hn::LoadU(Floats(), mapper.divide.data() + e);
  return hn::Round(hn::Div(hn::Mul(scaled(mapper, raw, e), multiply), divide));
}

HWY_INLINE VFloats rounded(const InputMapper& mapper, VFloats raw, std::size_t e) {
#if HWY_NATIVE_FMA
  if (!mapper.gain.empty()) {
    const VFloats y = hn::MulAdd(raw, hn::LoadU(Floats(), mapper.gain.data() + e),
                                 hn::LoadU(Floats(), mapper.offset.data() + e));
    const VFloats code = hn::Round(y);
    const VFloats slack = hn::NegMulAdd(hn::Abs(y), hn::Set(Floats(), mapper.near),
                                        hn::Set(Floats(), 0.5F - mapper.near_zero));
    // False for NaN.
    if (HWY_LIKELY(hn::AllTrue(Floats(), hn::Lt(hn::Abs(hn::Sub(y, code)), slack)))) return code;
  }
#endif
  return rounded_exactly(mapper, raw, e);
}

HWY_INLINE VInts codes_of(const InputMapper& mapper, VFloats raw, std::size_t e) {
  const VFloats zero_point = hn::Set(Floats(), mapper.zero_point);
  const VFloats code = hn::Add(rounded(mapper, raw, e), zero_point);
  const VFloats number = hn::IfThenElse(hn::IsNaN(code), zero_point, code);
  const VFloats clamped =
      hn::Min(hn::Max(number, hn::Set(Floats(), mapper.lowest)), hn::Set(Floats(), mapper.highest));
  return hn::ConvertTo(Ints(), clamped);
}

/// The codes of elements first … first + count - 1 of one sample, as elements of the buffer.
HWY_INLINE void map_row(const InputMapper& mapper, const float* raw, std::size_t first,
                        std::size_t count, Element element, std::byte* to) {
  const std::size_t n = num_lanes();
  const std::size_t size = size_of(element);
  std::size_t i = 0;
  for (; i + n <= count; i += n) {
    const std::size_t e = first + i;
    store_lanes(codes_of(mapper, hn::LoadU(Floats(), raw + e), e), element, to + i * size);
  }
  if (i == count) return;
  // Highway's emulated masked load reads what it masks, which may lie behind the samples.
  HWY_ALIGN float last[hn::MaxLanes(Floats())] = {};
  std::memcpy(last, raw + first + i, (count - i) * sizeof(float));
  const VFloats rest = hn::Load(Floats(), last);
  alignas(64) std::byte tail[64 * sizeof(std::int32_t)];
  store_lanes(codes_of(mapper, rest, first + i), element, tail);
  std::memcpy(to + i * size, tail, (count - i) * size);
}

template <class Group>
void spread(const std::byte* row, std::size_t num_groups, std::size_t stride, std::byte* to) {
  for (std::size_t g = 0; g < num_groups; ++g) {
    std::memcpy(to + g * stride * sizeof(Group), row + g * sizeof(Group), sizeof(Group));
  }
}

void map_input(const InputCall& call) noexcept {
  const InputMapper& mapper = call.mapper;
  const Element element = call.x.element;
  const std::size_t stride = call.extent.stride;
  if (stride == 1) return map_row(mapper, call.raw, 0, mapper.size, element, call.x.data);
  // As many elements at a time as fit here.
  constexpr std::size_t kRoom = 256;
  alignas(64) std::byte row[kRoom * sizeof(std::int32_t)];
  const std::size_t group_bytes = call.x.interleave * size_of(element);
  for (std::size_t s = 0; s < call.extent.lanes; ++s) {
    const float* raw = call.raw + s * mapper.size;
    for (std::size_t first = 0; first < mapper.size; first += kRoom) {
      const std::size_t count = HWY_MIN(kRoom, mapper.size - first);
      map_row(mapper, raw, first, count, element, row);
      const std::size_t num_groups = (count + call.x.interleave - 1) / call.x.interleave;
      std::byte* to = call.x.data + first * stride * size_of(element) + s * group_bytes;
      if (group_bytes == 4) {
        spread<std::int32_t>(row, num_groups, stride, to);
      } else if (group_bytes == 2) {
        spread<std::int16_t>(row, num_groups, stride, to);
      } else {
        spread<std::int8_t>(row, num_groups, stride, to);
      }
    }
  }
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
InputKernel input_kernel() { return map_input; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
