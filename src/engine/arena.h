#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/plan.h"

namespace pare::engine {

/// Where each buffer lies in one block of memory. Buffers that are never needed at the same time
/// share their place.
struct ArenaLayout {
  std::vector<std::size_t> offsets = {};     ///< bytes, by BufferId; multiples of kAlignment
  std::vector<std::size_t> step_bytes = {};  ///< by BufferId; 0: one value
  std::size_t size = 0;                      ///< bytes of the whole block
  std::size_t peak = 0;  ///< the most bytes, without padding, that are needed at a time
};

/// For `stride` samples (1, or a multiple of kLaneStep) and at most so many steps. Throws
/// InputError if that leaves 2^40 bytes.
ArenaLayout lay_out(const program::Program& program, const Plan& plan,
                    std::span<const std::int64_t> max_trip_counts, std::size_t stride);

}  // namespace pare::engine
