#include "engine/image_conv.h"

#include <utility>
#include <vector>

#include "engine/plan_parts.h"
#include "program/windows.h"

namespace pare::engine {
namespace {

using program::Interval;
using program::Node;

/// Whether a constant has one element, or one a channel of [C, spatial …].
bool is_by_channel(const program::Constant& constant, const Shape& x) {
  if (num_elements(constant.shape) == 1) return true;
  return constant.shape.size() == x.size() && num_elements(constant.shape) == constant.shape[0];
}

bool is_by_channel(const program::Program& program, const Node& requantize) {
  const auto& op = std::get<program::Requantize>(requantize.op);
  const Shape& shape = program.buffer(requantize.inputs[0]).shape;
  return is_by_channel(program.constant(op.multiplier), shape) &&
         is_by_channel(program.constant(op.addend), shape) &&
         is_by_channel(program.constant(op.shift), shape);
}

/// The sums of each output channel.
std::vector<Interval> sums_of(const PlanRequest& request, const ImageConv& conv) {
  const program::BufferId sum = conv.node->outputs[0];
  const Shape& shape = request.program.buffer(sum).shape;
  return sums_by_output(request.intervals.buffers[sum.value],
                        static_cast<std::size_t>(num_elements(shape)),
                        static_cast<std::size_t>(shape[0]),
                        [&](std::size_t i) { return i / conv.window.num_outputs(); });
}

/// Of a requantize by channel.
EpilogueRequest epilogue_request(const PlanRequest& request, const Node& requantize,
                                 std::span<const Interval> sums) {
  Shape elements(request.program.buffer(requantize.inputs[0]).shape.size(), 1);
  elements[0] = static_cast<std::int64_t>(sums.size());
  return {.program = request.program, .node = requantize, .sums = sums, .elements = elements};
}

}  // namespace

std::optional<ImageConv> image_conv(const PlanRequest& request, const program::Section& section,
                                    const std::vector<int>& num_readers, const NodeFilter& allows,
                                    const Node& node) {
  const program::Program& program = request.program;
  ImageConv conv{.node = &node, .y = node.outputs[0]};
  conv.window = window_of(program, node, std::get<program::Conv>(node.op));
  const auto& sums = request.intervals.partial_sums[conv.y.value];
  if (!sums || !fits_bits(32, *sums)) return std::nullopt;
  const auto is_stored = [&](program::BufferId y) {
    return can_store(element_for(program.buffer(y).width), 1);
  };
  const Node* next = fused_requantize(section, num_readers, allows, conv.y);
  if (next != nullptr && is_by_channel(program, *next) && is_stored(next->outputs[0])) {
    ImageConv both = conv;
    both.requantize = next;
    both.y = next->outputs[0];
    const std::vector<Interval> by_channel = sums_of(request, both);
    EpilogueRequest asked = epilogue_request(request, *next, by_channel);
    asked.is_for_batches = true;
    both.epilogue = shared_epilogue(request.instruction_set, std::move(asked));
    if (both.epilogue != nullptr) return both;
  }
  if (!is_stored(conv.y)) return std::nullopt;
  return conv;
}

std::span<const std::int64_t> bias_of(const PlanRequest& request, const ImageConv& conv) {
  const auto& op = std::get<program::Conv>(conv.node->op);
  if (!op.bias) return {};
  return request.program.constant(*op.bias).values;
}

std::optional<LinearOp> pairs_op(const PlanRequest& request, const ImageConv& conv,
                                 const WindowMatrix& weights) {
  LinearOp op;
  Matrix matrix =
      weights.matrix(program::hull(request.intervals.buffers[conv.node->inputs[0].value]));
  matrix.bias = bias_of(request, conv);
  if (conv.requantize != nullptr) {
    std::vector<Interval> sums = sums_of(request, conv);
    for (std::size_t i = 0; i < matrix.bias.size(); ++i) {
      sums[i] = {sums[i].lowest - matrix.bias[i], sums[i].highest - matrix.bias[i]};
    }
    EpilogueRequest asked = epilogue_request(request, *conv.requantize, sums);
    asked.bias = matrix.bias;
    op.epilogue = shared_epilogue(request.instruction_set, std::move(asked));
    if (op.epilogue == nullptr) return std::nullopt;
    matrix.bias = {};
  }
  auto packed = pack_pairs(matrix);
  if (!packed) return std::nullopt;
  op.pairs = std::make_shared<const PairWeights>(std::move(*packed));
  return op;
}

}  // namespace pare::engine
