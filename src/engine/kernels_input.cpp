// Raw float32 numbers to input codes, as lower::map_input defines them. Highway compiles this file
// once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_input.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/input_mapper.h"
#include "engine/kernel_finish.inc"

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
HWY_INLINE VFloats rounded_exactly(const InputMapper& mapper, VFloats raw, std::size_t e) {
  const VFloats multiply = hn::LoadU(Floats(), mapper.multiply.data() + e);
  const VFloats divide = hn::LoadU(Floats(), mapper.divide.data() + e);
  return hn::Round(hn::Div(hn::Mul(scaled(mapper, raw, e), multiply), divide));
}

/// What is not NaN, clamped, as integers.
HWY_INLINE VInts clamped(const InputMapper& mapper, VFloats code) {
  const VFloats in_range =
      hn::Min(hn::Max(code, hn::Set(Floats(), mapper.lowest)), hn::Set(Floats(), mapper.highest));
  return to_nearest_ints(in_range);
}

HWY_NOINLINE VInts codes_exactly(const InputMapper& mapper, VFloats raw, std::size_t e) {
  const VFloats zero_point = hn::Set(Floats(), mapper.zero_point);
  const VFloats code = hn::Add(rounded_exactly(mapper, raw, e), zero_point);
  return clamped(mapper, hn::IfThenElse(hn::IsNaN(code), zero_point, code));
}

#if HWY_NATIVE_FMA
/// The quick way (InputMapper::gain), its constants in registers.
class Quick {
 public:
  explicit Quick(const InputMapper& mapper)
      : near_(hn::Set(Floats(), mapper.near)),
        slack_(hn::Set(Floats(), 0.5F - mapper.near_zero)),
        zero_point_(hn::Set(Floats(), mapper.zero_point)),
        lowest_(hn::Set(Floats(), mapper.lowest)),
        highest_(hn::Set(Floats(), mapper.highest)) {}

  /// Whether `codes` are those of y = gain raw + offset: not where y lies too near the edge between
  /// two codes, nor where it is NaN.
  HWY_INLINE bool operator()(VFloats y, VInts& codes) const {
    const VFloats code = hn::Round(y);
    const VFloats slack = hn::NegMulAdd(hn::Abs(y), near_, slack_);
    codes = to_nearest_ints(hn::Min(hn::Max(hn::Add(code, zero_point_), lowest_), highest_));
    return hn::AllTrue(Floats(), hn::Lt(hn::Abs(hn::Sub(y, code)), slack));
  }

 private:
  VFloats near_;
  VFloats slack_;
  VFloats zero_point_;
  VFloats lowest_;
  VFloats highest_;
};
#endif

/// Samples that are mapped together.
constexpr std::size_t kRows = 8;
/// As many elements of a row at a time as fit the room for them.
constexpr std::size_t kRoom = 256;

struct Rows {
  alignas(64) std::byte bytes[kRows][kRoom * sizeof(std::int32_t)] = {};
};

/// Rows of samples: their raw numbers, and where their codes go.
struct RowsOf {
  const float* raw;
  std::size_t raw_stride;  ///< numbers
  std::byte* to;
  std::size_t to_stride;  ///< bytes
};

/// The codes of vectors of kNum rows: of raw elements e, e + 1, …
template <std::size_t kNum, class Load>
HWY_INLINE void map_vectors(const InputMapper& mapper, const Load& load, std::size_t e,
                            VInts (&codes)[kNum]) {
#if HWY_NATIVE_FMA
  if (!mapper.gain.empty()) {
    const Quick quick(mapper);
    const VFloats gain = hn::LoadU(Floats(), mapper.gain.data() + e);
    const VFloats offset = hn::LoadU(Floats(), mapper.offset.data() + e);
    for (std::size_t r = 0; r < kNum; ++r) {
      const VFloats raw = load(r);
      if (HWY_LIKELY(quick(hn::MulAdd(raw, gain, offset), codes[r]))) continue;
      codes[r] = codes_exactly(mapper, raw, e);
    }
    return;
  }
#endif
  for (std::size_t r = 0; r < kNum; ++r) codes[r] = codes_exactly(mapper, load(r), e);
}

/// The codes of elements first … first + count - 1 of kNum samples, as elements of the buffer.
template <std::size_t kNum>
HWY_INLINE void map_rows_of(const InputMapper& mapper, const RowsOf& rows, std::size_t first,
                            std::size_t count, Element element) {
  const std::size_t n = num_lanes();
  const std::size_t size = size_of(element);
  VInts codes[kNum];
  std::size_t i = 0;
  for (; i + n <= count; i += n) {
    const auto load = [&](std::size_t r) PARE_KERNEL_ATTR {
      return hn::LoadU(Floats(), rows.raw + r * rows.raw_stride + first + i);
    };
    map_vectors(mapper, load, first + i, codes);
    for (std::size_t r = 0; r < kNum; ++r) {
      store_lanes(codes[r], element, rows.to + r * rows.to_stride + i * size);
    }
  }
  if (i == count) return;
  // Highway's emulated masked load reads what it masks, which may lie behind the samples.
  const auto load = [&](std::size_t r) PARE_KERNEL_ATTR {
    HWY_ALIGN float last[hn::MaxLanes(Floats())] = {};
    std::memcpy(last, rows.raw + r * rows.raw_stride + first + i, (count - i) * sizeof(float));
    return hn::Load(Floats(), last);
  };
  map_vectors(mapper, load, first + i, codes);
  for (std::size_t r = 0; r < kNum; ++r) {
    alignas(64) std::byte tail[64 * sizeof(std::int32_t)];
    store_lanes(codes[r], element, tail);
    std::memcpy(rows.to + r * rows.to_stride + i * size, tail, (count - i) * size);
  }
}

template <class Group>
void spread(const std::byte* row, std::size_t num_groups, std::size_t stride, std::byte* to) {
  for (std::size_t g = 0; g < num_groups; ++g) {
    std::memcpy(to + g * stride * sizeof(Group), row + g * sizeof(Group), sizeof(Group));
  }
}

/// Groups of 32 bits of four samples: each group's go side by side.
HWY_INLINE void spread_four(const Rows& rows, std::size_t first, std::size_t num_groups,
                            std::size_t stride, std::byte* to) {
  const hn::Full128<std::int32_t> d;
  const hn::Repartition<std::int64_t, decltype(d)> wide;
  const auto load = [&](std::size_t row, std::size_t g) HWY_ATTR {
    return hn::Load(d, reinterpret_cast<const std::int32_t*>(rows.bytes[first + row]) + g);
  };
  auto* groups = reinterpret_cast<std::int32_t*>(to);
  for (std::size_t g = 0; g < num_groups; g += 4) {
    const auto a = load(0, g), b = load(1, g), c = load(2, g), e = load(3, g);
    const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b));
    const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
    const auto ce_low = hn::BitCast(wide, hn::InterleaveLower(d, c, e));
    const auto ce_high = hn::BitCast(wide, hn::InterleaveUpper(d, c, e));
    const auto store = [&](auto v, std::size_t k) HWY_ATTR {
      if (g + k < num_groups) hn::StoreU(hn::BitCast(d, v), d, groups + (g + k) * stride);
    };
    store(hn::InterleaveLower(wide, ab_low, ce_low), 0);
    store(hn::InterleaveUpper(wide, ab_low, ce_low), 1);
    store(hn::InterleaveLower(wide, ab_high, ce_high), 2);
    store(hn::InterleaveUpper(wide, ab_high, ce_high), 3);
  }
}

/// Elements first … first + count - 1 of the samples from s on, kRows of them or fewer.
void map_rows(const InputCall& call, std::size_t s, std::size_t first, std::size_t count,
              Rows& rows) {
  const InputMapper& mapper = call.mapper;
  const std::size_t stride = call.extent.stride;
  const std::size_t group_bytes = call.x.interleave * size_of(call.x.element);
  const std::size_t num_rows = HWY_MIN(kRows, call.extent.lanes - s);
  std::byte* to = call.x.data + first * stride * size_of(call.x.element) + s * group_bytes;
  const RowsOf of = {call.raw + s * mapper.size, mapper.size, rows.bytes[0], sizeof(rows.bytes[0])};
  if (num_rows == kRows) {
    map_rows_of<kRows>(mapper, of, first, count, call.x.element);
  } else {
    for (std::size_t r = 0; r < num_rows; ++r) {
      const RowsOf one = {of.raw + r * of.raw_stride, 0, of.to + r * of.to_stride, 0};
      map_rows_of<1>(mapper, one, first, count, call.x.element);
    }
  }
  // There is room for whole fours of samples. The divisors are known here: a division takes as long
  // as the codes of a sample.
  const std::size_t bytes = count * size_of(call.x.element);
  if (group_bytes == 4) {
    for (std::size_t r = 0; r < num_rows; r += 4) {
      spread_four(rows, r, (bytes + 3) / 4, stride, to + 4 * r);
    }
    return;
  }
  for (std::size_t r = 0; r < num_rows; ++r) {
    if (group_bytes == 2) {
      spread<std::int16_t>(rows.bytes[r], (bytes + 1) / 2, stride, to + 2 * r);
    } else {
      spread<std::int8_t>(rows.bytes[r], bytes, stride, to + r);
    }
  }
}

void map_input(const InputCall& call) noexcept {
  const std::size_t size = call.mapper.size;
  if (call.extent.stride == 1) {
    return map_rows_of<1>(call.mapper, {call.raw, 0, call.x.data, 0}, 0, size, call.x.element);
  }
  Rows rows;
  for (std::size_t s = 0; s < call.extent.lanes; s += kRows) {
    for (std::size_t first = 0; first < size; first += kRoom) {
      map_rows(call, s, first, HWY_MIN(kRoom, size - first), rows);
    }
  }
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
InputKernel input_kernel() { return map_input; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
