#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "emit/c/c_type.h"
#include "emit/c/emit.h"
#include "program/program.h"

namespace pare::emit::c {

/// Where a buffer's integers lie while emitted code runs.
struct Place {
  enum class Kind {
    kLocal,   ///< variables of the section that computes it: unrolled code alone
    kInput,   ///< the caller's array for Program::inputs[index]
    kOutput,  ///< the caller's array for Program::outputs[index]
    kMemory,  ///< the pool of the type's size, at `offset` elements
  };
  Kind kind = Kind::kLocal;
  std::size_t index = 0;
  std::int64_t offset = 0;
  bool has_all_steps = false;  ///< one after the other; else those of one step
};

/// A state takes the value of another state: it is kept aside until all have been read.
struct KeptAside {
  std::size_t section = 0;
  std::size_t state = 0;  ///< index in Section::states
  std::int64_t offset = 0;
};

/// The pools of memory: one for each size of integers, so that no integer is ever read as another
/// type. Within a pool buffers lie over each other if their lifetimes are apart.
inline constexpr std::array<int, 4> kPoolBits = {64, 32, 16, 8};

struct Layout {
  bool is_stepped = false;  ///< program::has_step: start, step and finish
  std::size_t loop = 0;     ///< stepped: the loop's section
  std::vector<Place> places;
  std::array<std::int64_t, 4> pool_sizes = {};  ///< elements, as kPoolBits
  std::vector<KeptAside> kept_aside;
  /// Stepped: indices into Program::inputs of what start() copies into memory.
  std::vector<std::size_t> copied_inputs;
  /// Indices into Program::outputs of what no op writes there: copied when all is done.
  std::vector<std::size_t> copied_outputs;
  /// Of ops that add spikes: where their bits lie in the pool of 32 bits, by their output's id.
  std::map<std::uint32_t, std::int64_t> spike_words;
  bool has_maximum = false;  ///< memory for max_trip_count steps of some buffers

  const Place& place(program::BufferId id) const { return places.at(id.value); }
  std::int64_t memory_bytes() const;
};

/// Index into kPoolBits.
std::size_t pool_of(CType type);

/// Throws InputError if all steps of a buffer must be kept and the options do not say how many.
Layout make_layout(const program::Program& program, const Options& options);

}  // namespace pare::emit::c
