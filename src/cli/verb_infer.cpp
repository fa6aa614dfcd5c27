#include "cli/verb_infer.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/model_file.h"
#include "cli/program_run.h"
#include "data/npy.h"
#include "graph/enum_names.h"
#include "graph/evaluate.h"
#include "model/model.h"

namespace pare::cli {
namespace {

struct InferOptions {
  std::string model;
  std::string input;
  std::string out;
  std::optional<graph::HeadKind> head;
};

void check_samples(const graph::Graph& graph, const Tensor& raw, const InferOptions& options) {
  Shape expected = graph.inputs.front().shape;
  expected.insert(expected.begin(), raw.rank() == 0 ? 0 : raw.shape().front());
  if (raw.rank() > 0 && raw.shape() == expected && raw.size() > 0) return;
  throw InputError(fmt::format("{}: an array of shape {}; {} takes samples [N, …] of shape {}",
                               options.input, to_string(raw.shape()), options.model,
                               to_string(graph.inputs.front().shape)));
}

/// Outputs of all samples, float64 [N, …].
Tensor outputs_of(const model::Model& model, const Tensor& raw, Output& output) {
  if (!model.deployment) return graph::evaluate(model.graph, graph::map_input(model.graph, raw));
  Shape shape = model.deployment->interface.output_shape;
  shape.insert(shape.begin(), raw.shape().front());
  return Tensor::from<double>(shape, run_program(*model.deployment, raw, output.progress()));
}

ExitCode run(const InferOptions& options, Output& output) {
  const model::Model model = load_model(options.model);
  const Tensor raw = data::read_npy(options.input);
  check_samples(model.graph, raw, options);
  graph::Head head = model.graph.head;
  if (options.head) head.kind = *options.head;
  const Tensor result = graph::apply_head(head, outputs_of(model, raw, output));
  data::write_npy(options.out, result);
  const std::string what(graph::name_of(head.kind));
  output.print(fmt::format("{} samples by the {}: {} of shape {} in {}", raw.shape().front(),
                           model.deployment ? "integer program" : "float graph", what,
                           to_string(result.shape()), options.out));
  output.print(
      nlohmann::json{{"model", options.model},
                     {"samples", raw.shape().front()},
                     {"program", model.deployment ? program::hash(model.deployment->program)
                                                  : std::string("float graph")},
                     {"head", what},
                     {"shape", result.shape()},
                     {"out", options.out}});
  return kFine;
}

}  // namespace

Verb add_infer(CLI::App& parent) {
  CLI::App* app = add_subcommand(
      parent, "infer", "A model's answers to samples of your own",
      "  pare infer model.pare in.npy -o out.npy\n"
      "  pare infer model.pare in.npy -o out.npy --head probabilities\n"
      "\nin.npy: raw samples [N, …] of any number type; they are standardised as the model says. "
      "A\n"
      "frozen model is run as its integer program by the engine, another as a float graph.\n"
      "out.npy: class numbers (argmax), probabilities or values, as the model's head has it.\n");
  const auto options = std::make_shared<InferOptions>();
  app->add_option("model", options->model, "The model (.pare, or a network as .onnx)")->required();
  app->add_option("input", options->input, "Raw samples (.npy)")->required();
  app->add_option("-o,--out", options->out, "Where the answers go (.npy)")->required();
  app->add_option_function<std::string>(
         "--head",
         [options](const std::string& name) {
           for (const auto& [kind, known] : graph::EnumNames<graph::HeadKind>::list) {
             if (known == name) options->head = kind;
           }
         },
         "What to write, instead of what the model says")
      ->check(CLI::IsMember({"argmax", "probabilities", "values"}));
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
