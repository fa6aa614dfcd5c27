#include "cli/verb_cost.h"

#include <memory>

#include <fmt/format.h>

#include "cli/model_file.h"
#include "cli/table.h"
#include "cli/verb_cost_program.h"
#include "cost/json.h"
#include "cost/program_json.h"
#include "model/model.h"

namespace pare::cli {
namespace {

struct CostOptions {
  std::string model;
  cost::Options cost;
  std::string hardware = "45nm";
};

std::vector<std::string> row_of(const cost::LayerCost& layer) {
  return {layer.layer,
          layer.positions == 1
              ? fmt::format("{} x {}", layer.inputs, layer.outputs)
              : fmt::format("{} x {} x {}", layer.positions, layer.inputs, layer.outputs),
          fmt::format("{}", layer.input_bits),
          fmt::format("{}", layer.weights.bits),
          grouped(layer.weights.count),
          grouped(layer.weights.nonzero),
          grouped(layer.weights.nonzero_quantized),
          grouped(layer.macs),
          grouped(layer.bops, 1)};
}

Table table_of(const cost::Report& report) {
  Table table{{{"layer", Align::kLeft},
               {"in x out"},
               {"input bits"},
               {"weight bits"},
               {"weights"},
               {"non-zero"},
               {"after rounding"},
               {"MACs"},
               {"BOPs"}},
              {},
              {}};
  for (const cost::LayerCost& layer : report.layers) table.rows.push_back(row_of(layer));
  const cost::Total& total = report.total;
  table.total = {"total",
                 "",
                 "",
                 "",
                 grouped(total.weights),
                 grouped(total.nonzero_weights),
                 grouped(total.nonzero_weights_quantized),
                 grouped(total.macs),
                 grouped(total.bops, 1)};
  return table;
}

std::string size_of_model(const cost::Total& total) {
  std::string text = fmt::format(
      "Parameters: {} weights and {} biases, {} bits if all are stored, {} bits for those that are "
      "not zero\nafter rounding (their places not counted). Weights pruned: {:.1f} %.",
      grouped(total.weights), grouped(total.biases), grouped(total.dense_bits),
      grouped(total.nonzero_bits), 100 * total.sparsity());
  if (total.batch_norm > 0) {
    text += fmt::format(
        "\nBatch norm: {} float parameters and statistics more, in none of these figures.",
        grouped(total.batch_norm));
  }
  return text;
}

std::string assumptions(const cost::Options& options) {
  const char* input =
      options.input_bits == cost::InputBits::kFloat
          ? "the network's input counts 32 bits, quantized or not"
          : "the network's input counts the bits of its quantizer (32 if it has none)";
  const char* alive = options.counting == cost::AliveCounting::kWeights
                          ? "alive = non-zero weights / weights"
                          : "alive = non-zero weights and biases / weights and biases";
  return fmt::format(
      "Per sample. BOPs = m n (alive b_a b_w + b_a + b_w + log2 n), n inputs of b_a bits, m "
      "outputs, "
      "weights of b_w bits;\n{}; {}.",
      input, alive);
}

ExitCode run(const CostOptions& options, Output& output) {
  const cost::Hardware hardware = cost::find_hardware(options.hardware);
  const model::Model model = load_model(options.model);
  const cost::Report report = cost::estimate(model.graph, options.cost);
  nlohmann::json json = cost::to_json(report);
  json["model"] = options.model;
  std::string text = render_cost(report);
  if (model.deployment) {
    const cost::ProgramReport program = cost::estimate(
        model.deployment->program, hardware, lower::trip_counts_of(model.deployment->interface));
    json["program"] = cost::to_json(program);
    text += fmt::format("\n\nThe integer program\n\n{}", render_cost(program));
  } else {
    text += "\n\nNot frozen: memory, operations and energy are those of an integer program.";
  }
  output.print(json);
  output.print(text);
  return kFine;
}

}  // namespace

std::string render_cost(const cost::Report& report) {
  return fmt::format("{}\n\n{}\n\n{}", render(table_of(report)), size_of_model(report.total),
                     assumptions(report.options));
}

Verb add_cost(CLI::App& parent) {
  CLI::App* app =
      add_subcommand(parent, "cost", "What one inference costs: BOPs, MACs, memory, energy",
                     "  pare cost model.pare\n"
                     "  pare cost model.pare --input-bits real\n"
                     "  pare cost model.pare --hardware my_table.toml\n"
                     "  pare cost model.pare --counting repository --json\n");
  const auto options = std::make_shared<CostOptions>();
  app->add_option("model", options->model, "The model (.pare, or a network as .onnx)")->required();
  app->add_option_function<std::string>(
         "--input-bits",
         [options](const std::string& bits) {
           options->cost.input_bits =
               bits == "real" ? cost::InputBits::kReal : cost::InputBits::kFloat;
         },
         "Bits that the network's input counts in the BOPs (default: 32)")
      ->check(CLI::IsMember({"32", "real"}));
  app->add_option_function<std::string>(
         "--counting",
         [options](const std::string& counting) {
           options->cost.counting = counting == "repository" ? cost::AliveCounting::kRepository
                                                             : cost::AliveCounting::kWeights;
         },
         "Of what the alive fraction is: weights (default), or weights and biases as in the code "
         "of "
         "Hawks et al. 2021")
      ->check(CLI::IsMember({"weights", "repository"}));
  app->add_option("--hardware", options->hardware,
                  "Energies of operations and memories: 45nm (default), or a file (docs/cost.md)");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
