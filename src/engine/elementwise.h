#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/aligned.h"
#include "engine/epilogue.h"
#include "engine/view.h"
#include "program/intervals.h"
#include "program/program.h"

namespace pare::engine {

/// Ops that compute each element of y from those of its inputs at the same place.
enum class ElementwiseKind : std::uint8_t { kRequantize, kThreshold, kClamp, kAdd };

/// One of them for vectors of 32-bit integers. Lists have padding behind the last element.
struct ElementwiseOp {
  ElementwiseKind kind = ElementwiseKind::kRequantize;
  std::size_t size = 0;    ///< elements of a sample
  Epilogue epilogue = {};  ///< of a requantize: one output an element
  // Of a threshold: y = first + the sum of the steps whose threshold is not above x.
  std::size_t num_thresholds = 0;
  AlignedVector<std::int32_t> first = {};       ///< [element]
  AlignedVector<std::int32_t> thresholds = {};  ///< [number][element]
  AlignedVector<std::int32_t> steps = {};       ///< [number][element]
  // Of a clamp.
  std::int32_t lowest = 0;
  std::int32_t highest = 0;
};

/// Elements of a list, with padding.
std::size_t padded_size(const ElementwiseOp& op);

/// What a kernel runs on: inputs and y of at most 32 bits, and as can_load and the kernels for
/// linear ops demand.
struct ElementwiseCall {
  const ElementwiseOp& op;
  std::span<const View> inputs;
  const View& y;
  std::int64_t t = 0;
  Extent extent;
};
using ElementwiseKernel = void (*)(const ElementwiseCall&) noexcept;

/// Whether kernels can read elements that are stored so.
bool can_load(Element element, std::size_t interleave);

/// The op of a node; none if the node has no such op, or not one that 32 bits, or floating point,
/// are known to hold, or needs tables that are too large. `has_fma`: EpilogueRequest.
std::optional<ElementwiseOp> make_elementwise(const program::Program& program,
                                              const program::ProgramIntervals& intervals,
                                              const program::Node& node, bool has_fma);

/// Bytes of its lists.
std::size_t bytes_of(const ElementwiseOp& op);

}  // namespace pare::engine
