// First a pass over the section in its order: which convolutions and poolings run on images, and
// how the elements of each image are stored, which the first convolution that reads it decides.
// Then geometry: borders, common pitches, strides. Steps are made last, one node after the other.

#include "engine/section_images.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/plan_parts.h"
#include "engine/window_matrix.h"
#include "program/windows.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::Interval;
using program::Node;

std::uint32_t root_of(std::map<std::uint32_t, std::uint32_t>& parents, std::uint32_t id) {
  while (parents.contains(id) && parents[id] != id) id = parents[id];
  return id;
}

void join(std::map<std::uint32_t, std::uint32_t>& parents, std::uint32_t a, std::uint32_t b) {
  parents[root_of(parents, b)] = root_of(parents, a);
}

/// How many positions a window reaches beyond the end of an axis. REQUIRES: stride 1.
std::size_t reach_after(const graph::Window::Axis& axis) {
  const std::int64_t last = axis.at(axis.output - 1, axis.kernel - 1);
  return static_cast<std::size_t>(std::max<std::int64_t>(0, last - (axis.input - 1)));
}

std::uint32_t interleave_of(Element element) {
  switch (element) {
    case Element::kU8:
    case Element::kI8:
      return 4;
    case Element::kI16:
      return 2;
    case Element::kI32:
    case Element::kI64:
      break;
  }
  return 1;
}

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
std::vector<Interval> sums_of(const PlanRequest& request, const Node& conv,
                              const graph::Window& window) {
  const BufferId sum = conv.outputs[0];
  const Shape& shape = request.program.buffer(sum).shape;
  return sums_by_output(
      request.intervals.buffers[sum.value], static_cast<std::size_t>(num_elements(shape)),
      static_cast<std::size_t>(shape[0]), [&](std::size_t i) { return i / window.num_outputs(); });
}

std::span<const std::int64_t> bias_of(const PlanRequest& request, const Node& conv) {
  const auto& op = std::get<program::Conv>(conv.op);
  if (!op.bias) return {};
  return request.program.constant(*op.bias).values;
}

/// `bias`: what the sums lack.
std::shared_ptr<const Epilogue> epilogue_of(const PlanRequest& request, const Node& requantize,
                                            std::span<const Interval> sums,
                                            std::span<const std::int64_t> bias) {
  Shape elements(request.program.buffer(requantize.inputs[0]).shape.size(), 1);
  elements[0] = static_cast<std::int64_t>(sums.size());
  auto made = make_epilogue({.program = request.program,
                             .node = requantize,
                             .sums = sums,
                             .bias = bias,
                             .padded_size = round_up(sums.size(), kBlock),
                             .elements = elements,
                             .has_fma = kernels_of(request.instruction_set).has_fma});
  return made ? std::make_shared<const Epilogue>(std::move(*made)) : nullptr;
}

/// A convolution for 16-bit sums of pairs, whose bias the requantize adds; none if that may not
/// fit.
std::optional<LinearOp> pairs_op(const PlanRequest& request, const Node& conv,
                                 const Node* requantize, const graph::Window& window,
                                 const WindowMatrix& weights, Interval x) {
  LinearOp op;
  Matrix matrix = weights.matrix(x);
  matrix.bias = bias_of(request, conv);
  if (requantize != nullptr) {
    std::vector<Interval> sums = sums_of(request, conv, window);
    for (std::size_t i = 0; i < matrix.bias.size(); ++i) {
      sums[i] = {sums[i].lowest - matrix.bias[i], sums[i].highest - matrix.bias[i]};
    }
    op.epilogue = epilogue_of(request, *requantize, sums, matrix.bias);
    if (op.epilogue == nullptr) return std::nullopt;
    matrix.bias = {};
  }
  auto packed = pack_pairs(matrix);
  if (!packed) return std::nullopt;
  op.pairs = std::make_shared<const PairWeights>(std::move(*packed));
  return op;
}

/// Numbers of groups become lanes.
void place(std::vector<std::uint16_t>& inputs, const std::vector<std::uint16_t>& lanes) {
  for (std::uint16_t& input : inputs) input = lanes[input];
}

}  // namespace

SectionImages::SectionImages(const PlanRequest& request, const program::Section& section,
                             const std::vector<int>& num_readers, Plan& plan,
                             PackedMatrices& packed)
    : request_(request), num_readers_(num_readers), plan_(plan), packed_(packed) {
  if (request.is_generic || request.kind != PlanKind::kSample) return;
  choose(section);
  if (convs_.empty()) return;
  count_other_readers(section);
  lay_out(section);
}

// ------------------------------------------------------------------------------------- choice

SectionImages::Image& SectionImages::image(BufferId id) { return images_[id.value]; }

SectionImages::Image& SectionImages::form_of(BufferId id) {
  return images_[root_of(forms_, id.value)];
}

/// Asks for an image's elements to be stored so; false if they already are otherwise.
bool SectionImages::demand(BufferId x, Element element, std::uint32_t interleave) {
  Image& form = form_of(x);
  if (!form.is_demanded) {
    form.layout.element = element;
    form.layout.interleave = interleave;
    form.is_demanded = true;
  }
  return form.layout.element == element && form.layout.interleave == interleave;
}

/// Whether a linear kernel could run it, if its lanes were positions.
bool SectionImages::is_conv(const Node& node, Conv& conv) const {
  const program::Program& program = request_.program;
  const auto& op = std::get<program::Conv>(node.op);
  conv.window = window_of(program, node, op);
  for (const graph::Window::Axis& axis : conv.window.axes) {
    if (axis.stride != 1) return false;
  }
  const auto& sums = request_.intervals.partial_sums[node.outputs[0].value];
  if (!sums || !fits_bits(32, *sums)) return false;
  conv.requantize = nullptr;
  for (const Node* next : {fused_requantize(*section_, num_readers_, node.outputs[0]),
                           static_cast<const Node*>(nullptr)}) {
    conv.y = next != nullptr ? next->outputs[0] : node.outputs[0];
    if (!can_store(element_for(program.buffer(conv.y).width), 1)) continue;
    if (next == nullptr) return true;
    if (!is_by_channel(program, *next)) continue;
    conv.requantize = next;
    if (epilogue_of(request_, *next, sums_of(request_, node, conv.window), {}) != nullptr) {
      return true;
    }
    conv.requantize = nullptr;
  }
  return false;
}

void SectionImages::choose(const program::Section& section) {
  section_ = &section;
  for (const Node& node : section.nodes) {
    Conv conv;
    if (std::holds_alternative<program::Conv>(node.op)) {
      if (is_conv(node, conv)) choose_conv(node, std::move(conv));
    } else if (std::holds_alternative<program::MaxPool>(node.op)) {
      choose_pool(node);
    }
  }
}

void SectionImages::choose_conv(const Node& node, Conv conv) {
  const program::Program& program = request_.program;
  const auto& op = std::get<program::Conv>(node.op);
  const BufferId x = node.inputs[0];
  const program::Width width = program.buffer(x).width;
  const std::size_t interleave =
      interleave_for(width.range(), hull_of(program.constant(op.weight).values));
  if (interleave == 0) return;
  const bool has_bytes = interleave == 4;
  const Element element = has_bytes ? element_for(width) : Element::kI16;
  const graph::Window::Axis& row = conv.window.axes[2];
  const bool is_known = images_.contains(x.value);
  const bool is_spread = !is_known && has_bytes && program.buffer(x).shape[0] == 1 &&
                         num_readers_[x.value] == 1 && row.kernel > 1 && row.dilation == 1;
  const Interval hull = program::hull(request_.intervals.buffers[x.value]);
  const WindowMatrix weights = window_matrix(program, op, conv.window, interleave, is_spread);
  const bool allows_pairs = has_bytes && element == Element::kU8 && !is_spread &&
                            pairs_op(request_, node, conv.requantize, conv.window,
                                     window_matrix(program, op, conv.window, 2, false), hull)
                                .has_value();
  const auto fastest = [&](bool pairs) {
    return fastest_kernel(weights.matrix(hull), {.instruction_set = request_.instruction_set,
                                                 .allows_pairs = pairs,
                                                 .preferred = request_.preferred,
                                                 .is_image = true});
  };
  conv.kind = fastest(allows_pairs);
  if (conv.kind == KernelKind::kSparsePairs && !demand(x, element, 2)) {
    conv.kind = fastest(false);
  }
  if (conv.kind != KernelKind::kSparsePairs &&
      !demand(x, element, static_cast<std::uint32_t>(interleave))) {
    const ImageLayout& form = form_of(x).layout;
    if (!allows_pairs || form.element != element || form.interleave != 2) return;
    conv.kind = KernelKind::kSparsePairs;
  }
  image(x).layout.is_spread = is_spread;
  image(conv.y).is_produced = true;
  join(pitches_, x.value, conv.y.value);
  convs_.emplace(&node, std::move(conv));
}

void SectionImages::choose_pool(const Node& node) {
  const BufferId x = node.inputs[0];
  const BufferId y = node.outputs[0];
  if (!images_.contains(x.value) || !image(x).is_produced) return;
  // What is stored alike has to be clamped alike.
  const auto element = [&](BufferId id) { return element_for(request_.program.buffer(id).width); };
  if (element(x) != element(y)) return;
  const auto window = window_of(request_.program, node, std::get<program::MaxPool>(node.op));
  if (window.has_padding() ||
      static_cast<std::size_t>(window.axes[0].kernel * window.axes[1].kernel) > kMostWindowRows) {
    return;
  }
  image(y).is_produced = true;
  join(forms_, x.value, y.value);
  pools_.insert(&node);
}

// ----------------------------------------------------------------------------------- geometry

void SectionImages::count_other_readers(const program::Section& section) {
  for (const auto& [id, image] : images_) {
    int others = num_readers_[id];
    for (const Node& node : section.nodes) {
      const bool is_ours = convs_.contains(&node) || pools_.contains(&node) ||
                           std::holds_alternative<program::Copy>(node.op);
      if (is_ours && node.inputs[0].value == id) --others;
    }
    if (others > 0 || !image.is_produced) flat_.insert(id);
  }
}

void SectionImages::lay_out(const program::Section& section) {
  const program::Program& program = request_.program;
  for (auto& [id, image] : images_) {
    const BufferId buffer{id};
    Image& form = form_of(buffer);
    if (!form.is_demanded) {
      const Element element = element_for(program.buffer(buffer).width);
      demand(buffer, element, interleave_of(element));
    }
    const Shape& shape = program.buffer(buffer).shape;
    image.layout.element = form.layout.element;
    image.layout.interleave = form.layout.interleave;
    image.layout.num_channels = static_cast<std::size_t>(shape[0]);
    const std::size_t first = 4 - shape.size();
    for (std::size_t i = 1; i < shape.size(); ++i) {
      image.layout.size[first + i - 1] = static_cast<std::size_t>(shape[i]);
    }
  }
  for (const Node& node : section.nodes) {
    const auto conv = convs_.find(&node);
    if (conv == convs_.end()) continue;
    Image& x = image(node.inputs[0]);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const graph::Window::Axis& along = conv->second.window.axes[axis];
      x.layout.before[axis] =
          std::max(x.layout.before[axis], static_cast<std::size_t>(along.before));
      x.layout.after[axis] = std::max(x.layout.after[axis], reach_after(along));
    }
    if (x.layout.is_spread) {
      const graph::Window::Axis& row = conv->second.window.axes[2];
      const std::size_t beyond =
          (static_cast<std::size_t>(row.kernel) - 1) / x.layout.interleave * x.layout.interleave;
      x.row_lanes = static_cast<std::size_t>(row.output) + beyond;
    }
  }
  // The largest row and plane of each class.
  std::map<std::uint32_t, std::size_t> rows;
  std::map<std::uint32_t, std::size_t> heights;
  for (auto& [id, image] : images_) {
    const ImageLayout& layout = image.layout;
    const auto room = [&](std::size_t axis) {
      return layout.size[axis] + std::max(layout.before[axis], layout.after[axis]);
    };
    std::size_t& row = rows[root_of(pitches_, id)];
    row = std::max({row, room(2), image.row_lanes});
    std::size_t& height = heights[root_of(pitches_, id)];
    height = std::max(height, room(1));
  }
  for (auto& [id, image] : images_) {
    const std::size_t row = rows[root_of(pitches_, id)];
    image.layout.pitch = {heights[root_of(pitches_, id)] * row, row, 1};
    set_stride(image.layout);
  }
  for (const auto& [node, conv] : convs_) {
    const ImageLayout& x = image(node->inputs[0]).layout;
    const auto& op = std::get<program::Conv>(node->op);
    if (!lanes_of(window_matrix(program, op, conv.window, x.interleave, x.is_spread), x)) {
      // Larger than kernels can address: none of them.
      convs_.clear();
      pools_.clear();
      images_.clear();
      return;
    }
  }
  for (auto& [id, image] : images_) {
    image.id = {static_cast<std::uint32_t>(plan_.buffers.size())};
    plan_.buffers.push_back({.element = image.layout.element,
                             .interleave = image.layout.interleave,
                             .size = image.layout.num_channels * image.layout.num_positions(),
                             .bytes = image.layout.bytes()});
    if (!flat_.contains(id)) plan_.buffers[id].is_stored = false;
  }
  for (const auto& [node, conv] : convs_) {
    if (conv.requantize != nullptr) plan_.buffers[node->outputs[0].value].is_stored = false;
  }
}

// -------------------------------------------------------------------------------------- steps

bool SectionImages::add_steps(const Node& node, std::vector<Step>& steps, const Node*& also_done) {
  if (const auto conv = convs_.find(&node); conv != convs_.end()) {
    also_done = conv->second.requantize;
    add_conv(node, steps);
    return true;
  }
  if (pools_.contains(&node)) {
    add_pool(node, steps);
    return true;
  }
  if (std::holds_alternative<program::Copy>(node.op)) {
    const auto x = images_.find(node.inputs[0].value);
    if (x == images_.end() || !x->second.is_produced) return false;
    add_unpack(node.inputs[0], node.outputs[0], steps);
    // What it writes may itself be read as an image.
    return true;
  }
  return false;
}

Step SectionImages::step(BufferId name, ImageOp op, BufferId x, BufferId y) const {
  const ImageKernel kernel = op.kind == ImageKind::kMaxPool
                                 ? kernels_of(request_.instruction_set).pool_image
                                 : kernel_of(op.kind);
  return {request_.program.buffer(name).name, ImageStep{kernel, std::move(op)}, {x}, y};
}

void SectionImages::pack_if_needed(BufferId x, std::vector<Step>& steps) {
  Image& to = image(x);
  if (to.is_made) return;
  to.is_made = true;
  steps.push_back(
      step(x, {.kind = ImageKind::kPack, .y = to.layout, .flat = plan_.buffers[x.value].element}, x,
           to.id));
}

void SectionImages::add_unpack(BufferId from, BufferId to, std::vector<Step>& steps) {
  const Image& x = image(from);
  steps.push_back(
      step(to, {.kind = ImageKind::kUnpack, .x = x.layout, .flat = plan_.buffers[to.value].element},
           x.id, to));
}

/// What must follow the step that made an image.
void SectionImages::finish(BufferId y, std::vector<Step>& steps) {
  Image& made = image(y);
  made.is_made = true;
  if (made.layout.has_border()) {
    steps.push_back(step(y, {.kind = ImageKind::kBorder, .y = made.layout}, made.id, made.id));
  }
  if (flat_.contains(y.value)) add_unpack(y, y, steps);
}

void SectionImages::add_pool(const Node& node, std::vector<Step>& steps) {
  const Image& x = image(node.inputs[0]);
  const Image& y = image(node.outputs[0]);
  const auto window = window_of(request_.program, node, std::get<program::MaxPool>(node.op));
  steps.push_back(step(
      node.outputs[0],
      {.kind = ImageKind::kMaxPool, .x = x.layout, .y = y.layout, .window = window}, x.id, y.id));
  finish(node.outputs[0], steps);
}

void SectionImages::add_conv(const Node& node, std::vector<Step>& steps) {
  const BufferId input = node.inputs[0];
  const Conv& conv = convs_.at(&node);
  pack_if_needed(input, steps);
  const ImageLayout& x = image(input).layout;
  const ImageLayout& y = image(conv.y).layout;
  const Interval hull = program::hull(request_.intervals.buffers[input.value]);
  const WindowMatrix weights = window_matrix(request_.program, std::get<program::Conv>(node.op),
                                             conv.window, x.interleave, x.is_spread);
  const std::vector<std::uint16_t> lanes = lanes_of(weights, x).value();
  const Kernels& kernels = kernels_of(request_.instruction_set);
  LinearStep made{.kind = conv.kind};
  const std::size_t index = node.outputs[0].value;
  if (conv.kind == KernelKind::kSparsePairs) {
    made.op = pairs_op(request_, node, conv.requantize, conv.window, weights, hull).value();
    auto pairs = std::make_shared<PairWeights>(*made.op.pairs);
    place(pairs->inputs, lanes);
    packed_.pairs[index] = pairs;
    made.op.pairs = std::move(pairs);
    made.kernel = kernels.pairs_batch;
  } else {
    Matrix matrix = weights.matrix(hull);
    matrix.bias = bias_of(request_, node);
    if (conv.requantize != nullptr) {
      made.op.epilogue =
          epilogue_of(request_, *conv.requantize, sums_of(request_, node, conv.window), {});
    }
    if (conv.kind == KernelKind::kSparseBytes || conv.kind == KernelKind::kSparseShorts) {
      auto sparse = std::make_shared<SparseWeights>(pack_sparse(matrix));
      place(sparse->inputs, lanes);
      packed_.sparse[index] = sparse;
      made.op.sparse = std::move(sparse);
      made.kernel = kernels.sparse_batch;
    } else {
      auto dense = std::make_shared<DenseWeights>(pack_dense(matrix));
      dense->inputs = lanes;
      packed_.dense[index] = dense;
      made.op.dense = std::move(dense);
      made.kernel = kernels.dense_batch;
    }
  }
  made.op.input_bytes = x.lane_bytes();
  std::size_t begin = x.front();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    begin -= static_cast<std::size_t>(conv.window.axes[axis].before) * x.pitch[axis];
  }
  made.on_image = OnImage{.x_offset = begin * x.lane_bytes(),
                          .y_offset = y.front() * y.lane_bytes(),
                          .extent = {y.num_lanes(), y.stride}};
  steps.push_back(
      {request_.program.buffer(conv.y).name, std::move(made), {image(input).id}, image(conv.y).id});
  finish(conv.y, steps);
}

}  // namespace pare::engine
