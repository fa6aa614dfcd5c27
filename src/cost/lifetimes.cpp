#include "cost/lifetimes.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>
#include <utility>

#include "graph/overloaded.h"

namespace pare::cost {
namespace {

using program::BufferId;

/// Whether output element i needs input element i alone.
bool is_element_wise(const program::Op& op) {
  return std::visit(graph::Overloaded{
                        [](const program::Requantize&) { return true; },
                        [](const program::Threshold&) { return true; },
                        [](const program::Clamp&) { return true; },
                        [](const program::Lookup&) { return true; },
                        [](const program::Add&) { return true; },
                        [](const program::Maximum&) { return true; },
                        [](const program::Multiply&) { return true; },
                        [](const program::Linear&) { return false; },
                        [](const program::Conv&) { return false; },
                        [](const program::MaxPool&) { return false; },
                        [](const program::SumPool&) { return false; },
                        [](const program::Concat&) { return false; },
                        [](const program::Copy&) { return false; },
                        [](const program::Transpose&) { return false; },
                        [](const program::ArgMax&) { return false; },
                    },
                    op);
}

/// Whether the elements of the output arise one by one, from something computed.
bool makes_elements(const program::Op& op) {
  return is_element_wise(op) || layer_constants(op) ||
         std::holds_alternative<program::MaxPool>(op) ||
         std::holds_alternative<program::SumPool>(op) ||
         std::holds_alternative<program::ArgMax>(op);
}

/// One op where it stands in the order in which all ops run.
struct Place {
  const program::Node* node;
  std::size_t section;
};

/// What touches a buffer. Times are numbers of ops in the order in which they run; an op of a chain
/// that nothing stores runs when the chain's last op does.
struct Uses {
  std::size_t first = 0;
  std::size_t last = 0;
  std::optional<std::size_t> section = std::nullopt;  ///< the only one that touches it
  bool crosses_sections = false;
  bool is_end = false;  ///< input or output of the program
};

class Analysis {
 public:
  Analysis(const program::Program& program, std::span<const std::int64_t> trip_counts)
      : program_(program), trip_counts_(trip_counts), uses_(program.buffers.size()) {
    for (std::size_t s = 0; s < program.sections.size(); ++s) {
      first_of_.push_back(places_.size());
      for (const program::Node& node : program.sections[s].nodes) places_.push_back({&node, s});
    }
    first_of_.push_back(places_.size());
  }

  Storage run() {
    storage_.is_stored.assign(program_.buffers.size(), true);
    find_registers();
    for (std::size_t i = 0; i < places_.size(); ++i) use_by_op(i);
    for (std::size_t s = 0; s < program_.sections.size(); ++s) use_by_states(s);
    const std::size_t end = places_.empty() ? 0 : places_.size() - 1;
    for (const BufferId id : program_.inputs) {
      uses_[id.value].is_end = true;
      uses_[id.value].first = 0;
    }
    for (const BufferId id : program_.outputs) {
      uses_[id.value].is_end = true;
      uses_[id.value].last = end;
    }
    find_peaks(end + 1);
    return std::move(storage_);
  }

 private:
  /// Which buffers never reach a memory, and when their ops run.
  void find_registers() {
    std::vector<std::vector<std::size_t>> readers(program_.buffers.size());
    for (std::size_t i = 0; i < places_.size(); ++i) {
      for (const BufferId id : places_[i].node->inputs) readers[id.value].push_back(i);
    }
    std::vector<bool> is_kept(program_.buffers.size());
    for (const BufferId id : program_.outputs) is_kept[id.value] = true;
    for (const program::Section& section : program_.sections) {
      for (const program::State& state : section.states) {
        is_kept[state.buffer.value] = is_kept[state.next.value] = true;
      }
    }
    time_of_.resize(places_.size());
    for (std::size_t i = places_.size(); i-- > 0;) {
      const Place& place = places_[i];
      time_of_[i] = i;
      const std::size_t output = place.node->outputs.front().value;
      if (is_kept[output] || readers[output].size() != 1 || !makes_elements(place.node->op)) {
        continue;
      }
      const Place& reader = places_[readers[output].front()];
      if (reader.section != place.section || !is_element_wise(reader.node->op)) continue;
      storage_.is_stored[output] = false;
      time_of_[i] = time_of_[readers[output].front()];
    }
  }

  void use(BufferId id, std::size_t time, std::size_t section) {
    Uses& uses = uses_[id.value];
    if (uses.section) {
      uses.first = std::min(uses.first, time);
      uses.last = std::max(uses.last, time);
      uses.crosses_sections = uses.crosses_sections || *uses.section != section;
    } else {
      uses.first = uses.last = time;
      uses.section = section;
    }
  }

  /// A buffer that lives through a whole section.
  void use_throughout(BufferId id, std::size_t section) {
    if (first_of_[section] == first_of_[section + 1]) return;
    use(id, first_of_[section], section);
    use(id, first_of_[section + 1] - 1, section);
  }

  void use_by_op(std::size_t i) {
    const Place& place = places_[i];
    const bool is_loop = program_.sections[place.section].kind != program::SectionKind::kOnce;
    for (const BufferId id : place.node->inputs) {
      use(id, time_of_[i], place.section);
      if (is_loop && !program_.buffer(id).each) use_throughout(id, place.section);
    }
    for (const BufferId id : place.node->outputs) use(id, time_of_[i], place.section);
  }

  void use_by_states(std::size_t s) {
    for (const program::State& state : program_.sections[s].states) {
      use_throughout(state.buffer, s);
      // All states change after the last op of the step.
      if (first_of_[s] != first_of_[s + 1]) use(state.next, first_of_[s + 1] - 1, s);
    }
  }

  std::int64_t steps_of(std::size_t buffer) const {
    const auto& each = program_.buffers[buffer].each;
    if (!each) return 1;
    const Uses& uses = uses_[buffer];
    const bool streams = !uses.crosses_sections && (!uses.is_end || program::has_step(program_));
    return streams ? 1 : trip_counts_[each->value];
  }

  void find_peaks(std::size_t num_times) {
    // What comes alive at a time, less what died before it.
    std::vector<std::int64_t> bits(num_times + 1);
    std::vector<std::int64_t> bytes(num_times + 1);
    for (std::size_t b = 0; b < program_.buffers.size(); ++b) {
      const Uses& uses = uses_[b];
      if (!storage_.is_stored[b] || !(uses.section || uses.is_end)) continue;
      const program::Buffer& buffer = program_.buffers[b];
      const std::int64_t elements = num_elements(buffer.shape) * steps_of(b);
      const std::int64_t element_bytes = bytes_of_element(buffer.width.bits);
      bits[uses.first] += elements * buffer.width.bits;
      bits[uses.last + 1] -= elements * buffer.width.bits;
      bytes[uses.first] += elements * element_bytes;
      bytes[uses.last + 1] -= elements * element_bytes;
    }
    std::partial_sum(bits.begin(), bits.end(), bits.begin());
    std::partial_sum(bytes.begin(), bytes.end(), bytes.begin());
    storage_.peak_bits = *std::max_element(bits.begin(), bits.end());
    storage_.peak_bytes = *std::max_element(bytes.begin(), bytes.end());
  }

  const program::Program& program_;
  std::span<const std::int64_t> trip_counts_;
  std::vector<Place> places_;
  std::vector<std::size_t> first_of_;  ///< by section, and the end
  std::vector<std::size_t> time_of_;   ///< by place
  std::vector<Uses> uses_;             ///< by BufferId
  Storage storage_;
};

}  // namespace

Storage analyse_storage(const program::Program& program,
                        std::span<const std::int64_t> trip_counts) {
  return Analysis(program, trip_counts).run();
}

int bytes_of_element(int bits) {
  return static_cast<int>(std::bit_ceil(static_cast<unsigned>(bits + 7) / 8));
}

}  // namespace pare::cost
