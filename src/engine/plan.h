#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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
#include "engine/row_conv.h"
#include "engine/spikes.h"
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
  std::uint32_t slots =
      0;                  ///< so many steps are there at once, in a loop that goes forward; 0: one
  std::size_t first = 0;  ///< position at which it is written first
  std::size_t last = 0;   ///< position at which it is read last
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
  program::BufferId sums = {};  ///< what the op alone, without the requantize behind it, writes
};

struct ImageStep {
  ImageKernel kernel = nullptr;
  ImageOp op;
};

struct ElementwiseStep {
  ElementwiseKernel kernel = nullptr;
  ElementwiseOp op;
};

/// Its inputs are x and, where there are neurons, their membranes.
struct SpikeStep {
  SpikeKernel kernel = nullptr;
  SpikeOp op;
};

/// An op, or several: a linear op with the requantize behind it, a layer of neurons.
struct Step {
  std::string name;  ///< of what it writes
  std::variant<GenericOp, LinearStep, ElementwiseStep, ImageStep, RowConv, GridOp, SpikeStep> work;
  std::vector<program::BufferId> inputs;
  program::BufferId output;
};

KernelKind kind_of(const Step& step);

/// A state that only neurons know, as they store it.
struct Membranes {
  program::BufferId buffer;
  std::vector<std::int32_t> initial;  ///< empty: the neurons' own (Neurons::initial)
};

struct PlannedSection {
  program::SectionKind kind = program::SectionKind::kOnce;
  program::TripCountId trip_count = {};
  std::vector<program::State> states = {};
  std::vector<Membranes> membranes = {};
  std::vector<Step> steps = {};
};

/// What runs for a program, for one sample at a time or for a batch with samples as lanes.
struct Plan {
  /// By BufferId; behind the program's, images of some of them, spikes, membranes.
  std::vector<Storage> buffers;
  /// The program's, and in front of loops what of their work can be done once.
  std::vector<PlannedSection> sections;

  /// Whether some step works on an image, by windows or on spikes: for one sample.
  bool is_for_one_sample() const;
};

/// Packed weights and epilogues that the two plans share, by the linear op's output.
struct PackedMatrices {
  explicit PackedMatrices(std::size_t num_buffers = 0)
      : dense(num_buffers),
        codebooks(num_buffers),
        sparse(num_buffers),
        pairs(num_buffers),
        epilogues(num_buffers) {}

  std::vector<std::shared_ptr<const DenseWeights>> dense;
  std::vector<std::shared_ptr<const DenseWeights>> codebooks;  ///< in place of the former
  std::vector<std::shared_ptr<const SparseWeights>> sparse;
  std::vector<std::shared_ptr<const PairWeights>> pairs;
  std::vector<std::shared_ptr<const Epilogue>> epilogues;
};

enum class PlanKind : std::uint8_t { kSample, kBatch };

/// Kernels for linear ops and convolutions, where they fit, by the buffers that these write.
using KernelPreferences = std::map<std::uint32_t, KernelKind>;

struct PlanRequest {
  const program::Program& program;
  const program::ProgramIntervals& intervals;
  PlanKind kind = PlanKind::kSample;
  InstructionSet instruction_set = InstructionSet::kPortable;
  bool is_generic = false;                             ///< no kernels, for tests
  std::optional<KernelKind> preferred = std::nullopt;  ///< for linear ops that it fits, for tests
  const KernelPreferences* measured = nullptr;         ///< go before what the model says
};

/// Of all linear ops together.
std::size_t num_linear_weights(const program::Program& program);

/// Whether some linear op's weights are few enough for a codebook, and the program so large that
/// only measuring tells whether that is faster.
bool has_unsure_codebook(const program::Program& program);

Plan make_plan(const PlanRequest& request, PackedMatrices& packed);

}  // namespace pare::engine
