#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engine/kernel_cost.h"
#include "engine/linear.h"
#include "engine/plan.h"
#include "engine/plan_parts.h"
#include "engine/window_matrix.h"
#include "graph/window.h"

namespace pare::engine {

/// A convolution that kernels for linear ops run, with positions of an image as lanes.
struct ImageConv {
  const program::Node* node = nullptr;
  const program::Node* requantize = nullptr;  ///< what it takes along, if anything
  program::BufferId y = {};                   ///< what the last of the two writes
  graph::Window window = {};
  std::shared_ptr<const Epilogue> epilogue = nullptr;  ///< of the requantize
  KernelKind kind = KernelKind::kDenseBytes;
  LinearOp pairs = {};  ///< pairs_op, if that is its kind
};

/// The convolution of a node, whose kernel is not chosen yet, with the requantize that alone reads
/// its sums if kernels can run that, too. None if its sums or outputs are too wide.
std::optional<ImageConv> image_conv(const PlanRequest& request, const program::Section& section,
                                    const std::vector<int>& num_readers, const NodeFilter& allows,
                                    const program::Node& node);

/// Its bias, by output channel; empty: none.
std::span<const std::int64_t> bias_of(const PlanRequest& request, const ImageConv& conv);

/// What runs it with 16-bit sums of pairs, whose bias the requantize adds. None if sums may not
/// fit. `weights`: with interleave 2.
std::optional<LinearOp> pairs_op(const PlanRequest& request, const ImageConv& conv,
                                 const WindowMatrix& weights);

}  // namespace pare::engine
