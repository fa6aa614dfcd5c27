#include "program/program.h"

#include <utility>

#include <fmt/format.h>

#include "base/sha256.h"
#include "program/text.h"

namespace pare::program {

BufferId add_buffer(Program& program, Buffer buffer) {
  program.buffers.push_back(std::move(buffer));
  return {static_cast<std::uint32_t>(program.buffers.size() - 1)};
}

ConstantId add_constant(Program& program, Constant constant) {
  program.constants.push_back(std::move(constant));
  return {static_cast<std::uint32_t>(program.constants.size() - 1)};
}

std::size_t size_of(const Program& program, BufferId id) {
  return static_cast<std::size_t>(num_elements(program.buffer(id).shape));
}

namespace {

/// Ops and modes that version 1 does not have.
bool is_of_version_2(const Op& op) {
  const auto* requantize = std::get_if<Requantize>(&op);
  return std::holds_alternative<Transpose>(op) || std::holds_alternative<Multiply>(op) ||
         (requantize != nullptr && (requantize->rounding == Rounding::kHalfTowardZero ||
                                    requantize->rounding == Rounding::kAwayFromZero));
}

}  // namespace

int version_of(const Program& program) {
  for (const Section& section : program.sections) {
    for (const Node& node : section.nodes) {
      if (is_of_version_2(node.op)) return 2;
    }
  }
  return 1;
}

std::string_view kind_of(const Op& op) {
  return std::visit([](const auto& alternative) { return alternative.kind; }, op);
}

std::optional<LayerConstants> layer_constants(const Op& op) {
  if (const auto* linear = std::get_if<Linear>(&op)) {
    return LayerConstants{linear->weight, linear->bias};
  }
  if (const auto* conv = std::get_if<Conv>(&op)) return LayerConstants{conv->weight, conv->bias};
  return std::nullopt;
}

Width* accumulator_of(Op& op) {
  if (auto* linear = std::get_if<Linear>(&op)) return &linear->accumulator;
  if (auto* conv = std::get_if<Conv>(&op)) return &conv->accumulator;
  return nullptr;
}

std::optional<Width> accumulator_of(const Op& op) {
  Op copy = op;
  const Width* width = accumulator_of(copy);
  return width == nullptr ? std::nullopt : std::optional(*width);
}

std::string describe(const Program& program, const Node& node) {
  if (node.outputs.empty() || node.outputs.front().value >= program.buffers.size()) {
    return std::string(kind_of(node.op));
  }
  return fmt::format("{} '{}'", kind_of(node.op), program.buffer(node.outputs.front()).name);
}

bool has_step(const Program& program) {
  int num_loops = 0;
  bool is_forward = false;
  for (const Section& section : program.sections) {
    if (section.kind == SectionKind::kOnce) continue;
    ++num_loops;
    is_forward = section.kind == SectionKind::kForward;
  }
  return num_loops == 1 && is_forward;
}

std::string hash(const Program& program) { return sha256_hex(print(program)); }

}  // namespace pare::program
