#include "lower/lower.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "lower/lowering.h"
#include "lower/remove_dead.h"

namespace pare::lower {

using graph::Graph;
using graph::WireId;

Lowering::Lowering(const Graph& graph, const Options& options)
    : graph_(graph),
      options_(options),
      infos_(graph::infer(graph)),
      parts_(find_parts()),
      builder_(graph.name),
      values_(graph.wires.size()) {}

void Lowering::refuse(const std::string& what) const {
  throw InputError(fmt::format("{} cannot be frozen: {}", who(), what));
}

WireValue Lowering::input(std::size_t number) { return value(node_->inputs.at(number)); }

program::Buffer Lowering::new_buffer(const std::string& name, const graph::WireInfo& info) const {
  program::Buffer buffer{.name = name, .width = {}, .shape = info.shape};
  if (info.time == graph::Time::kEachStep) buffer.each = each_;
  return buffer;
}

program::Buffer Lowering::output_buffer() const {
  const std::string& name = graph_.wire(node_->outputs.front()).name;
  program::Buffer buffer = new_buffer(name, output_info());
  buffer.origin = program::Origin{name};
  return buffer;
}

namespace {

/// The node that quantizes the network's raw input before anything else looks at it, or none.
const graph::Node* input_quantizer(const Graph& graph) {
  WireId wire = graph.inputs.front().wire;
  while (true) {
    const auto readers = consumers(graph, wire);
    if (readers.size() != 1) return nullptr;
    const graph::Node& node = graph.nodes[readers.front()];
    if (std::holds_alternative<graph::Quantize>(node.op)) return &node;
    const bool is_transparent = std::holds_alternative<graph::Dropout>(node.op) ||
                                std::holds_alternative<graph::Flatten>(node.op) ||
                                std::holds_alternative<graph::Reshape>(node.op) ||
                                std::holds_alternative<graph::Transpose>(node.op);
    if (!is_transparent) return nullptr;
    wire = node.outputs.front();
  }
}

}  // namespace

void Lowering::start() {
  if (graph_.inputs.size() != 1) {
    throw InputError(fmt::format("graph '{}' has {} inputs; one with a single input can be frozen",
                                 graph_.name, graph_.inputs.size()));
  }
  const graph::Input& input = graph_.inputs.front();
  interface_.input_shape = input.shape;
  interface_.input_dtype = input.dtype;
  interface_.input_units = input.units;
  interface_.input.mean = input.mean;
  interface_.input.scale = input.scale;
  input_quantizer_ = input_quantizer(graph_);
  const bool has_steps = std::any_of(infos_.begin(), infos_.end(), [](const auto& info) {
    return info.time == graph::Time::kEachStep;
  });
  if (has_steps) each_ = builder_.trip_count("T");
  interface_.steps = graph::repeated_steps(graph_);
  if (input_quantizer_ != nullptr) {
    value(input.wire).is_raw_input = true;
  } else {
    insert_input_quantizer(input.wire);
  }
}

void Lowering::insert_input_quantizer(WireId wire) {
  if (!options_.input_max_abs) {
    throw InputError(fmt::format(
        "graph '{}' cannot be frozen: its input has no quantizer, and no range is known "
        "for one; train with [quantize] input_bits = 1 to 16",
        graph_.name));
  }
  const std::int64_t top = (std::int64_t{1} << (options_.inserted_bits - 1)) - 1;
  graph::Codec codec;
  codec.scales = {graph::make_scale(static_cast<float>(*options_.input_max_abs), top,
                                    graph::StepRule::kFloat, graph::Pow2Choice::kNeverClip)};
  codec.codes = {{-top, top, top}};
  codec.zero_points = {0};
  program::Buffer buffer = new_buffer("input.quantize", info(wire));
  buffer.origin = program::Origin{buffer.name};
  value(wire) = input_codes(codec, std::move(buffer));
  notes_.push_back(fmt::format("input: rounded to {} bits, range {:g} (the training data's)",
                               options_.inserted_bits, *options_.input_max_abs));
}

WireValue Lowering::input_codes(const graph::Codec& codec, program::Buffer buffer) {
  const Shape& shape = graph_.inputs.front().shape;
  const bool is_possible =
      codec.codes.size() == 1 && codec.zero_points.size() == 1 &&
      (codec.scales.size() == 1 ||
       (buffer.shape == shape && static_cast<std::int64_t>(codec.scales.size()) == shape.front()));
  if (!is_possible) {
    throw InputError(fmt::format(
        "graph '{}' cannot be frozen: the input's quantizer has neither one step nor one a channel",
        graph_.name));
  }
  const auto zero_point = static_cast<std::int64_t>(codec.zero_points.front());
  interface_.input.codec = codec.scales;
  interface_.input.codes = codec.codes.front();
  interface_.input.codes.lowest -= zero_point;
  interface_.input.codes.highest -= zero_point;
  interface_.input.rounding = codec.rounding;
  buffer.width =
      program::narrowest({interface_.input.codes.lowest, interface_.input.codes.highest});
  WireValue codes;
  codes.buffer = builder_.input(std::move(buffer));
  const auto size = static_cast<std::size_t>(num_elements(shape));
  codes.affine.scale = steps_of(codec, size);
  return codes;
}

void Lowering::finish() {
  node_ = graph_.nodes.empty() ? nullptr : &graph_.nodes.back();
  const WireValue y = without_bend(value(graph_.output), graph_.output);
  builder_.output(y.buffer);
  interface_.output.scale = y.affine.scale;
  interface_.output.offset = y.affine.offset;
  interface_.output_shape = builder_.shape(y.buffer);
  interface_.head = graph_.head;
}

std::vector<Lowering::Part> Lowering::find_parts() const {
  std::vector<bool> is_late(graph_.wires.size(), false);  // made in the loop, or behind it
  std::vector<Part> parts;
  for (const graph::Node& node : graph_.nodes) {
    const WireId output = node.outputs.front();
    // A sum over time is made step by step.
    const bool is_in_loop = info(output).time == graph::Time::kEachStep ||
                            std::holds_alternative<graph::SumOverTime>(node.op);
    const bool is_behind = std::any_of(node.inputs.begin(), node.inputs.end(),
                                       [&](WireId wire) { return is_late[wire.value]; });
    parts.push_back(is_in_loop ? Part::kLoop : is_behind ? Part::kAfter : Part::kBefore);
    is_late[output.value] = parts.back() != Part::kBefore;
  }
  return parts;
}

void Lowering::run_part(Part part) {
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (parts_[i] != part) continue;
    node_ = &graph_.nodes[i];
    std::visit(*this, node_->op);
  }
}

Lowered Lowering::run() && {
  start();
  builder_.section({});
  run_part(Part::kBefore);
  if (each_) {
    builder_.section({.kind = program::SectionKind::kForward, .trip_count = *each_});
    run_part(Part::kLoop);
    builder_.states(states_);
    const bool has_more = std::find(parts_.begin(), parts_.end(), Part::kAfter) != parts_.end();
    if (has_more) builder_.section({});
    run_part(Part::kAfter);
  }
  finish();
  Lowered lowered{std::move(builder_).finish(), std::move(interface_), std::move(notes_)};
  if (options_.removes_dead) lowered.program = remove_dead(lowered.program);
  return lowered;
}

bool is_float(const Graph& graph) {
  const bool has_codes = std::any_of(graph.parameters.begin(), graph.parameters.end(),
                                     [](const auto& p) { return p.quantizer.has_value(); });
  return !has_codes && std::none_of(graph.nodes.begin(), graph.nodes.end(), [](const auto& node) {
    return std::holds_alternative<graph::Quantize>(node.op);
  });
}

Lowered lower(const Graph& graph, const Options& options) { return Lowering(graph, options).run(); }

}  // namespace pare::lower
