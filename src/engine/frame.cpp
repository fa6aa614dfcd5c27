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
                      .slots = storage.slots,
                      .size = storage.size,
                      .element = storage.element,
                      .interleave = storage.interleave});
  }
  std::size_t room = 0;
  std::size_t state_room = 0;
  std::size_t work_room = 0;
  for (const PlannedSection& section : plan.sections) {
    BoundSection bound{.section = &section, .steps = {}, .states = {}, .membranes = {}};
    for (const Membranes& membranes : section.membranes) {
      bound.membranes.push_back({view(membranes.buffer), membranes.initial});
    }
    for (const Step& step : section.steps) {
      BoundStep bound_step{.step = &step,
                           .inputs = {},
                           .output = view(step.output),
                           .room = {},
                           .work_room = nullptr};
      for (const program::BufferId id : step.inputs) bound_step.inputs.push_back(view(id));
      if (const auto* linear = std::get_if<LinearStep>(&step.work); linear && linear->on_image) {
        bound_step.inputs[0].data += linear->on_image->x_offset;
        bound_step.output.data += linear->on_image->y_offset;
      }
      if (const auto* spikes = std::get_if<SpikeStep>(&step.work)) {
        work_room = std::max(work_room, SpikeRoom(spikes->op, nullptr).bytes);
      }
      if (const auto* rows = std::get_if<RowConv>(&step.work)) {
        work_room = std::max(work_room, room_size(*rows));
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
  work_room_.resize(work_room);
  for (BoundSection& bound : sections_) {
    for (BoundStep& step : bound.steps) {
      step.work_room = work_room_.data();
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

void Frame::run(const BoundStep& bound, std::int64_t t, std::int64_t num_steps,
                Extent extent) noexcept {
  if (const auto* linear = std::get_if<LinearStep>(&bound.step->work)) {
    const Extent lanes = linear->on_image ? linear->on_image->extent : extent;
    linear->kernel({linear->op, bound.inputs[0], bound.output, t, lanes});
  } else if (const auto* elementwise = std::get_if<ElementwiseStep>(&bound.step->work)) {
    elementwise->kernel({elementwise->op, bound.inputs, bound.output, t, extent});
  } else if (const auto* image = std::get_if<ImageStep>(&bound.step->work)) {
    image->kernel(image->op, bound.inputs[0].at(t), bound.output.at(t));
  } else if (const auto* spikes = std::get_if<SpikeStep>(&bound.step->work)) {
    const View membranes = bound.inputs.size() > 1 ? bound.inputs[1] : View{};
    spikes->kernel({.op = spikes->op,
                    .x = bound.inputs[0],
                    .membranes = membranes,
                    .y = bound.output,
                    .t = t,
                    .num_steps = num_steps,
                    .room = bound.work_room});
  } else if (const auto* rows = std::get_if<RowConv>(&bound.step->work)) {
    run_rows({*rows, bound.inputs[0], bound.output, t, bound.work_room});
  } else if (const auto* grid = std::get_if<GridOp>(&bound.step->work)) {
    run_grid(*grid, bound.inputs[0], bound.output, t);
  } else if (const auto* generic = std::get_if<GenericOp>(&bound.step->work)) {
    run_generic(*generic, bound.inputs, bound.output, bound.room, t, extent);
  }
}

void Frame::start_states(const BoundSection& bound, Extent extent) noexcept {
  for (const BoundMembranes& membranes : bound.membranes) {
    std::copy(membranes.initial.begin(), membranes.initial.end(),
              reinterpret_cast<std::int32_t*>(membranes.view.data));
  }
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

void Frame::run(std::size_t lanes, std::span<const std::int64_t> trip_counts,
                const StepObserver* observer) const noexcept {
  const Extent extent{lanes, stride_};
  const auto run_all = [&](const BoundSection& bound, std::int64_t t, std::int64_t num_steps) {
    for (const BoundStep& step : bound.steps) {
      run(step, t, num_steps, extent);
      if (observer != nullptr) (*observer)(*step.step, step.output, t);
    }
  };
  for (const BoundSection& bound : sections_) {
    const program::SectionKind kind = bound.section->kind;
    if (kind == program::SectionKind::kOnce) {
      run_all(bound, 0, 1);
      continue;
    }
    start_states(bound, extent);
    const std::int64_t num_steps = trip_counts[bound.section->trip_count.value];
    for (std::int64_t i = 0; i < num_steps; ++i) {
      const std::int64_t t = kind == program::SectionKind::kForward ? i : num_steps - 1 - i;
      run_all(bound, t, num_steps);
      if (!bound.states.empty()) change_states(bound, t, extent);
    }
  }
}

}  // namespace pare::engine
