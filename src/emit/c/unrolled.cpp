// Buffers that only one section sees become variables. What lies in memory or in the caller's
// arrays is loaded when it is first read, and stored when all of the section has been computed.

#include "emit/c/unrolled.h"

#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "emit/c/unrolled_ops.h"

namespace pare::emit::c {
namespace {

class UnrolledSection {
 public:
  UnrolledSection(const Frame& frame, Tables& tables) : frame_(frame), tables_(tables) {}

  void write(const Section& section, Writer& writer) {
    for (const Node& node : section.nodes) {
      std::vector<Values> inputs;
      for (const BufferId id : node.inputs) inputs.push_back(values(id));
      const BufferId y = node.outputs.front();
      statements_.comment(
          fmt::format("/* {}: {} */", program::kind_of(node.op), frame_.describe(y)));
      computed_[y.value] = unroll(frame_, node, inputs, tables_, statements_);
    }
    std::vector<std::pair<BufferId, Values>> stores;
    for (const Node& node : section.nodes) {
      const BufferId y = node.outputs.front();
      if (frame_.layout.place(y).kind != Place::Kind::kLocal) stores.emplace_back(y, values(y));
    }
    for (const State& state : section.states) {
      stores.emplace_back(state.buffer, values(state.next));
    }
    for (const auto& [id, of] : stores) store(id, of);
    statements_.write(writer);
  }

 private:
  Values values(BufferId id) {
    const auto found = computed_.find(id.value);
    if (found != computed_.end()) return found->second;
    Values loaded;
    const std::string from = frame_.pointer(id);
    for (std::int64_t i = 0; i < frame_.size(id); ++i) {
      const Interval interval =
          interval_of(frame_.intervals.buffers[id.value], static_cast<std::size_t>(i));
      loaded.push_back(
          statements_.define(fmt::format("({})[{}]", from, i), std::nullopt, interval, {}));
    }
    return computed_[id.value] = std::move(loaded);
  }

  void store(BufferId id, const Values& of) {
    const std::string to = frame_.pointer(id);
    for (std::size_t i = 0; i < of.size(); ++i) {
      const std::string text = of[i].is_constant() ? literal(of[i].interval.lowest) : of[i].text;
      statements_.add_root(
          fmt::format("({})[{}] = ({}){};", to, i, to_string(frame_.type(id)), text), {of[i]});
    }
  }

  const Frame& frame_;
  Tables& tables_;
  Statements statements_;
  std::map<std::uint32_t, Values> computed_;
};

/// Multiplications and elements of an op.
std::int64_t terms_of(const Program& program, const Node& node) {
  const auto size = static_cast<std::int64_t>(size_of(program, node.outputs.front()));
  const auto layer = program::layer_constants(node.op);
  if (!layer) return size;
  const program::Constant& weight = program.constant(layer->weight);
  const std::int64_t zeros = std::ranges::count(weight.values, 0) * weight.circulant.value_or(1);
  return size + size / weight.shape[0] * (num_elements(weight.shape) - zeros);
}

}  // namespace

void write_unrolled_section(const Frame& frame, const Section& section, Tables& tables,
                            Writer& writer) {
  UnrolledSection(frame, tables).write(section, writer);
}

void check_unrolled_size(const Program& program) {
  std::int64_t terms = 0;
  for (const Section& section : program.sections) {
    for (const Node& node : section.nodes) {
      terms += terms_of(program, node);
      if (terms <= kMaxUnrolledTerms) continue;
      throw InputError(fmt::format(
          "program '{}': more than {} multiplications and elements, too many to write out (reached "
          "at {}); use the style 'table'",
          program.name, kMaxUnrolledTerms, describe(program, node)));
    }
  }
}

}  // namespace pare::emit::c
