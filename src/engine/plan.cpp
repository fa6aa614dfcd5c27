// First each linear op says what it would like its input to be stored as (8 or 16 bits, how many
// neighbours together); the first reader of a buffer decides. Then each op takes the fastest kernel
// that what was decided allows; a linear op takes the requantize that alone reads its sums with it.
// Last, positions: which buffers are needed when.

#include "engine/plan.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace pare::engine {
namespace {

using program::BufferId;
using program::Interval;
using program::Linear;
using program::Node;
using program::Program;
using program::Requantize;
using program::Section;
using program::SectionKind;

Interval hull_of(std::span<const std::int64_t> values) {
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return {*lowest, *highest};
}

Interval range_of(int bits) { return program::Width{bits, true}.range(); }

class Planner {
 public:
  Planner(const PlanRequest& request, PackedMatrices& packed)
      : request_(request), program_(request.program), packed_(packed) {}

  Plan make() {
    count_readers();
    for (const program::Buffer& buffer : program_.buffers) {
      plan_.buffers.push_back({.element = element_for(buffer.width),
                               .size = static_cast<std::size_t>(num_elements(buffer.shape))});
    }
    if (!request_.is_generic) choose_storage();
    for (const Section& section : program_.sections) add_section(section);
    set_lifetimes();
    return std::move(plan_);
  }

 private:
  // --------------------------------------------------------------------------------- readers

  void count_readers() {
    num_readers_.assign(program_.buffers.size(), 0);
    for (const BufferId id : program_.outputs) ++num_readers_[id.value];
    for (const Section& section : program_.sections) {
      for (const program::State& state : section.states) {
        ++num_readers_[state.next.value];
        // A state is always stored.
        num_readers_[state.buffer.value] += 2;
      }
      for (const Node& node : section.nodes) {
        for (const BufferId id : node.inputs) ++num_readers_[id.value];
      }
    }
  }

  /// The requantize that alone reads what a linear op writes.
  static const Node* only_requantize(const Section& section, BufferId sum) {
    for (const Node& node : section.nodes) {
      if (std::holds_alternative<Requantize>(node.op) && node.inputs[0] == sum) return &node;
    }
    return nullptr;
  }

  // --------------------------------------------------------------------------------- storage

  Storage& storage(BufferId id) { return plan_.buffers[id.value]; }
  Interval hull(BufferId id) const { return program::hull(request_.intervals.buffers[id.value]); }

  /// How many inputs a kernel would take at once; 0: no kernel fits.
  std::size_t wanted_interleave(const Node& node) const {
    const auto& op = std::get<Linear>(node.op);
    if (op.predicate_block) return 0;
    const Interval x = program_.buffer(node.inputs[0]).width.range();
    const auto& sums = request_.intervals.partial_sums[node.outputs[0].value];
    const Interval weight = hull_of(program_.constant(op.weight).values);
    if (!range_of(16).contains(x) || !sums || !range_of(32).contains(*sums)) return 0;
    const bool has_bytes = range_of(8).contains(x) || Interval{0, 255}.contains(x);
    std::size_t interleave = 0;
    if (has_bytes && range_of(8).contains(weight)) {
      interleave = 4;
    } else if (range_of(16).contains(weight)) {
      interleave = 2;
    }
    // Rows of a batch begin at whole groups.
    const auto num_inputs = static_cast<std::size_t>(program_.constant(op.weight).shape[1]);
    const bool has_rows = program_.buffer(node.inputs[0]).shape.size() > 1;
    if (interleave != 0 && has_rows && num_inputs % interleave != 0) return 0;
    if (num_inputs > (std::size_t{1} << 16)) return 0;
    return interleave;
  }

  void choose_storage() {
    std::vector<bool> is_chosen(program_.buffers.size(), false);
    for (const Section& section : program_.sections) {
      for (const Node& node : section.nodes) {
        if (!std::holds_alternative<Linear>(node.op)) continue;
        const std::size_t interleave = wanted_interleave(node);
        const BufferId x = node.inputs[0];
        if (interleave == 0 || is_chosen[x.value]) continue;
        is_chosen[x.value] = true;
        storage(x).interleave = static_cast<std::uint32_t>(interleave);
        if (interleave == 2) storage(x).element = Element::kI16;
      }
    }
  }

  // ----------------------------------------------------------------------------------- steps

  void add_section(const Section& section) {
    PlannedSection planned{section.kind, section.trip_count, section.states, {}};
    std::vector<bool> is_done(section.nodes.size(), false);
    for (std::size_t i = 0; i < section.nodes.size(); ++i) {
      if (is_done[i]) continue;
      const Node& node = section.nodes[i];
      std::optional<Step> step;
      if (std::holds_alternative<Linear>(node.op)) {
        const Node* next = fused_requantize(section, node);
        if (next != nullptr) step = linear_step(node, next);
        if (step) {
          is_done[static_cast<std::size_t>(next - section.nodes.data())] = true;
          storage(node.outputs[0]).is_stored = false;
        } else {
          step = linear_step(node, nullptr);
        }
      }
      if (!step) step = generic_step(node);
      planned.steps.push_back(std::move(*step));
    }
    plan_.sections.push_back(std::move(planned));
  }

  const Node* fused_requantize(const Section& section, const Node& linear) const {
    const BufferId sum = linear.outputs[0];
    if (num_readers_[sum.value] != 1) return nullptr;
    return only_requantize(section, sum);
  }

  Step generic_step(const Node& node) const {
    return {program_.buffer(node.outputs[0]).name, make_generic(program_, node), node.inputs,
            node.outputs[0]};
  }

  /// A kernel for a linear op, and the requantize behind it if there is one. None if none fits.
  std::optional<Step> linear_step(const Node& node, const Node* requantize) {
    const auto& op = std::get<Linear>(node.op);
    if (request_.is_generic) return std::nullopt;
    const std::size_t interleave = wanted_interleave(node);
    const BufferId x = node.inputs[0];
    const BufferId y = requantize != nullptr ? requantize->outputs[0] : node.outputs[0];
    if (interleave == 0 || storage(x).interleave != interleave) return std::nullopt;
    if (interleave == 2 && storage(x).element != Element::kI16) return std::nullopt;
    if (!can_store(storage(y))) return std::nullopt;
    const program::Constant& weight = program_.constant(op.weight);
    const auto num_outputs = static_cast<std::size_t>(weight.shape[0]);
    LinearStep step;
    step.op.num_rows = storage(y).size / num_outputs;
    if (step.op.num_rows > 1 && num_outputs % storage(y).interleave != 0) return std::nullopt;
    if (requantize != nullptr) {
      const std::vector<Interval> sums = sums_of(node.outputs[0], num_outputs);
      auto epilogue = make_epilogue(program_, *requantize, sums, round_up(num_outputs, kBlock));
      if (!epilogue) return std::nullopt;
      step.op.epilogue = std::make_shared<const Epilogue>(std::move(*epilogue));
    }
    take_weights(node, interleave, step);
    return Step{program_.buffer(y).name, std::move(step), {x}, y};
  }

  static bool can_store(const Storage& storage) {
    switch (storage.element) {
      case Element::kU8:
      case Element::kI8:
        return storage.interleave == 1 || storage.interleave == 4;
      case Element::kI16:
        return storage.interleave == 1 || storage.interleave == 2;
      case Element::kI32:
        return storage.interleave == 1;
      case Element::kI64:
        break;
    }
    return false;
  }

  /// What the sums of each output can be, in any row.
  std::vector<Interval> sums_of(BufferId sum, std::size_t num_outputs) const {
    const program::Intervals& known = request_.intervals.buffers[sum.value];
    std::vector<Interval> sums(num_outputs, known.front());
    for (std::size_t i = 0; i < known.size(); ++i) {
      Interval& of = sums[i % num_outputs];
      of = {std::min(of.lowest, known[i].lowest), std::max(of.highest, known[i].highest)};
    }
    return sums;
  }

  void take_weights(const Node& node, std::size_t interleave, LinearStep& step) {
    const auto& op = std::get<Linear>(node.op);
    const program::Constant& weight = program_.constant(op.weight);
    const std::vector<std::int64_t> expanded = program::expand(weight);
    Matrix matrix{.weight = expanded,
                  .num_outputs = static_cast<std::size_t>(weight.shape[0]),
                  .num_inputs = static_cast<std::size_t>(weight.shape[1]),
                  .interleave = interleave,
                  .x = hull(node.inputs[0])};
    if (op.bias) matrix.bias = program_.constant(*op.bias).values;
    const Kernels& kernels = kernels_of(request_.instruction_set);
    const std::size_t index = node.outputs[0].value;
    const bool is_bytes = interleave == 4;
    if (request_.kind == PlanKind::kBatch && step.op.num_rows == 1 && is_sparse(matrix)) {
      auto& sparse = packed_.sparse[index];
      if (sparse == nullptr) sparse = std::make_shared<SparseWeights>(pack_sparse(matrix));
      step.op.sparse = sparse;
      step.kernel = kernels.sparse_batch;
      step.kind = is_bytes ? KernelKind::kSparseBytes : KernelKind::kSparseShorts;
      return;
    }
    auto& dense = packed_.dense[index];
    if (dense == nullptr) dense = std::make_shared<DenseWeights>(pack_dense(matrix));
    step.op.dense = dense;
    step.kernel = request_.kind == PlanKind::kBatch ? kernels.dense_batch : kernels.dense_sample;
    step.kind = is_bytes ? KernelKind::kDenseBytes : KernelKind::kDenseShorts;
  }

  /// Whether leaving out zero groups is faster: a group that is left costs 5 loads for 4 products,
  /// where the dense kernel needs 3 (it has 4 outputs for each load of x).
  static bool is_sparse(const Matrix& matrix) {
    const std::size_t groups =
        matrix.num_outputs * (round_up(matrix.num_inputs, matrix.interleave) / matrix.interleave);
    std::size_t num_left = 0;
    for (std::size_t i = 0; i < matrix.num_outputs; ++i) {
      for (std::size_t j = 0; j < matrix.num_inputs; j += matrix.interleave) {
        const auto row = matrix.weight.subspan(i * matrix.num_inputs, matrix.num_inputs);
        const auto group = row.subspan(j, std::min(matrix.interleave, matrix.num_inputs - j));
        num_left += std::any_of(group.begin(), group.end(), [](auto w) { return w != 0; }) ? 1 : 0;
      }
    }
    return 4 * num_left < 3 * groups;
  }

  // ------------------------------------------------------------------------------- lifetimes

  /// Positions: a section's begin, its steps, its end; then the next section's.
  struct Place {
    std::size_t section;
    std::size_t position;
  };

  void set_lifetimes() {
    const std::size_t n = program_.buffers.size();
    std::vector<std::optional<Place>> written(n);
    std::vector<std::vector<Place>> read(n);
    std::vector<std::size_t> begins;
    std::vector<std::size_t> ends;
    std::size_t position = 1;
    for (std::size_t s = 0; s < plan_.sections.size(); ++s) {
      begins.push_back(position++);
      for (const program::State& state : plan_.sections[s].states) {
        written[state.buffer.value] = Place{s, begins[s]};
      }
      for (const Step& step : plan_.sections[s].steps) {
        for (const BufferId id : step.inputs) read[id.value].push_back({s, position});
        written[step.output.value] = Place{s, position++};
      }
      ends.push_back(position);
      for (const program::State& state : plan_.sections[s].states) {
        read[state.next.value].push_back({s, position});
        read[state.buffer.value].push_back({s, position});
      }
      ++position;
    }
    for (std::size_t b = 0; b < n; ++b) {
      Storage& storage = plan_.buffers[b];
      const bool is_input = !written[b];
      const bool is_output = is_listed(program_.outputs, b);
      bool crosses = is_input || is_output;
      storage.first = is_input ? 0 : written[b]->position;
      storage.last = is_output ? position : storage.first;
      for (const Place& place : read[b]) {
        crosses = crosses || place.section != written[b]->section;
        storage.last = std::max(storage.last, place.position);
      }
      storage.keeps_steps = program_.buffers[b].each.has_value() && crosses;
      if (!crosses) continue;
      // Other steps of the loops on the way come before its first and after its last position.
      if (!is_input && is_loop(written[b]->section)) storage.first = begins[written[b]->section];
      for (const Place& place : read[b]) {
        if (is_loop(place.section)) storage.last = std::max(storage.last, ends[place.section]);
      }
    }
  }

  bool is_loop(std::size_t section) const {
    return plan_.sections[section].kind != SectionKind::kOnce;
  }

  static bool is_listed(const std::vector<BufferId>& list, std::size_t buffer) {
    return std::any_of(list.begin(), list.end(), [&](BufferId id) { return id.value == buffer; });
  }

  const PlanRequest& request_;
  const Program& program_;
  PackedMatrices& packed_;
  std::vector<int> num_readers_;
  Plan plan_;
};

}  // namespace

std::string_view name_of(KernelKind kind) {
  switch (kind) {
    case KernelKind::kGeneric:
      return "generic";
    case KernelKind::kDenseBytes:
      return "dense-8";
    case KernelKind::kDenseShorts:
      return "dense-16";
    case KernelKind::kSparseBytes:
      return "sparse-8";
    case KernelKind::kSparseShorts:
      break;
  }
  return "sparse-16";
}

KernelKind kind_of(const Step& step) {
  const auto* linear = std::get_if<LinearStep>(&step.work);
  return linear == nullptr ? KernelKind::kGeneric : linear->kind;
}

Plan make_plan(const PlanRequest& request, PackedMatrices& packed) {
  return Planner(request, packed).make();
}

}  // namespace pare::engine
