#include "engine/engine.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "engine/measured_kernels.h"
#include "engine/neuron_order.h"
#include "program/check.h"

namespace pare::engine {
namespace {

InstructionSet chosen(const Options& options) {
  const std::vector<InstructionSet> here = instruction_sets();
  if (!options.instruction_set) return here.back();
  if (std::find(here.begin(), here.end(), *options.instruction_set) == here.end()) {
    throw InputError(fmt::format("this machine does not have the instruction set '{}'",
                                 name_of(*options.instruction_set)));
  }
  return *options.instruction_set;
}

/// What ops need of constants is packed in the plans; states still start at theirs.
void drop_constants(program::Program& program) {
  std::set<std::uint32_t> kept;
  for (const program::Section& section : program.sections) {
    for (const program::State& state : section.states) kept.insert(state.initial.value);
  }
  for (std::uint32_t i = 0; i < program.constants.size(); ++i) {
    if (!kept.contains(i)) program.constants[i].values = {};
  }
}

}  // namespace

Engine::Engine(program::Program program, const Options& options)
    : program_(std::move(program)), instruction_set_(chosen(options)) {
  program::check(program_);
  make_plans(options);
}

Engine::Engine(program::Program program, lower::Interface interface, const Options& options)
    : program_(std::move(program)),
      interface_(std::move(interface)),
      instruction_set_(chosen(options)) {
  program::check(program_);
  const auto fits = [&](const std::vector<program::BufferId>& ids, const Shape& shape) {
    return ids.size() == 1 && !program_.buffer(ids[0]).each &&
           program_.buffer(ids[0]).shape == shape;
  };
  if (!fits(program_.inputs, interface_->input_shape) ||
      !fits(program_.outputs, interface_->output_shape) ||
      program_.trip_counts.size() != trip_counts_of(*interface_).size()) {
    throw InputError(fmt::format(
        "program '{}': expected one input {}, one output {} and {} trip counts, as its interface "
        "says",
        program_.name, to_string(interface_->input_shape), to_string(interface_->output_shape),
        trip_counts_of(*interface_).size()));
  }
  const program::Interval codes = program_.buffer(program_.inputs[0]).width.range();
  if (!codes.contains({interface_->input.codes.lowest, interface_->input.codes.highest})) {
    throw InputError(fmt::format("program '{}': input codes {} … {}, which {} does not hold",
                                 program_.name, interface_->input.codes.lowest,
                                 interface_->input.codes.highest,
                                 program::to_string(program_.buffer(program_.inputs[0]).width)));
  }
  if (!options.is_generic) input_mapper_ = make_input_mapper(*interface_);
  make_plans(options);
}

Engine::~Engine() = default;

void Engine::make_plans(const Options& options) {
  if (!options.is_generic) program_ = order_neurons(std::move(program_));
  packed_ = PackedMatrices(program_.buffers.size());
  const program::ProgramIntervals intervals = program::intervals(program_);
  const auto plan = [&](PlanKind kind, const KernelPreferences& measured, PackedMatrices& packed) {
    return make_plan({program_, intervals, kind, instruction_set_, options.is_generic,
                      options.preferred, &measured},
                     packed);
  };
  const auto measured_plan = [&](PlanKind kind) {
    PackedMatrices tried = packed_;  // of all kernels; those that are not chosen go with it
    const KernelPreferences measured = measured_kernels(
        program_, kind,
        [&](const KernelPreferences& preferences) { return plan(kind, preferences, tried); });
    packed_.epilogues = tried.epilogues;
    return plan(kind, measured, packed_);
  };
  const bool measures = options.measures && !options.is_generic && !options.preferred;
  const bool measures_pruned = measures && is_pruned(program_);
  PackedMatrices modelled = packed_;
  sample_plan_ = plan(PlanKind::kSample, {}, modelled);
  const bool is_for_one = sample_plan_.is_for_one_sample();
  packed_.epilogues = modelled.epilogues;
  if ((is_for_one && measures_pruned) || (measures && has_unsure_codebook(program_))) {
    sample_plan_ = measured_plan(PlanKind::kSample);
  } else {
    packed_ = std::move(modelled);
  }
  if (!is_for_one) {
    batch_plan_ =
        measures_pruned ? measured_plan(PlanKind::kBatch) : plan(PlanKind::kBatch, {}, packed_);
  }
  drop_constants(program_);
}

std::size_t Engine::weight_bytes() const {
  std::size_t bytes = 0;
  for (const auto& dense : packed_.codebooks) bytes += dense == nullptr ? 0 : bytes_of(*dense);
  for (const auto& dense : packed_.dense) bytes += dense == nullptr ? 0 : bytes_of(*dense);
  for (const auto& sparse : packed_.sparse) bytes += sparse == nullptr ? 0 : bytes_of(*sparse);
  for (const auto& pairs : packed_.pairs) bytes += pairs == nullptr ? 0 : bytes_of(*pairs);
  for (const Plan* plan : {&sample_plan_, &batch_plan_}) {
    for (const PlannedSection& section : plan->sections) {
      for (const Step& step : section.steps) {
        if (const auto* op = std::get_if<GenericOp>(&step.work)) {
          bytes += engine::weight_bytes(*op);
        } else if (const auto* elementwise = std::get_if<ElementwiseStep>(&step.work)) {
          bytes += bytes_of(elementwise->op);
        } else if (const auto* spikes = std::get_if<SpikeStep>(&step.work)) {
          bytes += bytes_of(spikes->op);
        } else if (const auto* rows = std::get_if<RowConv>(&step.work)) {
          bytes += bytes_of(*rows->op.dense);
        }
      }
    }
  }
  return bytes;
}

}  // namespace pare::engine
