#include "engine/image_steps.h"

#include <memory>
#include <utility>

#include "program/windows.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::Node;

/// Numbers of groups become lanes.
void place(std::vector<std::uint16_t>& inputs, const std::vector<std::uint16_t>& lanes) {
  for (std::uint16_t& input : inputs) input = lanes[input];
}

}  // namespace

ImageSteps::ImageSteps(const PlanRequest& request, SectionImages chosen, Plan& plan,
                       PackedMatrices& packed)
    : request_(request), chosen_(std::move(chosen)), plan_(plan), packed_(packed) {
  for (const auto& [id, image] : chosen_.images) {
    ids_[id] = {static_cast<std::uint32_t>(plan.buffers.size())};
    const ImageLayout& layout = image.layout;
    plan.buffers.push_back({.element = layout.element,
                            .interleave = layout.interleave,
                            .size = layout.num_channels * layout.num_positions(),
                            .bytes = layout.bytes()});
    if (!image.is_flat) plan.buffers[id].is_stored = false;
  }
  for (const auto& [node, conv] : chosen_.convs) {
    if (conv.requantize != nullptr) plan.buffers[node->outputs[0].value].is_stored = false;
  }
}

bool ImageSteps::add(const Node& node, std::vector<Step>& steps, const Node*& also_done) {
  if (const auto conv = chosen_.convs.find(&node); conv != chosen_.convs.end()) {
    also_done = conv->second.requantize;
    add_conv(conv->second, steps);
    return true;
  }
  if (chosen_.pools.contains(&node)) {
    add_pool(node, steps);
    return true;
  }
  // A copy brings elements into the order of rows, whatever its shape is.
  if (!std::holds_alternative<program::Copy>(node.op)) return false;
  const auto x = chosen_.images.find(node.inputs[0].value);
  if (x == chosen_.images.end() || !x->second.is_produced) return false;
  add_unpack(node.inputs[0], node.outputs[0], steps);
  copied_[node.outputs[0].value] = node.inputs[0];
  return true;
}

std::optional<ImageSteps::Source> ImageSteps::source_of(BufferId copy) const {
  const auto from = copied_.find(copy.value);
  if (from == copied_.end()) return std::nullopt;
  return Source{ids_.at(from->second.value), chosen_.image(from->second).layout};
}

Step ImageSteps::step(BufferId name, ImageOp op, BufferId x, BufferId y) const {
  const ImageKernel kernel = kernels_of(request_.instruction_set).image;
  return {request_.program.buffer(name).name, ImageStep{kernel, std::move(op)}, {x}, y};
}

void ImageSteps::pack_if_needed(BufferId x, std::vector<Step>& steps) {
  if (!made_.insert(x.value).second) return;
  steps.push_back(step(x,
                       {.kind = ImageKind::kPack,
                        .y = chosen_.image(x).layout,
                        .flat = plan_.buffers[x.value].element},
                       x, ids_.at(x.value)));
}

void ImageSteps::add_unpack(BufferId from, BufferId to, std::vector<Step>& steps) {
  steps.push_back(step(to,
                       {.kind = ImageKind::kUnpack,
                        .x = chosen_.image(from).layout,
                        .flat = plan_.buffers[to.value].element},
                       ids_.at(from.value), to));
}

/// What must follow the step that made an image.
void ImageSteps::finish(BufferId y, std::vector<Step>& steps) {
  made_.insert(y.value);
  const Image& image = chosen_.image(y);
  const BufferId id = ids_.at(y.value);
  if (image.layout.has_border()) {
    steps.push_back(step(y, {.kind = ImageKind::kBorder, .y = image.layout}, id, id));
  }
  if (image.is_flat) add_unpack(y, y, steps);
}

void ImageSteps::add_pool(const Node& node, std::vector<Step>& steps) {
  const BufferId x = node.inputs[0];
  const BufferId y = node.outputs[0];
  steps.push_back(
      step(y,
           {.kind = ImageKind::kMaxPool,
            .x = chosen_.image(x).layout,
            .y = chosen_.image(y).layout,
            .window = window_of(request_.program, node, std::get<program::MaxPool>(node.op))},
           ids_.at(x.value), ids_.at(y.value)));
  finish(y, steps);
}

void ImageSteps::add_conv(const ImageConv& conv, std::vector<Step>& steps) {
  const BufferId input = conv.node->inputs[0];
  pack_if_needed(input, steps);
  const ImageLayout& x = chosen_.image(input).layout;
  const ImageLayout& y = chosen_.image(conv.y).layout;
  WindowReads reads;
  LinearStep made = linear_step(conv, x, reads);
  made.op.input_bytes = x.lane_bytes();
  made.on_image = OnImage{.x_offset = reads.first * x.lane_bytes(),
                          .y_offset = y.front() * y.lane_bytes(),
                          .extent = {y.num_lanes(), y.stride}};
  const BufferId read =
      reads.shifts.empty() ? ids_.at(input.value) : add_shift(input, reads, steps);
  steps.push_back(
      {request_.program.buffer(conv.y).name, std::move(made), {read}, ids_.at(conv.y.value)});
  finish(conv.y, steps);
}

/// Where the copies are.
BufferId ImageSteps::add_shift(BufferId x, const WindowReads& reads, std::vector<Step>& steps) {
  const ImageLayout& layout = chosen_.image(x).layout;
  const BufferId copies{static_cast<std::uint32_t>(plan_.buffers.size())};
  plan_.buffers.push_back({.element = layout.element,
                           .interleave = layout.interleave,
                           .size = layout.num_channels * layout.num_positions(),
                           .bytes = reads.shifts.size() * layout.copy_bytes()});
  steps.push_back(step(x, {.kind = ImageKind::kShift, .x = layout, .shifts = reads.shifts},
                       ids_.at(x.value), copies));
  return copies;
}

/// Its kernel and packed weights, and where it reads.
LinearStep ImageSteps::linear_step(const ImageConv& conv, const ImageLayout& x,
                                   WindowReads& reads) {
  const BufferId input = conv.node->inputs[0];
  const std::size_t index = conv.node->outputs[0].value;
  const Kernels& kernels = kernels_of(request_.instruction_set);
  const WindowMatrix weights =
      window_matrix(request_.program, std::get<program::Conv>(conv.node->op), conv.window,
                    x.interleave, x.is_spread);
  reads = direct_reads(weights, conv.window, x).value();
  const auto place_list = [&](std::vector<std::uint16_t>& inputs, std::size_t num_reads) {
    const auto aligned = aligned_reads(reads, x, request_.instruction_set, num_reads);
    if (aligned) reads = *aligned;
    place(inputs, reads.lanes);
  };
  LinearStep made{.kind = conv.kind, .sums = conv.node->outputs[0]};
  if (conv.kind == KernelKind::kSparsePairs) {
    made.op = conv.pairs;
    auto pairs = std::make_shared<PairWeights>(*made.op.pairs);
    place_list(pairs->inputs, pairs->pairs.size());
    packed_.pairs[index] = pairs;
    made.op.pairs = std::move(pairs);
    made.kernel = kernels.pairs_batch;
    return made;
  }
  Matrix matrix = weights.matrix(program::hull(request_.intervals.buffers[input.value]));
  matrix.bias = bias_of(request_, conv);
  made.op.epilogue = conv.epilogue;
  if (conv.kind == KernelKind::kSparseBytes || conv.kind == KernelKind::kSparseShorts) {
    auto sparse = std::make_shared<SparseWeights>(pack_sparse(matrix));
    place_list(sparse->inputs, sparse->groups.size());
    packed_.sparse[index] = sparse;
    made.op.sparse = std::move(sparse);
    made.kernel = kernels.sparse_batch;
    return made;
  }
  auto dense = std::make_shared<DenseWeights>(pack_dense(matrix));
  dense->inputs = reads.lanes;
  packed_.dense[index] = dense;
  made.op.dense = std::move(dense);
  made.kernel = kernels.dense_batch;
  return made;
}

}  // namespace pare::engine
