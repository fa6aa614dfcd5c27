#include "cli/verb_eval.h"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "cli/evaluation.h"
#include "cli/model_file.h"
#include "cli/model_run.h"
#include "cli/program_run.h"
#include "model/model.h"

namespace pare::cli {
namespace {

struct EvalOptions {
  std::string model;
  std::string recipe;
  SplitName split = SplitName::kTest;
  bool runs_graph = false;
};

std::vector<double> evaluate_graph(const graph::Graph& graph, const data::Samples& samples,
                                   const ProgressSink& progress) {
  std::vector<double> outputs;
  const std::array graphs{&graph};
  evaluate_in_batches(graphs, samples, {}, progress,
                      [&](std::int64_t, std::span<const graph::Evaluation> of) {
                        const auto batch = of.front().output.as<double>();
                        outputs.insert(outputs.end(), batch.begin(), batch.end());
                      });
  return outputs;
}

ExitCode run(const EvalOptions& options, Output& output) {
  const model::Model model = load_model(options.model);
  const SplitData data = load_split(options.recipe, options.split);
  check_fits(model.graph, options.model, data);
  const bool runs_program = model.deployment && !options.runs_graph;
  const std::vector<double> outputs =
      runs_program ? run_program(*model.deployment, data.samples.inputs, output.progress())
                   : evaluate_graph(model.graph, data.samples, output.progress());
  const auto labels = data.samples.labels.as<std::int64_t>();
  const metrics::Classification result = classify_outputs(model.graph, outputs, labels);
  const char* split = options.split == SplitName::kTest ? "test" : "validation";
  const char* what = runs_program ? "integer program" : "float graph";
  output.print(fmt::format("{} on the {} split of {} ({}), {}\n\n{}", options.model, split,
                           data.set, data.description, what,
                           render_evaluation(result, data.classes)));
  nlohmann::json json = evaluation_json(result, data.classes);
  json["model"] = options.model;
  json["program"] = runs_program ? program::hash(model.deployment->program) : "float graph";
  json["data"] = {{"set", data.set}, {"description", data.description}, {"split", split}};
  output.print(json);
  return kFine;
}

}  // namespace

Verb add_eval(CLI::App& parent) {
  CLI::App* app =
      add_subcommand(parent, "eval", "Accuracy, AUC and background efficiency of a model on data",
                     "  pare eval runs/quickstart/model.pare --data recipes/quickstart.toml\n"
                     "  pare eval model.pare --data recipe.toml --split validation --json\n"
                     "  pare eval model.pare --data recipe.toml --graph\n"
                     "\nInputs are taken raw and standardised as the model says. A frozen model is "
                     "run as what it\n"
                     "will be, the integer program; one that is not, or with --graph, as a float "
                     "graph in double.\n");
  const auto options = std::make_shared<EvalOptions>();
  app->add_option("model", options->model, "The model (.pare, or a network as .onnx)")->required();
  app->add_option("--data", options->recipe, "The recipe whose [data] are used")->required();
  app->add_option_function<std::string>(
         "--split",
         [options](const std::string& split) {
           options->split = split == "validation" ? SplitName::kValidation : SplitName::kTest;
         },
         "Which samples (default: test)")
      ->check(CLI::IsMember({"test", "validation"}));
  app->add_flag("--graph", options->runs_graph, "Run the float graph, not the integer program");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
