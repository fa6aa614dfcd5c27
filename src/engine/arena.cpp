#include "engine/arena.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::engine {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 40;

/// Bytes of one step: kernels for one sample write whole blocks of outputs, kernels for batches
/// whole groups of elements.
std::size_t padded_bytes(const Storage& storage, std::size_t stride) {
  if (storage.bytes != 0) return round_up(storage.bytes, kAlignment);
  const std::size_t elements =
      stride == 1 ? storage.size + kBlock : round_up(storage.size, storage.interleave) * stride;
  return round_up(elements * size_of(storage.element), kAlignment);
}

/// Room in the order of size, largest first; each at the lowest offset that is free as long as it
/// is needed.
class Packer {
 public:
  Packer(const Plan& plan, ArenaLayout& layout) : plan_(plan), layout_(layout) {}

  void place(std::size_t buffer, std::size_t size) {
    std::size_t offset = 0;
    for (const Taken& other : taken_) {  // by offset
      const bool meets = plan_.buffers[buffer].first <= plan_.buffers[other.buffer].last &&
                         plan_.buffers[other.buffer].first <= plan_.buffers[buffer].last;
      if (!meets) continue;
      if (offset + size <= other.offset) break;
      offset = std::max(offset, other.offset + other.size);
    }
    layout_.offsets[buffer] = offset;
    layout_.size = std::max(layout_.size, offset + size);
    const Taken taken{buffer, offset, size};
    taken_.insert(
        std::upper_bound(taken_.begin(), taken_.end(), taken,
                         [](const Taken& a, const Taken& b) { return a.offset < b.offset; }),
        taken);
  }

 private:
  struct Taken {
    std::size_t buffer;
    std::size_t offset;
    std::size_t size;
  };

  const Plan& plan_;
  ArenaLayout& layout_;
  std::vector<Taken> taken_;
};

std::size_t peak_bytes(const Plan& plan, const std::vector<std::size_t>& bytes) {
  std::size_t peak = 0;
  for (const Storage& at : plan.buffers) {
    std::size_t sum = 0;
    for (std::size_t b = 0; b < bytes.size(); ++b) {
      const Storage& other = plan.buffers[b];
      if (other.first <= at.first && at.first <= other.last) sum += bytes[b];
    }
    peak = std::max(peak, sum);
  }
  return peak;
}

}  // namespace

ArenaLayout lay_out(const program::Program& program, const Plan& plan,
                    std::span<const std::int64_t> max_trip_counts, std::size_t stride) {
  const std::size_t n = plan.buffers.size();
  ArenaLayout layout{.offsets = std::vector<std::size_t>(n),
                     .step_bytes = std::vector<std::size_t>(n)};
  std::vector<std::size_t> sizes(n);
  std::vector<std::size_t> exact(n);
  double total = 0;
  for (std::size_t b = 0; b < n; ++b) {
    const Storage& storage = plan.buffers[b];
    if (!storage.is_stored) continue;
    const std::size_t step = padded_bytes(storage, stride);
    std::size_t steps = 1;
    check(!storage.keeps_steps || storage.slots == 0, "a buffer of all steps that has slots");
    if (storage.keeps_steps) {
      layout.step_bytes[b] = step;
      steps = static_cast<std::size_t>(max_trip_counts[program.buffers[b].each->value]);
    } else if (storage.slots != 0) {
      layout.step_bytes[b] = step;
      steps = storage.slots;
    }
    total += static_cast<double>(steps) * static_cast<double>(step);
    if (total > static_cast<double>(kMostBytes)) {
      throw InputError(fmt::format(
          "program '{}': its buffers need more than {} bytes for {} samples; allow fewer steps",
          program.name, kMostBytes, stride));
    }
    sizes[b] = steps * step;
    exact[b] = steps * storage.size * stride * size_of(storage.element);
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  Packer packer(plan, layout);
  for (const std::size_t b : order) {
    if (sizes[b] > 0) packer.place(b, sizes[b]);
  }
  layout.peak = peak_bytes(plan, exact);
  return layout;
}

}  // namespace pare::engine
