#include "cli/verb_inspect.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/model_file.h"
#include "cli/program_table.h"
#include "cli/table.h"
#include "graph/enum_names.h"
#include "graph/summary.h"
#include "program/text.h"

namespace pare::cli {
namespace {

struct Total {
  std::int64_t parameters = 0;
  std::int64_t weights = 0;
  std::int64_t weights_alive = 0;

  double sparsity() const {
    return weights == 0 ? 0 : 1 - static_cast<double>(weights_alive) / static_cast<double>(weights);
  }
};

Total total_of(const std::vector<graph::NodeSummary>& nodes) {
  Total total;
  for (const graph::NodeSummary& node : nodes) {
    total.parameters += node.parameters;
    total.weights += node.weights;
    total.weights_alive += node.weights_alive;
  }
  return total;
}

std::string count(std::int64_t number) { return number == 0 ? "" : grouped(number); }

std::string percent(std::int64_t weights, double part) {
  return weights == 0 ? "" : fmt::format("{:.2f} %", 100 * part);
}

Table table_of(const std::vector<graph::NodeSummary>& nodes) {
  Table table{{{"layer", Align::kLeft},
               {"op", Align::kLeft},
               {"output", Align::kLeft},
               {"carries", Align::kLeft},
               {"format", Align::kLeft},
               {"parameters"},
               {"weights"},
               {"pruned"}},
              {},
              {}};
  for (const graph::NodeSummary& node : nodes) {
    table.rows.push_back({node.name, std::string(node.kind), to_string(node.shape), node.grid,
                          node.format, count(node.parameters), count(node.weights),
                          percent(node.weights, node.sparsity())});
  }
  const Total total = total_of(nodes);
  table.total = {"total",
                 "",
                 "",
                 "",
                 "",
                 grouped(total.parameters),
                 grouped(total.weights),
                 percent(total.weights, total.sparsity())};
  return table;
}

std::string render_inputs(const graph::Graph& graph) {
  std::string text;
  for (const graph::Input& input : graph.inputs) {
    text += fmt::format("input   {} {}{}{}\n", graph::name_of(input.dtype), to_string(input.shape),
                        input.units.empty() ? "" : " in " + input.units,
                        input.mean.empty() ? "" : ", standardised per channel");
  }
  return text;
}

/// Texts of one line; longer ones (the recipe) are for --json.
std::string render_provenance(const std::map<std::string, std::string>& provenance) {
  constexpr std::size_t kLongest = 80;
  std::string text;
  for (const auto& [key, value] : provenance) {
    if (value.size() > kLongest || value.find('\n') != std::string::npos) continue;
    text += fmt::format("\n{}: {}", key, value);
  }
  return text.empty() ? text : '\n' + text;
}

nlohmann::json describe_layers(const graph::Graph& graph,
                               const std::vector<graph::NodeSummary>& nodes) {
  const auto wires = graph::infer(graph);
  auto layers = nlohmann::json::array();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const graph::NodeSummary& node = nodes[i];
    nlohmann::json layer = {{"layer", node.name},         {"op", node.kind},
                            {"output", node.shape},       {"carries", node.grid},
                            {"format", node.format},      {"parameters", node.parameters},
                            {"weights", node.weights},    {"weights_alive", node.weights_alive},
                            {"sparsity", node.sparsity()}};
    const auto& grid = wires.at(graph.nodes[i].outputs.front().value).grid;
    if (grid) {
      layer["grid"] = {{"bits", node.grid_bits},
                       {"step", grid->step},
                       {"zero_point", grid->zero_point},
                       {"lowest", grid->lowest},
                       {"highest", grid->highest}};
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

nlohmann::json describe_inputs(const graph::Graph& graph) {
  auto inputs = nlohmann::json::array();
  for (const graph::Input& input : graph.inputs) {
    inputs.push_back({{"dtype", graph::name_of(input.dtype)},
                      {"shape", input.shape},
                      {"units", input.units},
                      {"mean", input.mean},
                      {"scale", input.scale}});
  }
  return inputs;
}

struct InspectOptions {
  std::string model;
  bool prints_program = false;
};

ExitCode run(const InspectOptions& options, Output& output) {
  const model::Model model = load_model(options.model);
  nlohmann::json json = describe_model(model);
  json["model"] = options.model;
  if (options.prints_program) {
    if (!model.deployment) {
      throw InputError(
          fmt::format("{}: a float graph has no program; quantize it and train", options.model));
    }
    const std::string text = program::print(model.deployment->program);
    json["program"]["text"] = text;
    output.print(json);
    output.print(std::string_view(text).substr(0, text.find_last_not_of('\n') + 1));
    return kFine;
  }
  output.print(json);
  output.print(render_model(model));
  return kFine;
}

}  // namespace

std::string render_model(const model::Model& model) {
  const graph::Graph& graph = model.graph;
  std::string text = render_inputs(graph);
  text += fmt::format("output  {}", graph::name_of(graph.head.kind));
  if (!graph.head.classes.empty()) {
    text += fmt::format(" of {}", fmt::join(graph.head.classes, ", "));
  }
  text += fmt::format("\n\n{}\n\n", render(table_of(graph::summarise(graph))));
  text +=
      "carries: bits (u unsigned, s signed) that hold every code of the wire, with the weights as "
      "they are;\nbehind a linear layer that is the accumulator's width. Real: not on a grid.";
  if (model.deployment) text += "\n\n" + render_program(*model.deployment);
  return text + render_provenance(model.provenance);
}

nlohmann::json describe_model(const model::Model& model) {
  const auto nodes = graph::summarise(model.graph);
  const Total total = total_of(nodes);
  nlohmann::json json = {
      {"inputs", describe_inputs(model.graph)},
      {"layers", describe_layers(model.graph, nodes)},
      {"head",
       {{"kind", graph::name_of(model.graph.head.kind)}, {"classes", model.graph.head.classes}}},
      {"total",
       {{"parameters", total.parameters},
        {"weights", total.weights},
        {"weights_alive", total.weights_alive},
        {"sparsity", total.sparsity()}}},
      {"provenance", model.provenance}};
  if (model.deployment) json["program"] = describe_program(*model.deployment);
  return json;
}

Verb add_inspect(CLI::App& parent) {
  CLI::App* app = add_subcommand(parent, "inspect", "Show what a model is made of",
                                 "  pare inspect runs/quickstart/model.pare\n"
                                 "  pare inspect model.pare --json | jq '.layers[].grid.bits'\n"
                                 "  pare inspect model.pare --program > model.txt\n");
  const auto options = std::make_shared<InspectOptions>();
  app->add_option("model", options->model, "The model (.pare, or a network as .onnx)")->required();
  app->add_flag("--program", options->prints_program,
                "Print the integer program as text (docs/formats/program.md)");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
