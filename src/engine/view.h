#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/element.h"

namespace pare::engine {

/// How many samples a step works on, and for how many there is room.
struct Extent {
  std::size_t lanes = 1;   ///< samples
  std::size_t stride = 1;  ///< room: 1, or a multiple of kLaneStep
};

/// Vector kernels work on samples in multiples of this; those beyond the last one are computed too,
/// and never seen.
inline constexpr std::size_t kLaneStep = 32;

/// Samples of a batch that run together, where memory allows: what weights are loaded once for.
inline constexpr std::size_t kLargestChunk = 256;

/// Every buffer begins at a multiple of this.
inline constexpr std::size_t kAlignment = 64;

/// Where element e of sample s stands: `interleave` (1, 2 or 4) neighbouring elements of a sample
/// stand together, then come the same ones of the next sample. With room for one sample that is
/// row-major whatever the interleave is.
constexpr std::size_t index_of(std::size_t e, std::size_t s, std::size_t interleave,
                               std::size_t stride) {
  return (e / interleave) * stride * interleave + s * interleave + e % interleave;
}

/// A buffer in an arena.
struct View {
  std::byte* data = nullptr;
  std::size_t step_bytes = 0;  ///< from one step to the next; 0: one value
  std::uint32_t slots = 0;     ///< step t stands in slot t % slots; 0: each step has its own
  std::size_t size = 0;        ///< elements of one sample at one step
  Element element = Element::kI64;
  std::uint32_t interleave = 1;

  std::byte* at(std::int64_t t) const {
    const auto slot = static_cast<std::size_t>(slots == 0 ? t : t % slots);
    return data + slot * step_bytes;
  }
};

/// Elements of one sample, as int64.
inline void load_sample(const View& view, std::int64_t t, std::size_t s, std::size_t stride,
                        std::int64_t* values) {
  with_type(view.element, [&](auto type) {
    const auto* from = reinterpret_cast<const decltype(type)*>(view.at(t));
    for (std::size_t e = 0; e < view.size; ++e) {
      values[e] = from[index_of(e, s, view.interleave, stride)];
    }
  });
}

/// REQUIRES: every value fits the view's element type.
inline void store_sample(const View& view, std::int64_t t, std::size_t s, std::size_t stride,
                         const std::int64_t* values) {
  with_type(view.element, [&](auto type) {
    auto* to = reinterpret_cast<decltype(type)*>(view.at(t));
    for (std::size_t e = 0; e < view.size; ++e) {
      to[index_of(e, s, view.interleave, stride)] = static_cast<decltype(type)>(values[e]);
    }
  });
}

}  // namespace pare::engine
