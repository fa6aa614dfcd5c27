// Every op has a position: sections count on through their nodes, with a position in front of them
// (states start, inputs are there) and one behind them (states change). A buffer lives from where
// it is written to where it is read last; in loops what is read at every step lives to the loop's
// end. Each pool is filled first-fit, large buffers first.

#include "emit/c/layout.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "emit/c/table_spikes.h"

namespace pare::emit::c {
namespace {

using program::Buffer;
using program::BufferId;
using program::Node;
using program::Program;
using program::Section;
using program::SectionKind;
using program::State;

struct Life {
  std::optional<std::size_t> section = std::nullopt;  ///< that writes it; none: an input
  std::size_t from = 0;
  std::size_t to = 0;
  std::size_t last_section = 0;  ///< that reads it
  bool is_read_elsewhere = false;
  bool is_state = false;
};

/// Something that needs memory.
struct Block {
  std::size_t pool = 0;
  std::int64_t size = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t* offset = nullptr;
};

class LayoutMaker {
 public:
  LayoutMaker(const Program& program, const Options& options)
      : program_(program), options_(options), lives_(program.buffers.size()) {
    layout_.places.resize(program.buffers.size());
    layout_.is_stepped = program::has_step(program);
    if (layout_.is_stepped) {
      while (program.sections[layout_.loop].kind == SectionKind::kOnce) ++layout_.loop;
    }
  }

  Layout make() {
    find_lives();
    place_inputs();
    place_outputs();
    for (std::uint32_t i = 0; i < program_.buffers.size(); ++i) place_in_memory({i});
    keep_states_aside();
    if (options_.style == Style::kTable) place_spike_words();
    fill_pools();
    return std::move(layout_);
  }

 private:
  Life& life(BufferId id) { return lives_[id.value]; }
  Place& place(BufferId id) { return layout_.places[id.value]; }
  bool is_each(BufferId id) const { return program_.buffer(id).each.has_value(); }

  void find_lives() {
    std::size_t position = 0;
    for (std::size_t s = 0; s < program_.sections.size(); ++s) {
      const Section& section = program_.sections[s];
      starts_.push_back(position);
      ends_.push_back(position + section.nodes.size() + 1);
      for (const State& state : section.states) {
        life(state.buffer) = {s, position, ends_[s], s, false, true};
      }
      for (const Node& node : section.nodes) {
        ++position;
        for (const BufferId id : node.inputs) read(id, s, position);
        for (const BufferId id : node.outputs) life(id) = {s, position, position, s, false, false};
      }
      for (const State& state : section.states) read(state.next, s, ends_[s]);
      position = ends_[s] + 1;
    }
    end_ = position;
  }

  void read(BufferId id, std::size_t s, std::size_t position) {
    Life& of = life(id);
    of.last_section = std::max(of.last_section, s);
    if (of.section != s) of.is_read_elsewhere = true;
    const bool is_loop = program_.sections[s].kind != SectionKind::kOnce;
    of.to = std::max(of.to, is_loop && of.section != s ? ends_[s] : position);
  }

  void place_inputs() {
    for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
      const BufferId id = program_.inputs[i];
      const bool is_output = std::ranges::find(program_.outputs, id) != program_.outputs.end();
      // The caller's array is only there during start().
      if (layout_.is_stepped && !is_each(id) &&
          (is_output || life(id).last_section >= layout_.loop)) {
        layout_.copied_inputs.push_back(i);
        is_in_memory_.push_back(id);
        continue;
      }
      place(id) = {Place::Kind::kInput, i, 0, !layout_.is_stepped && is_each(id)};
    }
  }

  void place_outputs() {
    for (std::size_t i = 0; i < program_.outputs.size(); ++i) {
      const BufferId id = program_.outputs[i];
      const Life& of = life(id);
      const bool is_before_loop =
          layout_.is_stepped && !is_each(id) && (!of.section || *of.section < layout_.loop);
      const bool is_written = of.section && !of.is_state;
      if (is_written && !is_before_loop && place(id).kind == Place::Kind::kLocal) {
        place(id) = {Place::Kind::kOutput, i, 0, !layout_.is_stepped && is_each(id)};
        continue;
      }
      layout_.copied_outputs.push_back(i);
      life(id).to = end_;
      life(id).is_read_elsewhere = true;
    }
  }

  void place_in_memory(BufferId id) {
    const Life& of = life(id);
    Place& where = place(id);
    const bool is_input = !of.section;
    if (where.kind != Place::Kind::kLocal) return;
    if (is_input && std::ranges::find(is_in_memory_, id) == is_in_memory_.end()) return;
    const bool is_unrolled = options_.style == Style::kUnrolled;
    if (is_unrolled && !is_input && !of.is_read_elsewhere && !of.is_state) return;
    const Buffer& buffer = program_.buffer(id);
    where.kind = Place::Kind::kMemory;
    where.has_all_steps = is_each(id) && of.is_read_elsewhere;
    Block block{pool_of(storage_type(buffer.width)), num_elements(buffer.shape), of.from, of.to,
                &where.offset};
    if (where.has_all_steps) {
      check_maximum(buffer);
      block.size *= options_.max_trip_count;
      layout_.has_maximum = true;
    }
    // Unrolled sections load when they begin and store when they end; and every step of a loop
    // writes its own part of what has all steps.
    if (!is_input && (is_unrolled || where.has_all_steps)) block.from = starts_[*of.section];
    if (is_unrolled && of.to < end_) block.to = std::max(of.to, ends_[of.last_section]);
    blocks_.push_back(block);
  }

  void check_maximum(const Buffer& buffer) const {
    if (options_.max_trip_count > 0) return;
    throw InputError(
        fmt::format("program '{}': buffer '{}' is kept for all steps, from one loop to another; C "
                    "without heap needs the most steps there can be (--max-steps)",
                    program_.name, buffer.name));
  }

  void keep_states_aside() {
    for (std::size_t s = 0; s < program_.sections.size(); ++s) {
      const auto& states = program_.sections[s].states;
      for (std::size_t i = 0; i < states.size(); ++i) {
        if (!life(states[i].next).is_state) continue;
        if (options_.style == Style::kUnrolled)
          continue;  // all is loaded before anything is stored
        layout_.kept_aside.push_back({s, i, 0});
      }
    }
    for (KeptAside& kept : layout_.kept_aside) {
      const Buffer& buffer =
          program_.buffer(program_.sections[kept.section].states[kept.state].buffer);
      blocks_.push_back({pool_of(storage_type(buffer.width)), num_elements(buffer.shape),
                         ends_[kept.section], ends_[kept.section], &kept.offset});
    }
  }

  void place_spike_words() {
    for (std::size_t s = 0; s < program_.sections.size(); ++s) {
      std::size_t position = starts_[s];
      for (const Node& node : program_.sections[s].nodes) {
        ++position;
        const std::int64_t words = num_spike_words(program_, node);
        if (words == 0) continue;
        std::int64_t& offset = layout_.spike_words[node.outputs.front().value];
        blocks_.push_back({pool_of({32, true}), words, position, position, &offset});
      }
    }
  }

  void fill_pools() {
    std::ranges::stable_sort(blocks_, std::greater<>(), &Block::size);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      std::vector<const Block*> around;
      for (std::size_t k = 0; k < i; ++k) {
        const Block& other = blocks_[k];
        const bool is_apart = other.to < blocks_[i].from || blocks_[i].to < other.from;
        if (other.pool == blocks_[i].pool && !is_apart) around.push_back(&other);
      }
      std::ranges::sort(around, {}, [](const Block* block) { return *block->offset; });
      std::int64_t offset = 0;
      for (const Block* other : around) {
        if (offset + blocks_[i].size <= *other->offset) break;
        offset = std::max(offset, *other->offset + other->size);
      }
      *blocks_[i].offset = offset;
      std::int64_t& size = layout_.pool_sizes[blocks_[i].pool];
      size = std::max(size, offset + blocks_[i].size);
    }
  }

  const Program& program_;
  const Options& options_;
  Layout layout_;
  std::vector<Life> lives_;
  std::vector<std::size_t> starts_;  ///< of the sections
  std::vector<std::size_t> ends_;
  std::size_t end_ = 0;
  std::vector<BufferId> is_in_memory_;  ///< inputs
  std::vector<Block> blocks_;
};

}  // namespace

std::int64_t Layout::memory_bytes() const {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < kPoolBits.size(); ++i) bytes += pool_sizes[i] * (kPoolBits[i] / 8);
  return bytes;
}

std::size_t pool_of(CType type) {
  const auto* const found = std::ranges::find(kPoolBits, type.bits);
  return static_cast<std::size_t>(found - kPoolBits.begin());
}

Layout make_layout(const program::Program& program, const Options& options) {
  return LayoutMaker(program, options).make();
}

}  // namespace pare::emit::c
