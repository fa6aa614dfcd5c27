#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/kernels.h"
#include "engine/plan.h"
#include "lower/interface.h"
#include "program/program.h"

namespace pare::engine {

/// How an engine is made.
struct Options {
  /// None: the best that this machine has. Throws InputError if it has not the one asked for.
  std::optional<InstructionSet> instruction_set = std::nullopt;
  /// No kernels but the one in int64 that runs everything; for tests.
  bool is_generic = false;
  /// The kernel that linear ops get in batches where it fits, whatever the model says; for tests.
  std::optional<KernelKind> preferred = std::nullopt;
  /// Whether the kernels that fit pruned layers are timed here and now, which may overrule the
  /// model of what they cost. It changes what is fast, and no result.
  bool measures = true;
};

/// An integer program ready to run: kernels chosen, weights packed. It never changes after it was
/// made, so that any number of sessions may run it in as many threads. What it computes equals
/// program::run_reference in every code.
class Engine {
 public:
  /// Throws InputError if the program does not pass program::check.
  explicit Engine(program::Program program, const Options& options = {});

  /// With its ends: sessions then also run from raw numbers. Throws InputError as above, and if the
  /// program has not one input and one output, each with one value, of the interface's shapes.
  Engine(program::Program program, lower::Interface interface, const Options& options = {});

  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  InstructionSet instruction_set() const { return instruction_set_; }

  /// The program, without the values of constants: those are packed in the plans.
  const program::Program& program() const { return program_; }
  const std::optional<lower::Interface>& interface() const { return interface_; }

  /// What maps raw numbers to input codes; none where lower::map_input does.
  const std::optional<InputMapper>& input_mapper() const { return input_mapper_; }

  /// What runs for batches, and for one sample.
  const Plan& plan(PlanKind kind) const {
    return kind == PlanKind::kBatch ? batch_plan_ : sample_plan_;
  }

  /// Bytes of packed weights of both plans, with their biases; what they share counts once.
  std::size_t weight_bytes() const;

 private:
  void make_plans(const Options& options);

  program::Program program_;
  std::optional<lower::Interface> interface_;
  std::optional<InputMapper> input_mapper_;
  InstructionSet instruction_set_ = InstructionSet::kPortable;
  PackedMatrices packed_;
  Plan sample_plan_;
  Plan batch_plan_;
};

}  // namespace pare::engine
