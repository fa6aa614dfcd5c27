#include "cli/verb_compare.h"

#include <array>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "cli/comparison.h"
#include "cli/evaluation.h"
#include "cli/model_file.h"
#include "cli/model_run.h"
#include "cli/table.h"
#include "cli/wire_difference.h"
#include "cost/json.h"
#include "metrics/accuracy.h"

namespace pare::cli {
namespace {

struct CompareOptions {
  std::string a;
  std::string b;
  std::string recipe;
};

/// Both models on one split.
struct DataComparison {
  SplitData data;
  std::array<metrics::Classification, 2> results;
  std::vector<WireDifference> wires;
  std::optional<WireDifference> first;
};

DataComparison compare_on_data(const CompareOptions& options, const graph::Graph& a,
                               const graph::Graph& b, const ProgressSink& progress) {
  DataComparison comparison{load_split(options.recipe, SplitName::kTest), {}, {}, std::nullopt};
  check_fits(a, options.a, comparison.data);
  check_fits(b, options.b, comparison.data);
  const std::vector<std::string> wires = common_wires(a, b);
  WireDifferences differences(wires);
  std::array<std::vector<double>, 2> outputs;
  const std::array graphs{&a, &b};
  evaluate_in_batches(graphs, comparison.data.samples, wires, progress,
                      [&](std::int64_t, std::span<const graph::Evaluation> of) {
                        for (std::size_t i = 0; i < 2; ++i) {
                          const auto batch = of[i].output.as<double>();
                          outputs[i].insert(outputs[i].end(), batch.begin(), batch.end());
                        }
                        differences.add(of[0], of[1]);
                      });
  const auto labels = comparison.data.samples.labels.as<std::int64_t>();
  for (std::size_t i = 0; i < 2; ++i) {
    comparison.results[i] = classify_outputs(*graphs[i], outputs[i], labels);
  }
  comparison.wires = differences.all();
  comparison.first = differences.first();
  return comparison;
}

/// One line a wire that both have.
std::string render_wires(const DataComparison& comparison) {
  Table table{{{"wire", Align::kLeft}, {"values"}, {"differing"}, {"largest |a - b|"}}, {}, {}};
  for (const WireDifference& wire : comparison.wires) {
    table.rows.push_back({wire.wire, grouped(wire.elements), grouped(wire.differing),
                          wire.differing == 0 ? "0" : fmt::format("{:.3g}", wire.largest)});
  }
  return render(table);
}

std::string render_first(const DataComparison& comparison) {
  if (comparison.wires.empty()) return "The models have no wire of one name and shape.";
  if (!comparison.first) {
    return fmt::format("All {} wires of one name and shape carry equal values.",
                       comparison.wires.size());
  }
  const WireDifference& first = *comparison.first;
  return fmt::format(
      "First wire that differs: '{}', in {} of {} values, by at most {:.6g} ({} wires of one name "
      "and shape were compared).",
      first.wire, grouped(first.differing), grouped(first.elements), first.largest,
      comparison.wires.size());
}

std::string render_data(const CompareOptions& options, const DataComparison& comparison) {
  Table table{{{"", Align::kLeft}, {options.a}, {options.b}}, {}, {}};
  const auto& [a, b] = comparison.results;
  const auto add = [&](const char* what, double of_a, double of_b) {
    table.rows.push_back(
        {what, fmt::format("{:.2f}", 100 * of_a), fmt::format("{:.2f}", 100 * of_b)});
  };
  add("accuracy %", a.accuracy, b.accuracy);
  add("AUC %", a.auc_macro, b.auc_macro);
  return fmt::format("Test split of {} ({}), {} samples, float graphs\n\n{}\n\n{}\n\n{}",
                     comparison.data.set, comparison.data.description, grouped(a.samples),
                     render(table), render_wires(comparison), render_first(comparison));
}

nlohmann::json wire_json(const WireDifference& wire) {
  return {{"wire", wire.wire},
          {"values", wire.elements},
          {"differing", wire.differing},
          {"largest", std::isfinite(wire.largest) ? nlohmann::json(wire.largest) : nullptr}};
}

nlohmann::json data_json(const DataComparison& comparison) {
  nlohmann::json first = nullptr;
  if (comparison.first) first = wire_json(*comparison.first);
  auto wires = nlohmann::json::array();
  for (const WireDifference& wire : comparison.wires) wires.push_back(wire_json(wire));
  const auto& classes = comparison.data.classes;
  return {{"set", comparison.data.set},
          {"description", comparison.data.description},
          {"split", "test"},
          {"a", evaluation_json(comparison.results[0], classes)},
          {"b", evaluation_json(comparison.results[1], classes)},
          {"wires_compared", comparison.wires.size()},
          {"wires", std::move(wires)},
          {"first_difference", std::move(first)}};
}

ExitCode run(const CompareOptions& options, Output& output) {
  const graph::Graph a = load_model(options.a).graph;
  const graph::Graph b = load_model(options.b).graph;
  const NamedCost cost_a{options.a, cost::estimate(a)};
  const NamedCost cost_b{options.b, cost::estimate(b)};
  nlohmann::json json = {{"a", cost::to_json(cost_a.report)}, {"b", cost::to_json(cost_b.report)}};
  json["a"]["model"] = options.a;
  json["b"]["model"] = options.b;
  std::string text = render_comparison(cost_a, cost_b);
  if (!options.recipe.empty()) {
    const DataComparison comparison = compare_on_data(options, a, b, output.progress());
    json["data"] = data_json(comparison);
    text += "\n\n" + render_data(options, comparison);
  }
  output.print(json);
  output.print(text);
  return kFine;
}

}  // namespace

Verb add_compare(CLI::App& parent) {
  CLI::App* app = add_subcommand(parent, "compare",
                                 "Two models side by side; with data, the first wire that differs",
                                 "  pare compare runs/x/stages/float.pare runs/x/model.pare\n"
                                 "  pare compare a.pare b.pare --data recipe.toml\n"
                                 "  pare compare trained.onnx model.pare --data recipe.toml\n");
  const auto options = std::make_shared<CompareOptions>();
  app->add_option("a", options->a, "A model (.pare or .onnx)")->required();
  app->add_option("b", options->b, "Another model")->required();
  app->add_option("--data", options->recipe,
                  "A recipe: run both on the test split of its [data] and compare wires");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
