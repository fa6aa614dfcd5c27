#include "engine/row_steps.h"

#include <algorithm>
#include <utility>

#include "engine/spike_sums.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::Node;

/// Of so many lanes of an image at least this part must be windows.
constexpr double kFewestWindows = 0.6;

std::size_t interleave_of(const program::Program& program, const Node& node) {
  const auto& op = std::get<program::Conv>(node.op);
  return interleave_for(program.buffer(node.inputs[0]).width.range(),
                        hull_of(program.constant(op.weight).values));
}

}  // namespace

RowSteps::RowSteps(const RowRequest& request, Plan& plan, GridBuffers& grids)
    : of_(request), plan_(plan), grids_(grids) {
  if (of_.request.is_generic || of_.request.kind != PlanKind::kSample) return;
  for (const Node& node : of_.section.nodes) {
    if (std::holds_alternative<program::Conv>(node.op) && of_.allows(node)) choose(node);
  }
}

void RowSteps::choose(const Node& node) {
  const program::Program& program = of_.request.program;
  const auto& op = std::get<program::Conv>(node.op);
  const std::size_t interleave = interleave_of(program, node);
  if (op.groups != 1 || interleave == 0) return;
  auto conv = image_conv(of_.request, of_.section, of_.num_readers, of_.allows, node);
  if (!conv || !is_faster(*conv)) return;
  const auto inputs = static_cast<std::size_t>(num_elements(program.constant(op.weight).shape)) /
                      static_cast<std::size_t>(program.constant(op.weight).shape[0]);
  if (inputs > (std::size_t{1} << 16)) return;
  convs_.emplace(&node, std::move(*conv));
}

bool RowSteps::is_faster(const ImageConv& conv) const {
  const auto& [depth, height, width] = conv.window.axes;
  if (depth.stride != 1 || height.stride != 1 || width.stride != 1) return true;
  const auto pitch = static_cast<double>(width.input + width.before);
  const double plane = pitch * static_cast<double>(height.input + height.before);
  const double lanes = static_cast<double>(depth.output - 1) * plane +
                       static_cast<double>(height.output - 1) * pitch +
                       static_cast<double>(width.output);
  return static_cast<double>(conv.window.num_outputs()) < kFewestWindows * lanes;
}

/// Sums go to neurons, which take 32 bits.
Element RowSteps::stored_element(const ImageConv& conv) const {
  if (conv.requantize == nullptr) return Element::kI32;
  return element_for(of_.request.program.buffer(conv.y).width);
}

BufferId RowSteps::add_grid(BufferId of, Element element) {
  const auto size = static_cast<std::size_t>(num_elements(of_.request.program.buffer(of).shape));
  const BufferId id{static_cast<std::uint32_t>(plan_.buffers.size())};
  plan_.buffers.push_back(
      {.element = element, .size = size, .bytes = current_size(size) * size_of(element)});
  here_.emplace(of.value, id);
  return id;
}

Step RowSteps::grid_step(BufferId name, BufferId from, BufferId to, bool is_stored) const {
  const program::Buffer& buffer = of_.request.program.buffer(name);
  return {buffer.name, GridOp{grid_of(buffer.shape, of_.order), is_stored}, {from}, to};
}

/// The grid of x, if a step of this section wrote it, or one of a section that runs once.
const BufferId* RowSteps::known_grid(BufferId x, Element element) const {
  const auto find = [&](const GridBuffers& grids) -> const BufferId* {
    const auto known = grids.find(x.value);
    const bool fits = known != grids.end() && plan_.buffers[known->second.value].element == element;
    return fits ? &known->second : nullptr;
  };
  const BufferId* const here = find(here_);
  if (here != nullptr || of_.request.program.buffer(x).each) return here;
  return find(grids_);
}

/// x position by position, its elements as the kernel takes them.
BufferId RowSteps::input_grid(BufferId x, Element element, std::vector<Step>& steps) {
  if (const BufferId* known = known_grid(x, element)) return *known;
  const BufferId grid = add_grid(x, element);
  steps.push_back(grid_step(x, x, grid, true));
  return grid;
}

/// Whether somebody reads it as the program has it.
bool RowSteps::is_flat(BufferId y) const {
  int others = of_.num_readers[y.value];
  for (const auto& [node, conv] : convs_) {
    const auto interleave = interleave_of(of_.request.program, *node);
    const Element element =
        interleave == 2 ? Element::kI16 : element_for(of_.request.program.buffer(y).width);
    if (node->inputs[0] == y && known_grid(y, element) != nullptr) --others;
  }
  const auto neurons = of_.num_neurons.find(y.value);
  const bool is_current = plan_.buffers[here_.at(y.value).value].element == Element::kI32;
  if (neurons != of_.num_neurons.end() && is_current) others -= neurons->second;
  return others > 0;
}

void RowSteps::add(const Node& node, std::vector<Step>& steps, const Node*& also_done) {
  const ImageConv& conv = convs_.at(&node);
  const program::Program& program = of_.request.program;
  also_done = conv.requantize;
  if (conv.requantize != nullptr) plan_.buffers[node.outputs[0].value].is_stored = false;
  const std::size_t interleave = interleave_of(program, node);
  const BufferId x = input_grid(
      node.inputs[0],
      interleave == 2 ? Element::kI16 : element_for(program.buffer(node.inputs[0]).width), steps);
  const Element element = stored_element(conv);
  const BufferId y = add_grid(conv.y, element);
  grids_.emplace(conv.y.value, y);
  steps.push_back({program.buffer(conv.y).name, make(conv, interleave), {x}, y});
  if (is_flat(conv.y)) {
    steps.push_back(grid_step(conv.y, y, conv.y, false));
  } else {
    plan_.buffers[conv.y.value].is_stored = false;
  }
}

RowConv RowSteps::make(const ImageConv& conv, std::size_t interleave) const {
  const program::Program& program = of_.request.program;
  const auto& op = std::get<program::Conv>(conv.node->op);
  const Shape& shape = program.constant(op.weight).shape;
  const auto num_outputs = static_cast<std::size_t>(shape[0]);
  const StoredWindow window =
      stored_window(conv.window, static_cast<std::size_t>(shape[1]), of_.order);
  RowConv made{.window = window.window,
               .reach = {reaches(window.window.axes[0]), reaches(window.window.axes[1]),
                         reaches(window.window.axes[2])},
               .num_channels = window.num_channels,
               .element_bytes = 4 / interleave};
  const std::vector<std::int64_t> weight =
      by_stored_tap(program.constant(op.weight).values, num_outputs, conv.window, of_.order);
  const std::size_t inputs = weight.size() / num_outputs;
  const std::size_t row = round_up(inputs, interleave);
  std::vector<std::int64_t> padded(num_outputs * row);
  for (std::size_t m = 0; m < num_outputs; ++m) {
    std::copy_n(weight.data() + m * inputs, inputs, padded.data() + m * row);
  }
  made.row_bytes = row * made.element_bytes;
  const program::Interval x =
      program::hull(of_.request.intervals.buffers[conv.node->inputs[0].value]);
  made.op.dense = std::make_shared<const DenseWeights>(pack_dense(
      {.weight = padded,
       .bias = bias_of(of_.request, conv),
       .num_outputs = num_outputs,
       .num_inputs = row,
       .interleave = interleave,
       .x = {std::min<std::int64_t>(0, x.lowest), std::max<std::int64_t>(0, x.highest)}}));
  set_copies(made);
  made.op.epilogue = conv.epilogue;
  made.op.num_rows = kRows;
  made.rest = made.op;
  made.rest.num_rows = made.window.num_outputs() % kRows;
  made.kernel = kernels_of(of_.request.instruction_set).dense_sample;
  return made;
}

}  // namespace pare::engine
