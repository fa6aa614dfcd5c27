#include "engine/frame.h"

#include <algorithm>

namespace pare::engine {

Frame::Frame(const program::Program& program, const Plan& plan, const ArenaLayout& layout,
             std::size_t stride, std::span<std::byte> arena)
    : stride_(stride) {
  for (std::size_t b = 0; b < plan.buffers.size(); ++b) {
    const Storage& storage = plan.buffers[b];
    views_.push_back({.data = arena.data() + layout.offsets[b],
                      .step_bytes = layout.step_bytes[b],
                      .size = storage.size,
                      .element = storage.element,
                      .interleave = storage.interleave});
  }
  std::size_t room = 0;
  std::size_t state_room = 0;
  for (const PlannedSection& section : plan.sections) {
    BoundSection bound{.section = &section, .steps = {}, .states = {}};
    for (const Step& step : section.steps) {
      BoundStep bound_step{.step = &step, .inputs = {}, .output = view(step.output), .room = {}};
      for (const program::BufferId id : step.inputs) bound_step.inputs.push_back(view(id));
      if (const auto* linear = std::get_if<LinearStep>(&step.work); linear && linear->on_image) {
        bound_step.inputs[0].data += linear->on_image->x_offset;
        bound_step.output.data += linear->on_image->y_offset;
      }
      if (std::holds_alternative<GenericOp>(step.work)) {
        room = std::max(room, room_size(bound_step.inputs, bound_step.output));
      }
      bound.steps.push_back(std::move(bound_step));
    }
    std::size_t size = 0;
    for (const program::State& state : section.states) size += view(state.buffer).size;
    state_room = std::max(state_room, size);
    sections_.push_back(std::move(bound));
  }
  room_.resize(room);
  state_room_.resize(state_room);
  for (BoundSection& bound : sections_) {
    for (BoundStep& step : bound.steps) {
      if (!std::holds_alternative<GenericOp>(step.step->work)) continue;
      step.room = make_room(step.inputs, step.output, room_);
    }
    std::span<std::int64_t> free = state_room_;
    for (const program::State& state : bound.section->states) {
      const View& to = view(state.buffer);
      bound.states.push_back(
          {to, view(state.next), program.constant(state.initial).values, free.first(to.size)});
      free = free.subspan(to.size);
    }
  }
}

void Frame::run(const BoundStep& bound, std::int64_t t, Extent extent) noexcept {
  if (const auto* linear = std::get_if<LinearStep>(&bound.step->work)) {
    const Extent lanes = linear->on_image ? linear->on_image->extent : extent;
    linear->kernel({linear->op, bound.inputs[0], bound.output, t, lanes});
  } else if (const auto* elementwise = std::get_if<ElementwiseStep>(&bound.step->work)) {
    elementwise->kernel({elementwise->op, bound.inputs, bound.output, t, extent});
  } else if (const auto* image = std::get_if<ImageStep>(&bound.step->work)) {
    image->kernel(image->op, bound.inputs[0].at(t), bound.output.at(t));
  } else if (const auto* generic = std::get_if<GenericOp>(&bound.step->work)) {
    run_generic(*generic, bound.inputs, bound.output, bound.room, t, extent);
  }
}

void Frame::start_states(const BoundSection& bound, Extent extent) noexcept {
  for (const BoundState& state : bound.states) {
    for (std::size_t i = 0; i < state.room.size(); ++i) {
      state.room[i] = state.initial.size() == 1 ? state.initial.front() : state.initial[i];
    }
    for (std::size_t s = 0; s < extent.lanes; ++s) {
      store_sample(state.view, 0, s, extent.stride, state.room.data());
    }
  }
}

void Frame::change_states(const BoundSection& bound, std::int64_t t, Extent extent) noexcept {
  for (std::size_t s = 0; s < extent.lanes; ++s) {
    // All at once: what is next may itself be a state.
    for (const BoundState& state : bound.states) {
      load_sample(state.next, t, s, extent.stride, state.room.data());
    }
    for (const BoundState& state : bound.states) {
      store_sample(state.view, 0, s, extent.stride, state.room.data());
    }
  }
}

void Frame::run(std::size_t lanes, std::span<const std::int64_t> trip_counts) const noexcept {
  const Extent extent{lanes, stride_};
  for (const BoundSection& bound : sections_) {
    const program::SectionKind kind = bound.section->kind;
    if (kind == program::SectionKind::kOnce) {
      for (const BoundStep& step : bound.steps) run(step, 0, extent);
      continue;
    }
    start_states(bound, extent);
    const std::int64_t num_steps = trip_counts[bound.section->trip_count.value];
    for (std::int64_t i = 0; i < num_steps; ++i) {
      const std::int64_t t = kind == program::SectionKind::kForward ? i : num_steps - 1 - i;
      for (const BoundStep& step : bound.steps) run(step, t, extent);
      if (!bound.states.empty()) change_states(bound, t, extent);
    }
  }
}

void Frame::run_step(std::size_t section, std::size_t step, std::size_t lanes) const noexcept {
  run(sections_[section].steps[step], 0, {lanes, stride_});
}

}  // namespace pare::engine
