#include "lower/remove_dead.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "lower/liveness.h"
#include "lower/program_builder.h"

namespace pare::lower {
namespace {

using program::BufferId;
using program::Constant;
using program::ConstantId;
using program::Node;
using program::Program;

using Elements = std::vector<std::int64_t>;

class Rebuild {
 public:
  explicit Rebuild(const Program& program)
      : program_(program),
        live_(find_liveness(program)),
        builder_(program.name),
        new_ids_(program.buffers.size()) {}

  Program run() && {
    for (const std::string& name : program_.trip_counts) builder_.trip_count(name);
    for (const BufferId id : program_.inputs) new_ids_[id.value] = builder_.input(buffer(id));
    for (const program::Section& section : program_.sections) add_section(section);
    for (const BufferId id : program_.outputs) builder_.output(new_id(id));
    return std::move(builder_).finish();
  }

  // One overload an op: the op with its constants cut to what is kept.
  program::Op operator()(const program::Linear& op) {
    const Constant& weight = program_.constant(op.weight);
    if (op.predicate_block || weight.circulant) {
      program::Linear whole = op;
      whole.weight = builder_.constant(weight);
      if (op.bias) whole.bias = builder_.constant(program_.constant(*op.bias));
      return whole;
    }
    // Of more than one axis everything is kept, and rows and columns are the last axes.
    const bool cuts_rows = is_cut(output());
    const bool cuts_columns = is_cut(input());
    const Elements rows = cuts_rows ? kept(output()) : all(weight.shape[0]);
    const Elements columns = cuts_columns ? kept(input()) : all(weight.shape[1]);
    program::Linear cut;
    cut.weight = builder_.constant(cut_weight(weight, rows, columns));
    const Elements bias = folded_bias(op, rows, columns);
    const bool has_bias =
        std::any_of(bias.begin(), bias.end(), [](std::int64_t b) { return b != 0; });
    if (op.bias || has_bias) {
      const std::string name =
          op.bias ? program_.constant(*op.bias).name : program_.buffer(output()).name + ".bias";
      cut.bias = builder_.constant(name, {static_cast<std::int64_t>(rows.size())}, bias);
    }
    return cut;
  }

  program::Op operator()(program::Conv op) {
    // Of more than one axis everything is kept.
    op.weight = builder_.constant(program_.constant(op.weight));
    if (op.bias) op.bias = builder_.constant(program_.constant(*op.bias));
    return op;
  }

  program::Op operator()(program::Requantize op) {
    op.multiplier = channels(op.multiplier, 1);
    op.addend = channels(op.addend, 1);
    op.shift = channels(op.shift, 1);
    return op;
  }
  program::Op operator()(program::Threshold op) {
    op.codes = channels(op.codes, program_.constant(op.codes).shape.back());
    op.thresholds = channels(op.thresholds, program_.constant(op.thresholds).shape.back());
    return op;
  }
  program::Op operator()(program::Lookup op) {
    op.table = channels(op.table, program_.constant(op.table).shape.back());
    return op;
  }
  program::Op operator()(const auto& op) { return op; }

 private:
  BufferId input() const { return node_->inputs.front(); }
  BufferId output() const { return node_->outputs.front(); }
  BufferId new_id(BufferId id) const { return new_ids_[id.value]; }
  const Elements& kept(BufferId id) const { return live_.kept[id.value]; }
  bool is_cut(BufferId id) const { return kept(id).size() < size_of(program_, id); }

  static Elements all(std::int64_t size) {
    Elements elements(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < elements.size(); ++i) {
      elements[i] = static_cast<std::int64_t>(i);
    }
    return elements;
  }

  /// The buffer with what is kept of it.
  program::Buffer buffer(BufferId id) const {
    program::Buffer buffer = program_.buffer(id);
    if (!is_cut(id)) return buffer;
    buffer.shape = {static_cast<std::int64_t>(kept(id).size())};
    if (!buffer.origin) return buffer;
    Elements channels = kept(id);
    if (!buffer.origin->kept.empty()) {
      for (std::int64_t& channel : channels) {
        channel = buffer.origin->kept[static_cast<std::size_t>(channel)];
      }
    }
    buffer.origin->kept = std::move(channels);
    return buffer;
  }

  void add_section(const program::Section& section) {
    builder_.section({.kind = section.kind, .trip_count = section.trip_count});
    for (const program::State& state : section.states) {
      new_ids_[state.buffer.value] = builder_.state(buffer(state.buffer));
    }
    for (const Node& node : section.nodes) add_node(node);
    std::vector<program::State> states;
    for (const program::State& state : section.states) {
      states.push_back({new_id(state.buffer), builder_.constant(program_.constant(state.initial)),
                        new_id(state.next)});
    }
    builder_.states(std::move(states));
  }

  void add_node(const Node& node) {
    node_ = &node;
    if (!live_.is_kept(output())) return;
    std::vector<BufferId> inputs;
    for (const BufferId id : node.inputs) inputs.push_back(new_id(id));
    new_ids_[output().value] =
        builder_.op(std::visit(*this, node.op), std::move(inputs), buffer(output()));
  }

  static Constant cut_weight(const Constant& weight, const Elements& rows,
                             const Elements& columns) {
    Constant cut = weight;
    cut.values.clear();
    for (const std::int64_t row : rows) {
      for (const std::int64_t column : columns) {
        cut.values.push_back(
            weight.values[static_cast<std::size_t>(row * weight.shape[1] + column)]);
      }
    }
    cut.shape = {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size())};
    const auto [lowest, highest] = std::minmax_element(cut.values.begin(), cut.values.end());
    cut.width = program::narrowest({*lowest, *highest});
    return cut;
  }

  /// Biases of the rows, with what the columns that went always add.
  Elements folded_bias(const program::Linear& op, const Elements& rows,
                       const Elements& columns) const {
    const Constant& weight = program_.constant(op.weight);
    std::vector<bool> stays(static_cast<std::size_t>(weight.shape[1]), false);
    for (const std::int64_t column : columns) stays[static_cast<std::size_t>(column)] = true;
    const auto& values = live_.values[input().value];
    Elements bias;
    for (const std::int64_t row : rows) {
      std::int64_t sum =
          op.bias ? program_.constant(*op.bias).values[static_cast<std::size_t>(row)] : 0;
      for (std::size_t j = 0; j < stays.size(); ++j) {
        if (stays[j]) continue;
        const std::int64_t code = weight.values[static_cast<std::size_t>(row) * stays.size() + j];
        // An element that went and varies is read by zeros alone.
        sum += code * values[j].value_or(0);
      }
      bias.push_back(sum);
    }
    return bias;
  }

  /// Rows of `row_size` numbers, of the channels that are kept: [C], [C, row_size], or one for all.
  ConstantId channels(ConstantId id, std::int64_t row_size) {
    const Constant& constant = program_.constant(id);
    const auto size = static_cast<std::int64_t>(constant.values.size());
    if (!is_cut(output()) || size == row_size) return builder_.constant(constant);
    Constant cut = constant;
    cut.values.clear();
    for (const std::int64_t channel : kept(output())) {
      const auto first = constant.values.begin() + channel * row_size;
      cut.values.insert(cut.values.end(), first, first + row_size);
    }
    cut.shape.front() = static_cast<std::int64_t>(kept(output()).size());
    return builder_.constant(std::move(cut));
  }

  const Program& program_;
  Liveness live_;
  ProgramBuilder builder_;
  std::vector<BufferId> new_ids_;  ///< by old BufferId; of kept buffers
  const Node* node_ = nullptr;     ///< the one that is copied
};

}  // namespace

Program remove_dead(const Program& program) { return Rebuild(program).run(); }

}  // namespace pare::lower
