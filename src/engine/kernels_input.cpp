// Raw float32 numbers to input codes, as lower::map_input defines them. Highway compiles this file
// once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_input.cpp"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

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
using FloatMask = hn::Mask<Floats>;

/// The quick way (InputMapper::gain) for a vector of elements from e on, its constants in
/// registers.
class Quick {
 public:
  Quick(const InputMapper& mapper, std::size_t e)
      : gain_(hn::LoadU(Floats(), mapper.gain.data() + e)),
        offset_(hn::LoadU(Floats(), mapper.offset.data() + e)),
        near_(hn::LoadU(Floats(), mapper.near.data() + e)),
        slack_(hn::LoadU(Floats(), mapper.slack.data() + e)),
        lowest_(hn::Set(Floats(), mapper.lowest)),
        highest_(hn::Set(Floats(), mapper.highest)) {}

  /// The codes, and of which lanes they are proven: not where the result lies too near the edge
  /// between two codes, nor where it is NaN. What is beyond the last code is as good as on it. NaN
  /// is the second operand, which x86 returns then; NEON returns NaN anyway.
  HWY_INLINE FloatMask operator()(VFloats raw, VInts& codes) const {
    const VFloats y = hn::Min(highest_, hn::Max(lowest_, hn::MulAdd(raw, gain_, offset_)));
    codes = to_nearest_ints(y);
    const VFloats slack = hn::NegMulAdd(hn::Abs(y), near_, slack_);
    return hn::Lt(hn::Abs(hn::Sub(y, hn::ConvertTo(Floats(), codes))), slack);
  }

 private:
  VFloats gain_;
  VFloats offset_;
  VFloats near_;
  VFloats slack_;
  VFloats lowest_;
  VFloats highest_;
};
#endif

#if HWY_NATIVE_FMA
/// The same by the reciprocal (InputMapper::reciprocal): proven but for NaN, which something beyond
/// all codes may become on the way.
class ByReciprocal {
 public:
  ByReciprocal(const InputMapper& mapper, std::size_t e)
      : multiply_(hn::LoadU(Floats(), mapper.multiply.data() + e)),
        divide_(hn::LoadU(Floats(), mapper.divide.data() + e)),
        reciprocal_(hn::LoadU(Floats(), mapper.reciprocal.data() + e)),
        lowest_(hn::Set(Floats(), mapper.lowest)),
        highest_(hn::Set(Floats(), mapper.highest)) {}

  HWY_INLINE FloatMask operator()(VFloats raw, VInts& codes) const {
    const VFloats x = hn::Mul(raw, multiply_);
    const VFloats about = hn::Mul(x, reciprocal_);
    const VFloats y = hn::MulAdd(hn::NegMulAdd(about, divide_, x), reciprocal_, about);
    codes = to_nearest_ints(hn::Min(highest_, hn::Max(lowest_, y)));
    return hn::Eq(y, y);
  }

 private:
  VFloats multiply_;
  VFloats divide_;
  VFloats reciprocal_;
  VFloats lowest_;
  VFloats highest_;
};
#endif

/// Of the elements of a sample from e on a vector; zeros behind the last one.
HWY_INLINE VFloats load_raw(const float* sample, std::size_t e, std::size_t size) {
  if (HWY_LIKELY(e + num_lanes() <= size)) return hn::LoadU(Floats(), sample + e);
  // Highway's emulated masked load reads what it masks, which may lie behind the samples.
  HWY_ALIGN float last[hn::MaxLanes(Floats())] = {};
  std::memcpy(last, sample + e, (size - e) * sizeof(float));
  return hn::Load(Floats(), last);
}

/// The codes of a vector of a sample's elements from e on.
HWY_INLINE VInts codes_of(const InputMapper& mapper, VFloats raw, std::size_t e) {
#if HWY_NATIVE_FMA
  if (!mapper.gain.empty()) {
    VInts codes;
    const FloatMask are_proven = mapper.reciprocal.empty() ? Quick(mapper, e)(raw, codes)
                                                           : ByReciprocal(mapper, e)(raw, codes);
    if (HWY_LIKELY(hn::AllTrue(Floats(), are_proven))) return codes;
  }
#endif
  return codes_exactly(mapper, raw, e);
}

// ------------------------------------------------------------------------------ one by one

/// The codes of a sample, element after element.
void map_sample(const InputMapper& mapper, const float* raw, Element element, std::byte* to) {
  const std::size_t n = num_lanes();
  for (std::size_t e = 0; e < mapper.size; e += n) {
    const VInts codes = codes_of(mapper, load_raw(raw, e, mapper.size), e);
    if (e + n <= mapper.size) {
      store_lanes(codes, element, to + e * size_of(element));
    } else {
      alignas(64) std::byte tail[64 * sizeof(std::int32_t)];
      store_lanes(codes, element, tail);
      std::memcpy(to + e * size_of(element), tail, (mapper.size - e) * size_of(element));
    }
  }
}

// ------------------------------------------------------------------------- groups of 32 bits

/// As much of a line of the cache as a group's samples fill.
constexpr std::size_t kSamples = 16;

/// A vector of elements of each of four samples as groups of 32 bits: of block b of 128 bits,
/// vector k gets group kSize b + k, of one sample after the other. kSize: bytes of an element.
template <std::size_t kSize>
HWY_INLINE void group_four(VInts (&v)[4], bool is_unsigned) {
  if constexpr (kSize == 1) {
    // Signed bytes are what saturates alike everywhere.
    const VShorts center = hn::Set(Shorts(), static_cast<std::int16_t>(is_unsigned ? 128 : 0));
    const VShorts ab = hn::Sub(hn::ReorderDemote2To(Shorts(), v[0], v[1]), center);
    const VShorts cd = hn::Sub(hn::ReorderDemote2To(Shorts(), v[2], v[3]), center);
    const auto sign = static_cast<std::int32_t>(is_unsigned ? 0x80808080U : 0U);
    v[0] = hn::Xor(hn::BitCast(Ints(), saturated(ab, cd)), hn::Set(Ints(), sign));
  } else if constexpr (kSize == 2) {
    const VInts ac = hn::BitCast(Ints(), hn::ReorderDemote2To(Shorts(), v[0], v[2]));
    const VInts bd = hn::BitCast(Ints(), hn::ReorderDemote2To(Shorts(), v[1], v[3]));
    const hn::Repartition<std::int64_t, Ints> wide;
    const auto ab = hn::BitCast(wide, hn::InterleaveLower(Ints(), ac, bd));
    const auto cd = hn::BitCast(wide, hn::InterleaveUpper(Ints(), ac, bd));
    v[0] = hn::BitCast(Ints(), hn::InterleaveLower(wide, ab, cd));
    v[1] = hn::BitCast(Ints(), hn::InterleaveUpper(wide, ab, cd));
  } else {
    transpose_fours(v);
  }
}

/// Where the samples of a call are, by vectors of elements.
class Raw {
 public:
  explicit Raw(const InputCall& call)
      : raw_(call.raw), size_(call.mapper.size), last_(call.extent.lanes - 1) {}

  /// Of sample s, or of the last one, from e on.
  HWY_INLINE VFloats operator()(std::size_t s, std::size_t e) const {
    return load_raw(raw_ + HWY_MIN(s, last_) * size_, e, size_);
  }

 private:
  const float* raw_;
  std::size_t size_;
  std::size_t last_;
};

/// Where groups of elements of kSize bytes go.
template <std::size_t kSize>
class Groups {
 public:
  explicit Groups(const InputCall& call)
      : to_(reinterpret_cast<std::int32_t*>(call.x.data)),
        stride_(call.extent.stride),
        num_groups_((call.mapper.size * kSize + 3) / 4),
        is_unsigned_(call.x.element == Element::kU8) {}

  /// Of a vector of elements: as many as there are behind e.
  std::size_t count(std::size_t e) const { return num_groups_ - e * kSize / 4; }

  /// A vector of elements from e on, of four samples from s on: so many groups. There is room for
  /// whole fours.
  HWY_INLINE void store(std::size_t e, std::size_t s, VInts (&codes)[4], std::size_t count) const {
    group_four<kSize>(codes, is_unsigned_);
    const std::size_t first = e * kSize / 4;
    std::int32_t* to = to_ + first * stride_ + s;
    for (std::size_t k = 0; k < HWY_MIN(kSize, count); ++k) {
      store_blocks(Ints(), codes[k], to + k * stride_, kSize * stride_,
                   (count - k - 1) / kSize + 1);
    }
  }

 private:
  std::int32_t* to_;
  std::size_t stride_;
  std::size_t num_groups_;
  bool is_unsigned_;
};

/// Four samples in the way that always works.
template <std::size_t kSize>
HWY_NOINLINE void map_four(const InputCall& call, std::size_t e, std::size_t s) {
  const Raw raw(call);
  VInts codes[4];
  for (std::size_t r = 0; r < 4; ++r) codes[r] = codes_of(call.mapper, raw(s + r, e), e);
  const Groups<kSize> groups(call);
  groups.store(e, s, codes, groups.count(e));
}

#if HWY_NATIVE_FMA
/// The code of an element, step by step as it is defined.
std::int32_t code_exactly(const InputMapper& mapper, float raw, std::size_t e) {
  const float scaled =
      mapper.has_affine ? static_cast<float>((raw - mapper.mean[e]) / mapper.scale[e]) : raw;
  const float code =
      std::nearbyint(scaled * mapper.multiply[e] / mapper.divide[e]) + mapper.zero_point;
  if (std::isnan(code)) return static_cast<std::int32_t>(mapper.zero_point);
  return static_cast<std::int32_t>(std::clamp(code, mapper.lowest, mapper.highest));
}

/// Vectors of elements from e on, of kSamples samples from s on. Bit k of `unproven`: the quick way
/// has no proof for some element of samples s + k … s + k + 3.
struct Tile {
  std::size_t e;
  std::size_t s;
  unsigned unproven;
};

/// Of four samples from s on those elements of a tile, mostly one, that the quick way has no proof
/// for.
template <std::size_t kSize, class Way>
void mend_four(const InputCall& call, std::size_t e, std::size_t s) {
  constexpr std::size_t kLanes = hn::MaxLanes(Floats());
  const Way map(call.mapper, e);
  const float* raw = call.raw + s * call.mapper.size + e;
  std::uint64_t unproven = 0;
  for (std::size_t r = 0; r < 4; ++r) {
    VInts codes;
    const FloatMask are_proven = map(hn::LoadU(Floats(), raw + r * call.mapper.size), codes);
    std::uint64_t bits = 0;
    std::uint8_t bytes[8] = {};
    hn::StoreMaskBits(Floats(), hn::Not(are_proven), bytes);
    std::memcpy(&bits, bytes, sizeof(bits));
    unproven |= bits << (r * kLanes);
  }
  for (; unproven != 0; unproven &= unproven - 1) {
    const auto bit = static_cast<std::size_t>(std::countr_zero(unproven));
    const std::size_t r = bit / kLanes;
    const std::size_t lane = bit % kLanes;
    const std::int32_t code = code_exactly(call.mapper, raw[r * call.mapper.size + lane], e + lane);
    const std::size_t place = index_of(e + lane, s + r, 4 / kSize, call.extent.stride);
    std::memcpy(call.x.data + kSize * place, &code, kSize);  // its low bytes
  }
}

/// Tiles that are left to mend. Those that need it are too many to be foreseen by a processor and
/// too few to be mapped with care at once: without a branch for each, what follows them is under
/// way already.
template <std::size_t kSize, class Way>
class Tiles {
 public:
  explicit Tiles(const InputCall& call) : call_(call) {}
  ~Tiles() { mend(); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  HWY_INLINE void add(Tile tile) {
    tiles_[num_] = tile;
    num_ += tile.unproven != 0 ? 1 : 0;
    if (HWY_UNLIKELY(num_ == kMost)) mend();
  }

 private:
  static constexpr std::size_t kMost = 16;

  HWY_NOINLINE void mend() {
    for (std::size_t i = 0; i < num_; ++i) {
      for (unsigned left = tiles_[i].unproven; left != 0; left &= left - 1) {
        const auto four = static_cast<std::size_t>(std::countr_zero(left));
        mend_four<kSize, Way>(call_, tiles_[i].e, tiles_[i].s + four);
      }
    }
    num_ = 0;
  }

  const InputCall& call_;
  std::size_t num_ = 0;
  Tile tiles_[kMost];
};

/// A tile, by a quick way. There is no call in the loop: all that it needs stays in registers.
template <std::size_t kSize, class Way>
HWY_INLINE Tile map_quickly(const InputCall& call, std::size_t e, std::size_t s) {
  const Way quick(call.mapper, e);
  const Groups<kSize> groups(call);
  const std::size_t size = call.mapper.size;
  const float* raw = call.raw + s * size + e;
  const bool is_last = e + 2 * num_lanes() > size;
  unsigned unproven = 0;
  for (std::size_t four = 0; four < kSamples; four += 4, raw += 4 * size) {
    // Short rows are at an end before a processor finds out that they follow each other.
    for (std::size_t r = 0; is_last && r < 4; ++r) {
      __builtin_prefetch(raw + (kSamples + r) * size - e);
    }
    VInts codes[4];
    const auto map = [&](std::size_t r) PARE_KERNEL_ATTR {
      return quick(hn::LoadU(Floats(), raw + r * size), codes[r]);
    };
    const FloatMask are_proven = hn::And(hn::And(map(0), map(1)), hn::And(map(2), map(3)));
    unproven |= (hn::AllTrue(Floats(), are_proven) ? 0U : 1U) << four;
    groups.store(e, s + four, codes, kSize * (hn::MaxLanes(Ints()) / 4));
  }
  return {e, s, unproven};
}
#endif

/// Samples from s on, as many of 16 as there are: elements from e on.
template <std::size_t kSize>
void map_rest(const InputCall& call, std::size_t e, std::size_t s) {
  for (; e < call.mapper.size; e += num_lanes()) {
    for (std::size_t four = s; four < HWY_MIN(s + kSamples, call.extent.lanes); four += 4) {
      map_four<kSize>(call, e, four);
    }
  }
}

#if HWY_NATIVE_FMA
/// By a quick way what fills whole tiles.
template <std::size_t kSize, class Way>
void map_tiles(const InputCall& call) {
  Tiles<kSize, Way> tiles(call);
  for (std::size_t s = 0; s < call.extent.lanes; s += kSamples) {
    std::size_t e = 0;
    if (s + kSamples <= call.extent.lanes) {
      for (; e + num_lanes() <= call.mapper.size; e += num_lanes()) {
        tiles.add(map_quickly<kSize, Way>(call, e, s));
      }
    }
    map_rest<kSize>(call, e, s);
  }
}
#endif

template <std::size_t kSize>
void map_groups(const InputCall& call) {
#if HWY_NATIVE_FMA
  if (!call.mapper.reciprocal.empty()) return map_tiles<kSize, ByReciprocal>(call);
  if (!call.mapper.gain.empty()) return map_tiles<kSize, Quick>(call);
#endif
  for (std::size_t s = 0; s < call.extent.lanes; s += kSamples) map_rest<kSize>(call, 0, s);
}

// -------------------------------------------------------------------------- groups of fewer

/// Elements of a sample that are mapped before they are spread.
constexpr std::size_t kRoom = 256;

template <class Group>
void spread(const std::byte* codes, std::size_t num_groups, std::size_t stride, std::byte* to) {
  for (std::size_t g = 0; g < num_groups; ++g) {
    std::memcpy(to + g * stride * sizeof(Group), codes + g * sizeof(Group), sizeof(Group));
  }
}

/// Elements from `first` on of sample s, kRoom of them at most.
void map_apart(const InputCall& call, std::size_t s, std::size_t first) {
  const InputMapper& mapper = call.mapper;
  const std::size_t element_bytes = size_of(call.x.element);
  const std::size_t count = HWY_MIN(kRoom, mapper.size - first);
  const float* raw = call.raw + s * mapper.size;
  alignas(64) std::byte codes[kRoom * sizeof(std::int32_t)];
  for (std::size_t i = 0; i < count; i += num_lanes()) {
    const std::size_t e = first + i;
    store_lanes(codes_of(mapper, load_raw(raw, e, mapper.size), e), call.x.element,
                codes + i * element_bytes);
  }
  // The divisors are known here: a division takes as long as the codes of a sample.
  const std::size_t stride = call.extent.stride;
  const std::size_t bytes = count * element_bytes;
  std::byte* to = call.x.data + first * stride * element_bytes;
  if (call.x.interleave * element_bytes == 2) {
    spread<std::int16_t>(codes, (bytes + 1) / 2, stride, to + 2 * s);
  } else {
    spread<std::int8_t>(codes, bytes, stride, to + s);
  }
}

void map_input(const InputCall& call) noexcept {
  if (call.extent.stride == 1) {
    return map_sample(call.mapper, call.raw, call.x.element, call.x.data);
  }
  if (call.x.interleave * size_of(call.x.element) == 4) {
    if (call.x.interleave == 4) return map_groups<1>(call);
    return call.x.interleave == 2 ? map_groups<2>(call) : map_groups<4>(call);
  }
  for (std::size_t s = 0; s < call.extent.lanes; ++s) {
    for (std::size_t first = 0; first < call.mapper.size; first += kRoom) {
      map_apart(call, s, first);
    }
  }
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
InputKernel input_kernel() { return map_input; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
