#include "cli/program_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/table.h"
#include "program/program.h"

namespace pare::cli {
namespace {

using program::Node;
using program::Program;

/// Channels left of how many the wire has, where some went; "" where all are there.
std::string kept_of(const program::Buffer& buffer) {
  if (!buffer.origin || buffer.origin->kept.empty()) return "";
  return fmt::format("{} kept", buffer.origin->kept.size());
}

std::string accumulator_of(const Node& node) {
  const auto* linear = std::get_if<program::Linear>(&node.op);
  return linear == nullptr ? "" : to_string(linear->accumulator);
}

/// Width and encoding of a layer's weights: "s6", "s2 ternary".
std::string weights_of(const Program& program, const Node& node) {
  const auto* linear = std::get_if<program::Linear>(&node.op);
  if (linear == nullptr) return "";
  const program::Constant& weight = program.constant(linear->weight);
  std::string text = to_string(weight.width);
  if (!std::holds_alternative<program::Uniform>(weight.encoding)) {
    text += fmt::format(
        " {}", std::visit([](const auto& encoding) { return encoding.kind; }, weight.encoding));
  }
  if (weight.circulant) text += fmt::format(" circulant {}", *weight.circulant);
  return text;
}

Table table_of(const Program& program) {
  Table table{{{"buffer", Align::kLeft},
               {"op", Align::kLeft},
               {"shape", Align::kLeft},
               {"width"},
               {"sums"},
               {"weights", Align::kLeft},
               {"channels"}},
              {},
              {}};
  for (const program::BufferId id : program.inputs) {
    const program::Buffer& buffer = program.buffer(id);
    table.rows.push_back({buffer.name, "input", to_string(buffer.shape), to_string(buffer.width)});
  }
  for (const program::Section& section : program.sections) {
    for (const Node& node : section.nodes) {
      const program::Buffer& buffer = program.buffer(node.outputs.front());
      table.rows.push_back({buffer.name, std::string(kind_of(node.op)), to_string(buffer.shape),
                            to_string(buffer.width), accumulator_of(node),
                            weights_of(program, node), kept_of(buffer)});
    }
  }
  return table;
}

nlohmann::json describe_op(const Program& program, const Node& node) {
  const program::Buffer& buffer = program.buffer(node.outputs.front());
  nlohmann::json op = {{"buffer", buffer.name},
                       {"op", kind_of(node.op)},
                       {"shape", buffer.shape},
                       {"width", to_string(buffer.width)}};
  if (const auto* linear = std::get_if<program::Linear>(&node.op)) {
    op["accumulator"] = to_string(linear->accumulator);
    op["weights"] = weights_of(program, node);
  }
  if (buffer.origin) op["from"] = buffer.origin->wire;
  if (buffer.origin && !buffer.origin->kept.empty()) op["kept"] = buffer.origin->kept;
  return op;
}

}  // namespace

std::string render_program(const model::Deployment& deployment) {
  std::string text = fmt::format(
      "program {}\n\n{}\n\nsums: the width that holds every partial sum of a layer in "
      "any order. Its text: --program.",
      program::hash(deployment.program), render(table_of(deployment.program)));
  for (const std::string& note : deployment.notes) text += fmt::format("\nnote: {}", note);
  return text;
}

nlohmann::json describe_program(const model::Deployment& deployment) {
  auto ops = nlohmann::json::array();
  for (const program::Section& section : deployment.program.sections) {
    for (const Node& node : section.nodes) ops.push_back(describe_op(deployment.program, node));
  }
  return {{"sha256", program::hash(deployment.program)},
          {"version", program::version_of(deployment.program)},
          {"ops", std::move(ops)},
          {"golden_samples", deployment.golden.num_samples},
          {"notes", deployment.notes}};
}

}  // namespace pare::cli
