#include "engine/window_reads.h"

#include <limits>
#include <map>
#include <utility>

namespace pare::engine {
namespace {

constexpr std::size_t kMostLanes = std::numeric_limits<std::uint16_t>::max();

/// Copies that a first-level cache has room for.
constexpr std::size_t kMostCopied = std::size_t{1} << 15;
/// Reading across the end of a line takes twice as long, copying a vector a little more than that.
constexpr std::size_t kFewestReads = 4;

/// Bytes of a vector, where one that begins elsewhere takes longer to load; 1: it does not.
std::size_t alignment_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx512Vnni:
      return 64;
    case InstructionSet::kAvx2:
      return 32;
    case InstructionSet::kPortable:
    case InstructionSet::kNeon:
      break;
  }
  return 1;
}

}  // namespace

std::optional<WindowReads> direct_reads(const WindowMatrix& matrix, const graph::Window& window,
                                        const ImageLayout& x) {
  auto lanes = lanes_of(matrix, x);
  if (!lanes) return std::nullopt;
  WindowReads reads{.first = x.front(), .lanes = std::move(*lanes)};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    reads.first -= static_cast<std::size_t>(window.axes[axis].before) * x.pitch[axis];
  }
  return reads;
}

std::optional<WindowReads> aligned_reads(const WindowReads& direct, const ImageLayout& x,
                                         InstructionSet set, std::size_t num_reads) {
  const std::size_t step = alignment_of(set) / x.lane_bytes();
  if (step <= 1) return std::nullopt;
  std::map<std::size_t, std::size_t> copies;  // by shift
  for (const std::uint16_t lane : direct.lanes) copies[(direct.first + lane) % step] = 0;
  if (copies.size() == 1 && copies.begin()->first == 0) return std::nullopt;
  WindowReads reads;
  for (auto& [shift, copy] : copies) {
    copy = reads.shifts.size();
    reads.shifts.push_back(static_cast<std::uint16_t>(shift));
  }
  const std::size_t copy_lanes = x.copy_bytes() / x.lane_bytes();
  if (copies.size() * x.copy_bytes() > kMostCopied || copies.size() * copy_lanes > kMostLanes ||
      num_reads < kFewestReads * copies.size() * x.num_planes()) {
    return std::nullopt;
  }
  for (const std::uint16_t lane : direct.lanes) {
    const std::size_t at = direct.first + lane;
    const std::size_t shift = at % step;
    reads.lanes.push_back(static_cast<std::uint16_t>(copies[shift] * copy_lanes + at - shift));
  }
  return reads;
}

}  // namespace pare::engine
