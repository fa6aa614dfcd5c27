#include "cli/verb_eval.h"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "cli/evaluation.h"
#include "cli/model_file.h"
#include "cli/model_run.h"
#include "cli/pixel_runner.h"
#include "cli/program_run.h"
#include "data/load_scene.h"
#include "data/scene_source.h"
#include "model/model.h"
#include "recipe/data_request.h"

namespace pare::cli {
namespace {

struct EvalOptions {
  std::string model;
  std::string recipe;
  SplitName split = SplitName::kTest;
  bool runs_graph = false;
};

/// What a model says of one split.
struct Answered {
  std::string set;
  std::string description;
  std::vector<std::string> classes;
  std::vector<double> outputs;  ///< [N, classes]
  std::vector<std::int64_t> labels;
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

Answered of_samples(const model::Model& model, const EvalOptions& options,
                    const ProgressSink& progress) {
  const SplitData data = load_split(options.recipe, options.split);
  check_fits(model.graph, options.model, data);
  const auto labels = data.samples.labels.as<std::int64_t>();
  return {.set = data.set,
          .description = data.description,
          .classes = data.classes,
          .outputs = model.deployment
                         ? run_program(*model.deployment, data.samples.inputs, progress)
                         : evaluate_graph(model.graph, data.samples, progress),
          .labels = {labels.begin(), labels.end()}};
}

Answered of_scene(const model::Model& model, const EvalOptions& options,
                  const data::Request& request, const ProgressSink& progress) {
  const data::DividedScene divided = data::divide_scene(request);
  const data::Scene& scene = divided.scene;
  check_fits(model.graph, options.model, scene, request.patch);
  const std::vector<std::int64_t>& pixels =
      options.split == SplitName::kTest ? divided.split.test : divided.split.validation;
  return {.set = scene.name,
          .description = divided.description,
          .classes = scene.classes,
          .outputs = run_on_pixels(model, scene.cube, pixels, {.patch = request.patch}, progress),
          .labels = data::labels_at(scene, pixels)};
}

/// Of a scene, patches are cut batch by batch; but statistics of a batch need all of them.
Answered answered(const model::Model& model, const EvalOptions& options,
                  const ProgressSink& progress) {
  const data::Request request = recipe::data_request(recipe::read(options.recipe));
  data::check_request(request);
  const bool needs_all = !model.deployment && has_batch_statistics(model.graph);
  return data::asks_for_scene(request) && !needs_all ? of_scene(model, options, request, progress)
                                                     : of_samples(model, options, progress);
}

ExitCode run(const EvalOptions& options, Output& output) {
  model::Model model = load_model(options.model);
  if (options.runs_graph) model.deployment.reset();
  const Answered data = answered(model, options, output.progress());
  const metrics::Classification result = classify_outputs(model.graph, data.outputs, data.labels);
  const char* split = options.split == SplitName::kTest ? "test" : "validation";
  const char* what = model.deployment ? "integer program" : "float graph";
  output.print(fmt::format("{} on the {} split of {} ({}), {}\n\n{}", options.model, split,
                           data.set, data.description, what,
                           render_evaluation(result, data.classes)));
  nlohmann::json json = evaluation_json(result, data.classes);
  json["model"] = options.model;
  json["program"] = model.deployment ? program::hash(model.deployment->program) : "float graph";
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
