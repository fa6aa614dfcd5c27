// First each linear op says what it would like its input to be stored as (8 or 16 bits, how many
// neighbours together); the first reader of a buffer decides. Then each op takes the fastest kernel
// that what was decided allows; a linear op takes the requantize that alone reads its sums with it.
// Last, positions: which buffers are needed when.

#include "engine/plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "engine/image_steps.h"
#include "engine/kernel_cost.h"
#include "engine/lifetimes.h"
#include "engine/plan_parts.h"
#include "engine/row_steps.h"
#include "engine/spike_steps.h"
#include "engine/window_matrix.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::Interval;
using program::Linear;
using program::Node;
using program::Program;
using program::Requantize;
using program::Section;

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
    order_ = best_order(program_);
    for (const Section& section : program_.sections) {
      spikes_.push_back(choose_spikes(request_, section, num_readers_, order_));
    }
    for (std::size_t i = 0; i < program_.sections.size(); ++i) add_section(i);
    set_lifetimes(plan_, program_);
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
    if (!sums || !fits_bits(32, *sums)) return 0;
    const std::size_t interleave = interleave_for(x, weight);
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
        if (choose_pairs(section, node)) storage(x).interleave = 2;
      }
    }
  }

  /// Whether pairs of bytes with sums of 16 bits fit a linear op and are the fastest; then its step
  /// is kept.
  bool choose_pairs(const Section& section, const Node& node) {
    if (request_.kind != PlanKind::kBatch || storage(node.inputs[0]).element != Element::kU8 ||
        storage(node.inputs[0]).interleave != 4 ||
        program_.buffer(node.inputs[0]).shape.size() > 1) {
      return false;
    }
    const std::vector<std::int64_t> expanded = weights_of(node);
    const Matrix matrix = matrix_of(node, expanded, 4);
    if (fastest(node, matrix, true) != KernelKind::kSparsePairs) return false;
    const Node* next = fused_requantize(
        section, num_readers_, [](const Node&) { return true; }, node.outputs[0]);
    if (next != nullptr && add_pairs(node, next, matrix)) return true;
    return add_pairs(node, nullptr, matrix);
  }

  bool add_pairs(const Node& node, const Node* requantize, const Matrix& matrix) {
    Matrix without_bias = matrix;
    LinearOp op;
    if (requantize != nullptr) {
      // The requantize adds the bias, which may not fit 16 bits.
      without_bias.bias = {};
      std::vector<Interval> sums = sums_of(node.outputs[0], matrix.num_outputs);
      for (std::size_t i = 0; i < matrix.bias.size(); ++i) {
        sums[i] = {sums[i].lowest - matrix.bias[i], sums[i].highest - matrix.bias[i]};
      }
      op.epilogue = shared_epilogue(
          request_.instruction_set,
          {.program = program_, .node = *requantize, .sums = sums, .bias = matrix.bias});
      if (op.epilogue == nullptr) return false;
    }
    auto pairs = pack_pairs(without_bias);
    if (!pairs) return false;
    op.pairs = std::make_shared<const PairWeights>(std::move(*pairs));
    packed_.pairs[node.outputs[0].value] = op.pairs;
    pairs_.emplace(node.outputs[0].value, PairsStep{requantize,
                                                    {.kind = KernelKind::kSparsePairs,
                                                     .kernel = kernels().pairs_batch,
                                                     .op = op,
                                                     .sums = node.outputs[0]}});
    return true;
  }

  /// The kernel of a batch that is modelled, measured, or asked for, to be the fastest.
  KernelKind fastest(const Node& node, const Matrix& matrix, bool allows_pairs) const {
    return fastest_kernel(matrix, {.instruction_set = request_.instruction_set,
                                   .allows_pairs = allows_pairs,
                                   .preferred = preferred_kernel(request_, node.outputs[0])});
  }

  // ----------------------------------------------------------------------------------- steps

  /// How many neurons take a buffer as it is stored: those of a section, and those behind it of
  /// what there is once.
  std::map<std::uint32_t, int> num_neurons(std::size_t section) const {
    std::map<std::uint32_t, int> count;
    for (std::size_t i = section; i < spikes_.size(); ++i) {
      for (const BufferId id : spikes_[i].currents()) {
        if (i == section || !program_.buffer(id).each) ++count[id.value];
      }
    }
    return count;
  }

  void add_section(std::size_t number) {
    const Section& section = program_.sections[number];
    PlannedSection planned{section.kind, section.trip_count};
    const std::map<std::uint32_t, int> neurons = num_neurons(number);
    SpikeSteps spikes(request_, std::move(spikes_[number]), section, plan_, grids_);
    for (const program::State& state : section.states) {
      if (!spikes.has_state(state)) planned.states.push_back(state);
    }
    std::vector<bool> is_done(section.nodes.size(), false);
    const auto set_done = [&](const Node* node) {
      if (node != nullptr) is_done[static_cast<std::size_t>(node - section.nodes.data())] = true;
    };
    const NodeFilter is_no_spike = [&](const Node& node) { return !spikes.has(node); };
    RowSteps rows({request_, section, num_readers_, is_no_spike, neurons, order_}, plan_, grids_);
    const NodeFilter allows = [&](const Node& node) {
      return !spikes.has(node) && !rows.has(node);
    };
    ImageSteps images(request_, choose_images(request_, section, num_readers_, allows), plan_,
                      packed_);
    for (std::size_t i = 0; i < section.nodes.size(); ++i) {
      if (is_done[i]) continue;
      const Node& node = section.nodes[i];
      if (spikes.has(node)) {
        spikes.add(node, planned.steps);
        continue;
      }
      const Node* also_done = nullptr;
      if (rows.has(node)) {
        rows.add(node, planned.steps, also_done);
        set_done(also_done);
        continue;
      }
      if (images.add(node, planned.steps, also_done)) {
        set_done(also_done);
        continue;
      }
      std::optional<Step> step;
      if (std::holds_alternative<Linear>(node.op)) {
        const Node* next = fused_requantize(section, num_readers_, allows, node.outputs[0]);
        if (next != nullptr) step = linear_step(node, next);
        if (step) {
          set_done(next);
          storage(node.outputs[0]).is_stored = false;
        } else {
          step = linear_step(node, nullptr);
        }
      }
      if (step) skip_copy(node, images, planned.steps, *step);
      if (!step) step = elementwise_step(node);
      if (!step) step = generic_step(node);
      planned.steps.push_back(std::move(*step));
    }
    planned.membranes = spikes.membranes();
    if (!spikes.first_steps().empty()) plan_.sections.push_back({.steps = spikes.first_steps()});
    plan_.sections.push_back(std::move(planned));
  }

  Step generic_step(const Node& node) const {
    return {program_.buffer(node.outputs[0]).name, make_generic(program_, node), node.inputs,
            node.outputs[0]};
  }

  std::optional<Step> elementwise_step(const Node& node) const {
    const BufferId y = node.outputs[0];
    const bool can_load_all = std::all_of(node.inputs.begin(), node.inputs.end(), [&](BufferId id) {
      const Storage& x = plan_.buffers[id.value];
      return can_load(x.element, x.interleave);
    });
    if (request_.is_generic || !can_load_all || !can_store(plan_.buffers[y.value])) {
      return std::nullopt;
    }
    auto op = make_elementwise(program_, request_.intervals, node, kernels().has_fma);
    if (!op) return std::nullopt;
    return Step{program_.buffer(y).name, ElementwiseStep{kernels().elementwise, std::move(*op)},
                node.inputs, y};
  }

  /// A kernel for a linear op, and the requantize behind it if there is one. None if none fits.
  std::optional<Step> linear_step(const Node& node, const Node* requantize) {
    const auto& op = std::get<Linear>(node.op);
    if (request_.is_generic) return std::nullopt;
    const std::size_t interleave = wanted_interleave(node);
    const BufferId x = node.inputs[0];
    const BufferId y = requantize != nullptr ? requantize->outputs[0] : node.outputs[0];
    const auto pairs = pairs_.find(node.outputs[0].value);
    if (pairs != pairs_.end() && pairs->second.requantize == requantize && can_store(storage(y))) {
      return Step{program_.buffer(y).name, pairs->second.step, {x}, y};
    }
    if (interleave == 0 || storage(x).interleave != interleave) return std::nullopt;
    if (interleave == 2 && storage(x).element != Element::kI16) return std::nullopt;
    if (!can_store(storage(y))) return std::nullopt;
    const program::Constant& weight = program_.constant(op.weight);
    const auto num_outputs = static_cast<std::size_t>(weight.shape[0]);
    LinearStep step{.sums = node.outputs[0]};
    step.op.num_rows = storage(y).size / num_outputs;
    if (step.op.num_rows > 1 && num_outputs % storage(y).interleave != 0) return std::nullopt;
    if (requantize != nullptr) {
      const std::vector<Interval> sums = sums_of(node.outputs[0], num_outputs);
      auto& epilogue = packed_.epilogues[node.outputs[0].value];
      if (epilogue == nullptr) {
        epilogue = shared_epilogue(
            request_.instruction_set,
            {.program = program_, .node = *requantize, .sums = sums, .is_for_batches = true});
      }
      if (epilogue == nullptr) return std::nullopt;
      step.op.epilogue = epilogue;
    }
    take_weights(node, interleave, step);
    return Step{program_.buffer(y).name, std::move(step), {x}, y};
  }

  /// Lets a linear op read the image that its input is a copy of, for itself alone, where weights
  /// of zero for what stands between elements cost less than the copy: a product takes as long as
  /// an element is copied.
  void skip_copy(const Node& node, const ImageSteps& images, std::vector<Step>& steps, Step& step) {
    const BufferId x = node.inputs[0];
    const auto source = images.source_of(x);
    auto& linear = std::get<LinearStep>(step.work);
    if (!source || num_readers_[x.value] != 1) return;
    if (linear.kind != KernelKind::kDenseBytes || linear.op.num_rows != 1) return;
    const ImageLayout& image = source->layout;
    const bool is_stored_alike = image.element == storage(x).element && image.interleave == 4;
    const std::size_t size = storage(x).size;
    const std::size_t num_blocks = linear.op.dense->bias.size() / kBlock;
    const std::size_t num_products = image.num_planes() * image.stride * num_blocks;
    if (!is_stored_alike || num_products > size + size / 4 * num_blocks) return;
    const std::vector<std::int64_t> spread = weights_on_image(weights_of(node), image);
    Matrix matrix = matrix_of(node, spread, 4);
    matrix.num_inputs = spread.size() / matrix.num_outputs;
    linear.op.dense = std::make_shared<const DenseWeights>(pack_dense(matrix));
    packed_.dense[node.outputs[0].value] = linear.op.dense;
    step.inputs = {source->id};
    storage(x).is_stored = false;
    std::erase_if(steps, [&](const Step& made) { return made.output == x; });
  }

  static bool can_store(const Storage& storage) {
    return engine::can_store(storage.element, storage.interleave);
  }

  /// What the sums of each output can be, in any row.
  std::vector<Interval> sums_of(BufferId sum, std::size_t num_outputs) const {
    const auto size = static_cast<std::size_t>(num_elements(program_.buffer(sum).shape));
    return sums_by_output(request_.intervals.buffers[sum.value], size, num_outputs,
                          [&](std::size_t i) { return i % num_outputs; });
  }

  std::vector<std::int64_t> weights_of(const Node& node) const {
    return program::expand(program_.constant(std::get<Linear>(node.op).weight));
  }

  Matrix matrix_of(const Node& node, std::span<const std::int64_t> expanded,
                   std::size_t interleave) const {
    const auto& op = std::get<Linear>(node.op);
    const Shape& shape = program_.constant(op.weight).shape;
    Matrix matrix{.weight = expanded,
                  .num_outputs = static_cast<std::size_t>(shape[0]),
                  .num_inputs = static_cast<std::size_t>(shape[1]),
                  .interleave = interleave,
                  .x = hull(node.inputs[0])};
    if (op.bias) matrix.bias = program_.constant(*op.bias).values;
    return matrix;
  }

  void take_weights(const Node& node, std::size_t interleave, LinearStep& step) {
    const std::vector<std::int64_t> expanded = weights_of(node);
    const Matrix matrix = matrix_of(node, expanded, interleave);
    const std::size_t index = node.outputs[0].value;
    const bool is_bytes = interleave == 4;
    const bool is_batch = request_.kind == PlanKind::kBatch;
    if (is_batch && step.op.num_rows == 1 && is_sparse(fastest(node, matrix, false))) {
      auto& sparse = packed_.sparse[index];
      if (sparse == nullptr) sparse = std::make_shared<SparseWeights>(pack_sparse(matrix));
      step.op.sparse = sparse;
      step.kernel = kernels().sparse_batch;
      step.kind = is_bytes ? KernelKind::kSparseBytes : KernelKind::kSparseShorts;
      return;
    }
    step.kernel = is_batch ? kernels().dense_batch : kernels().dense_sample;
    // Batches take the codebook that one sample has, for less memory.
    auto& codebook = packed_.codebooks[index];
    if (codebook == nullptr && !is_batch && wants_codebook(node)) {
      if (auto packed = pack_codebook(matrix)) {
        codebook = std::make_shared<const DenseWeights>(std::move(*packed));
      }
    }
    if (codebook != nullptr && (is_batch || wants_codebook(node))) {
      step.op.dense = codebook;
      step.kind = KernelKind::kCodebook;
      return;
    }
    auto& dense = packed_.dense[index];
    // Another plan's may be for an image.
    if (dense == nullptr || dense->num_inputs != matrix.num_inputs) {
      dense = std::make_shared<DenseWeights>(pack_dense(matrix));
    }
    step.op.dense = dense;
    step.kind = is_bytes ? KernelKind::kDenseBytes : KernelKind::kDenseShorts;
  }

  /// Whether one sample shall have a codebook, if there can be one.
  bool wants_codebook(const Node& node) const {
    const auto preferred = preferred_kernel(request_, node.outputs[0]);
    if (preferred) return *preferred == KernelKind::kCodebook;
    return is_codebook_faster(num_linear_weights(program_));
  }

  static bool is_sparse(KernelKind kind) {
    return kind == KernelKind::kSparseBytes || kind == KernelKind::kSparseShorts;
  }

  const Kernels& kernels() const { return kernels_of(request_.instruction_set); }

  /// A step of the kernel for pairs, with the requantize it takes along.
  struct PairsStep {
    const Node* requantize;
    LinearStep step;
  };

  const PlanRequest& request_;
  const Program& program_;
  PackedMatrices& packed_;
  std::vector<int> num_readers_;
  AxisOrder order_ = {0, 1, 2};
  std::vector<SectionSpikes> spikes_;  // by section
  GridBuffers grids_;
  std::map<std::uint32_t, PairsStep> pairs_;  // by the linear op's output
  Plan plan_;
};

KernelKind kind_of(const SpikeOp& op) {
  switch (op.kind) {
    case SpikeKind::kSums:
    case SpikeKind::kLayer:
      return KernelKind::kSpikes;
    case SpikeKind::kNeurons:
      return KernelKind::kNeurons;
    case SpikeKind::kPool:
      return KernelKind::kMaxPool;
    case SpikeKind::kPack:
    case SpikeKind::kUnpack:
      break;
  }
  return KernelKind::kLayout;
}

}  // namespace

KernelKind kind_of(const Step& step) {
  if (const auto* linear = std::get_if<LinearStep>(&step.work)) return linear->kind;
  if (const auto* image = std::get_if<ImageStep>(&step.work)) {
    return image->op.kind == ImageKind::kMaxPool ? KernelKind::kMaxPool : KernelKind::kLayout;
  }
  if (const auto* spikes = std::get_if<SpikeStep>(&step.work)) return kind_of(spikes->op);
  if (std::holds_alternative<GridOp>(step.work)) return KernelKind::kLayout;
  if (const auto* rows = std::get_if<RowConv>(&step.work)) {
    return rows->op.dense->interleave == 4 ? KernelKind::kDenseBytes : KernelKind::kDenseShorts;
  }
  const auto* elementwise = std::get_if<ElementwiseStep>(&step.work);
  if (elementwise == nullptr) return KernelKind::kGeneric;
  switch (elementwise->op.kind) {
    case ElementwiseKind::kRequantize:
      return KernelKind::kRequantize;
    case ElementwiseKind::kThreshold:
      return KernelKind::kThreshold;
    case ElementwiseKind::kClamp:
      return KernelKind::kClamp;
    case ElementwiseKind::kAdd:
      break;
  }
  return KernelKind::kAdd;
}

bool Plan::is_for_one_sample() const {
  for (const PlannedSection& section : sections) {
    for (const Step& step : section.steps) {
      if (std::holds_alternative<ImageStep>(step.work)) return true;
      if (std::holds_alternative<RowConv>(step.work)) return true;
      if (std::holds_alternative<SpikeStep>(step.work)) return true;
    }
  }
  return false;
}

std::size_t num_linear_weights(const Program& program) {
  std::size_t num = 0;
  for (const Section& section : program.sections) {
    for (const Node& node : section.nodes) {
      const auto* linear = std::get_if<Linear>(&node.op);
      if (linear == nullptr) continue;
      num += static_cast<std::size_t>(num_elements(program.constant(linear->weight).shape));
    }
  }
  return num;
}

bool has_unsure_codebook(const Program& program) {
  if (!is_codebook_unsure(num_linear_weights(program))) return false;
  return std::ranges::any_of(program.sections, [&](const Section& section) {
    return std::ranges::any_of(section.nodes, [&](const Node& node) {
      const auto* linear = std::get_if<Linear>(&node.op);
      return linear != nullptr && has_few_values(program.constant(linear->weight).values);
    });
  });
}

const Node* fused_requantize(const Section& section, const std::vector<int>& num_readers,
                             const NodeFilter& allows, BufferId sum) {
  if (num_readers[sum.value] != 1) return nullptr;
  for (const Node& node : section.nodes) {
    if (!std::holds_alternative<Requantize>(node.op) || node.inputs[0] != sum) continue;
    return allows(node) ? &node : nullptr;
  }
  return nullptr;
}

Plan make_plan(const PlanRequest& request, PackedMatrices& packed) {
  return Planner(request, packed).make();
}

}  // namespace pare::engine
