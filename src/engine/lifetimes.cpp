#include "engine/lifetimes.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace pare::engine {
namespace {

using program::BufferId;

/// Positions: a section's begin, its steps, its end; then the next section's.
struct Place {
  std::size_t section;
  std::size_t position;
};

bool is_loop(const Plan& plan, std::size_t section) {
  return plan.sections[section].kind != program::SectionKind::kOnce;
}

bool is_listed(const std::vector<BufferId>& list, std::size_t buffer) {
  return std::any_of(list.begin(), list.end(), [&](BufferId id) { return id.value == buffer; });
}

}  // namespace

void set_lifetimes(Plan& plan, const program::Program& program) {
  const std::size_t n = plan.buffers.size();  // images too
  std::vector<std::optional<Place>> written(n);
  std::vector<std::vector<Place>> read(n);
  std::vector<std::size_t> begins;
  std::vector<std::size_t> ends;
  std::size_t position = 1;
  for (std::size_t s = 0; s < plan.sections.size(); ++s) {
    begins.push_back(position++);
    for (const program::State& state : plan.sections[s].states) {
      written[state.buffer.value] = Place{s, begins[s]};
    }
    for (const Membranes& membranes : plan.sections[s].membranes) {
      written[membranes.buffer.value] = Place{s, begins[s]};
    }
    for (const Step& step : plan.sections[s].steps) {
      for (const BufferId id : step.inputs) read[id.value].push_back({s, position});
      // Zeros around an image are written after it.
      if (!written[step.output.value]) written[step.output.value] = Place{s, position};
      ++position;
    }
    ends.push_back(position);
    for (const Membranes& membranes : plan.sections[s].membranes) {
      read[membranes.buffer.value].push_back({s, position});
    }
    for (const program::State& state : plan.sections[s].states) {
      read[state.next.value].push_back({s, position});
      read[state.buffer.value].push_back({s, position});
    }
    ++position;
  }
  for (std::size_t b = 0; b < n; ++b) {
    Storage& storage = plan.buffers[b];
    const bool is_input = !written[b];
    const bool is_output = is_listed(program.outputs, b);
    bool crosses = is_input || is_output;
    storage.first = is_input ? 0 : written[b]->position;
    storage.last = is_output ? position : storage.first;
    for (const Place& place : read[b]) {
      crosses = crosses || place.section != written[b]->section;
      storage.last = std::max(storage.last, place.position);
    }
    storage.keeps_steps =
        b < program.buffers.size() && program.buffers[b].each.has_value() && crosses;
    if (storage.slots != 0) {
      // What was written ahead is read at later steps.
      storage.first = begins[written[b]->section];
      storage.last = ends[written[b]->section];
    }
    if (!crosses) continue;
    // Other steps of the loops on the way come before its first and after its last position.
    if (!is_input && is_loop(plan, written[b]->section))
      storage.first = begins[written[b]->section];
    for (const Place& place : read[b]) {
      if (is_loop(plan, place.section)) storage.last = std::max(storage.last, ends[place.section]);
    }
  }
}

}  // namespace pare::engine
