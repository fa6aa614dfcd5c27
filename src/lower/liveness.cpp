#include "lower/liveness.h"

#include <algorithm>
#include <variant>

#include "graph/overloaded.h"

namespace pare::lower {
namespace {

using program::BufferId;
using program::Node;
using program::Program;

/// Walks the ops backwards, until nothing changes: who reads an element keeps it. An op that works
/// element by element has the same elements kept in and out.
class Walk {
 public:
  explicit Walk(const Program& program)
      : program_(program),
        is_live_(program.buffers.size()),
        is_read_(program.buffers.size(), false),
        is_whole_(program.buffers.size(), false) {
    find_values();
    for (std::size_t i = 0; i < is_live_.size(); ++i) {
      is_live_[i].assign(size(id(i)), false);
      if (program.buffers[i].shape.size() != 1) is_whole_[i] = true;
    }
    for (const BufferId input : program.inputs) keep_whole(input);
    for (const BufferId output : program.outputs) keep_whole(output);
    for (const program::Section& section : program.sections) keep_states(section);
  }

  Liveness run() {
    do {
      has_changed_ = false;
      for (std::size_t s = program_.sections.size(); s-- > 0;) {
        const auto& nodes = program_.sections[s].nodes;
        for (std::size_t n = nodes.size(); n-- > 0;) visit(nodes[n]);
      }
    } while (has_changed_);
    Liveness result{{}, std::move(values_)};
    for (std::size_t i = 0; i < is_live_.size(); ++i) result.kept.push_back(kept(i));
    return result;
  }

 private:
  static BufferId id(std::size_t i) { return {static_cast<std::uint32_t>(i)}; }
  std::size_t size(BufferId buffer) const { return size_of(program_, buffer); }

  void find_values() {
    const auto all = program::intervals(program_);
    for (std::size_t i = 0; i < program_.buffers.size(); ++i) {
      std::vector<std::optional<std::int64_t>> values(size(id(i)));
      for (std::size_t e = 0; e < values.size(); ++e) {
        const program::Interval range = interval_of(all.buffers[i], e);
        if (range.lowest == range.highest) values[e] = range.lowest;
      }
      values_.push_back(std::move(values));
    }
  }

  void keep_whole(BufferId buffer) {
    is_read_[buffer.value] = true;
    is_whole_[buffer.value] = true;
  }

  void keep_states(const program::Section& section) {
    for (const program::State& state : section.states) {
      keep_whole(state.buffer);
      keep_whole(state.next);
    }
  }

  void keep(BufferId buffer, std::size_t element) {
    has_changed_ = has_changed_ || !is_live_[buffer.value][element];
    is_live_[buffer.value][element] = true;
  }

  void keep_all(BufferId buffer) {
    for (std::size_t i = 0; i < is_live_[buffer.value].size(); ++i) keep(buffer, i);
  }

  /// What is kept of an op's output decides what is kept of its inputs.
  void visit(const Node& node) {
    const BufferId y = node.outputs.front();
    if (!is_read_[y.value]) return;
    for (const BufferId x : node.inputs) is_read_[x.value] = true;
    if (!can_slice(node)) {
      keep_all(y);
      for (const BufferId x : node.inputs) keep_all(x);
      return;
    }
    if (is_whole_[y.value]) keep_all(y);
    for (const BufferId x : node.inputs) {
      if (is_whole_[x.value]) keep_all(x);
    }
    const std::vector<bool>& live = is_live_[y.value];
    if (std::find(live.begin(), live.end(), true) == live.end()) keep(y, 0);
    need(node);
  }

  bool can_slice(const Node& node) const {
    return std::visit(graph::Overloaded{
                          [&](const program::Linear& op) {
                            return !op.predicate_block && !program_.constant(op.weight).circulant;
                          },
                          [](const program::Conv&) { return false; },
                          [](const program::MaxPool&) { return false; },
                          [](const program::SumPool&) { return false; },
                          [](const program::Copy&) { return false; },
                          [](const program::Transpose&) { return false; },
                          [](const program::ArgMax&) { return false; },
                          [](const auto&) { return true; },
                      },
                      node.op);
  }

  void need(const Node& node) {
    if (const auto* op = std::get_if<program::Linear>(&node.op)) return need_columns(node, *op);
    const BufferId y = node.outputs.front();
    std::size_t first = 0;
    for (const BufferId x : node.inputs) {
      for (std::size_t i = 0; i < is_live_[x.value].size(); ++i) {
        if (is_live_[y.value][first + i]) keep(x, i);
        if (is_live_[x.value][i]) keep(y, first + i);
      }
      if (std::holds_alternative<program::Concat>(node.op)) first += is_live_[x.value].size();
    }
  }

  /// The columns whose weights in kept rows are not 0, of elements that vary.
  void need_columns(const Node& node, const program::Linear& op) {
    const BufferId input = node.inputs.front();
    if (is_whole_[input.value]) return;
    const auto weight = expand(program_.constant(op.weight));
    const std::vector<bool>& y = is_live_[node.outputs.front().value];
    const std::size_t num_columns = is_live_[input.value].size();
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (!y[i]) continue;
      for (std::size_t j = 0; j < num_columns; ++j) {
        if (weight[i * num_columns + j] != 0 && !values_[input.value][j]) keep(input, j);
      }
    }
  }

  std::vector<std::int64_t> kept(std::size_t i) const {
    std::vector<std::int64_t> elements;
    if (!is_read_[i]) return elements;
    for (std::size_t e = 0; e < is_live_[i].size(); ++e) {
      if (is_live_[i][e] || is_whole_[i]) elements.push_back(static_cast<std::int64_t>(e));
    }
    return elements;
  }

  const Program& program_;
  std::vector<std::vector<bool>> is_live_;  ///< by BufferId and element
  std::vector<bool> is_read_;               ///< by BufferId
  std::vector<bool> is_whole_;              ///< by BufferId: all elements are kept
  bool has_changed_ = false;
  std::vector<std::vector<std::optional<std::int64_t>>> values_;
};

}  // namespace

Liveness find_liveness(const Program& program) { return Walk(program).run(); }

}  // namespace pare::lower
