#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/elementwise.h"
#include "engine/generic.h"
#include "engine/image.h"
#include "engine/kernel_cost.h"
#include "engine/kernels.h"
#include "engine/linear.h"
#include "program/intervals.h"
#include "program/program.h"

namespace pare::engine {

/// How a buffer is stored, and between which positions of the plan it is needed.
struct Storage {
  Element element = Element::kI64;
  std::uint32_t interleave = 1;
  std::size_t size = 0;      ///< elements of one sample at one step
  std::size_t bytes = 0;     ///< of an image, whose elements do not stand densely; 0: no image
  bool is_stored = true;     ///< false: it only exists in registers, or as an image
  bool keeps_steps = false;  ///< a value of each step is kept, not of the current one alone
  std::size_t first = 0;     ///< position at which it is written first
  std::size_t last = 0;      ///< position at which it is read last
};

/// Of a convolution: its lanes are positions of an image.
struct OnImage {
  std::size_t x_offset = 0;  ///< bytes from x to the input of the first window
  std::size_t y_offset = 0;  ///< bytes from y to the first position
  Extent extent;             ///< lanes of y, and of its planes
};

struct LinearStep {
  KernelKind kind = KernelKind::kDenseBytes;
  LinearKernel kernel = nullptr;
  LinearOp op = {};
  std::optional<OnImage> on_image = std::nullopt;
};

struct ImageStep {
  ImageKernel kernel = nullptr;
  ImageOp op;
};

struct ElementwiseStep {
  ElementwiseKernel kernel = nullptr;
  ElementwiseOp op;
};

/// An op, or a linear op with the requantize behind it.
struct Step {
  std::string name;  ///< of what it writes
  std::variant<GenericOp, LinearStep, ElementwiseStep, ImageStep> work;
  std::vector<program::BufferId> inputs;
  program::BufferId output;
};

KernelKind kind_of(const Step& step);

struct PlannedSection {
  program::SectionKind kind = program::SectionKind::kOnce;
  program::TripCountId trip_count = {};
  std::vector<program::State> states;
  std::vector<Step> steps;
};

/// What runs for a program, for one sample at a time or for a batch with samples as lanes.
struct Plan {
  std::vector<Storage> buffers;  ///< by BufferId; behind the program's, images of some of them
  std::vector<PlannedSection> sections;

  /// Whether some step works on an image; such a plan is for one sample.
  bool has_images() const;
};

/// Packed weights and epilogues that the two plans share, by the linear op's output.
struct PackedMatrices {
  explicit PackedMatrices(std::size_t num_buffers = 0)
      : dense(num_buffers), sparse(num_buffers), pairs(num_buffers), epilogues(num_buffers) {}

  std::vector<std::shared_ptr<const DenseWeights>> dense;
  std::vector<std::shared_ptr<const SparseWeights>> sparse;
  std::vector<std::shared_ptr<const PairWeights>> pairs;
  std::vector<std::shared_ptr<const Epilogue>> epilogues;
};

enum class PlanKind : std::uint8_t { kSample, kBatch };

struct PlanRequest {
  const program::Program& program;
  const program::ProgramIntervals& intervals;
  PlanKind kind = PlanKind::kSample;
  InstructionSet instruction_set = InstructionSet::kPortable;
  bool is_generic = false;                             ///< no kernels, for tests
  std::optional<KernelKind> preferred = std::nullopt;  ///< for linear ops that it fits, for tests
};

Plan make_plan(const PlanRequest& request, PackedMatrices& packed);

}  // namespace pare::engine
