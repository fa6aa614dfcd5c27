#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/aligned.h"
#include "engine/arena.h"
#include "engine/generic.h"
#include "engine/plan.h"

namespace pare::engine {

/// Told of every step of a run that is watched, once it ran, with where it wrote, and at which step
/// of its loop that was.
using StepObserver = std::function<void(const Step& step, const View& output, std::int64_t t)>;

/// A plan with memory under it: what one thread runs. Nothing is allocated once it is made.
class Frame {
 public:
  /// `arena` has the layout's size and outlives the frame, as do program and plan.
  Frame(const program::Program& program, const Plan& plan, const ArenaLayout& layout,
        std::size_t stride, std::span<std::byte> arena);

  const View& view(program::BufferId id) const { return views_[id.value]; }
  std::size_t stride() const { return stride_; }

  /// Runs the sections on the samples whose inputs stand in the arena. REQUIRES: lanes <= stride;
  /// trip counts within those of the layout.
  void run(std::size_t lanes, std::span<const std::int64_t> trip_counts,
           const StepObserver* observer = nullptr) const noexcept;

 private:
  struct BoundStep {
    const Step* step;
    std::vector<View> inputs;
    View output;
    GenericRoom room;
    std::byte* work_room;
  };
  struct BoundMembranes {
    View view;
    std::span<const std::int32_t> initial;
  };
  struct BoundState {
    View view;
    View next;
    std::span<const std::int64_t> initial;
    std::span<std::int64_t> room;  ///< one sample
  };
  struct BoundSection {
    const PlannedSection* section;
    std::vector<BoundStep> steps;
    std::vector<BoundState> states;
    std::vector<BoundMembranes> membranes;
  };

  static void run(const BoundStep& bound, std::int64_t t, std::int64_t num_steps,
                  Extent extent) noexcept;
  static void start_states(const BoundSection& bound, Extent extent) noexcept;
  static void change_states(const BoundSection& bound, std::int64_t t, Extent extent) noexcept;

  std::size_t stride_;
  std::vector<View> views_;  ///< by BufferId
  std::vector<BoundSection> sections_;
  std::vector<std::int64_t> room_;  ///< of generic steps, one after the other
  std::vector<std::int64_t> state_room_;
  AlignedVector<std::byte> work_room_;  ///< of spiking steps and windows, one after the other
};

}  // namespace pare::engine
