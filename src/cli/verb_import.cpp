#include "cli/verb_import.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "base/philox.h"
#include "base/sha256.h"
#include "base/version.h"
#include "data/load.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "interop/onnx_import.h"
#include "lower/lower.h"
#include "model/deploy.h"
#include "model/model.h"
#include "recipe/data_request.h"

namespace pare::cli {
namespace {

struct ImportVerbOptions {
  std::string file;
  std::string out;
  std::string recipe;
  interop::ImportOptions onnx;
  std::optional<double> largest_input;
};

/// What a network is tried on when it is frozen.
struct Trial {
  Tensor inputs;  ///< as the network takes them
  std::optional<double> largest;
  std::string what;
};

double largest_magnitude(const Tensor& inputs) {
  double largest = 0;
  for (const float x : inputs.as<float>()) {
    largest = std::max(largest, static_cast<double>(std::abs(x)));
  }
  return largest;
}

Trial trial_of_data(const graph::Graph& graph, const ImportVerbOptions& options) {
  const data::Dataset set = data::load(recipe::data_request(recipe::read(options.recipe)));
  const data::Samples& samples = set.validation.size() > 0 ? set.validation : set.train;
  return {
      graph::map_input(graph, samples.inputs),
      options.largest_input.value_or(largest_magnitude(graph::map_input(graph, set.train.inputs))),
      fmt::format("samples of {} ({})", set.name, set.description)};
}

/// Uniform numbers, which cover the range of the network's first quantizer.
Trial random_trial(const graph::Graph& graph, const ImportVerbOptions& options) {
  double largest = options.largest_input.value_or(1);
  const graph::WireId wire = graph.inputs.front().wire;
  const auto wires = graph::infer(graph);
  for (const std::size_t reader : graph::consumers(graph, wire)) {
    const auto& grid = wires[graph.nodes[reader].outputs.front().value].grid;
    if (!grid || !std::holds_alternative<graph::Quantize>(graph.nodes[reader].op)) continue;
    const auto span = static_cast<double>(
        std::max(grid->highest - grid->zero_point, grid->zero_point - grid->lowest));
    largest = span * *std::max_element(grid->step.begin(), grid->step.end());
  }
  Shape shape = graph.inputs.front().shape;
  shape.insert(shape.begin(), 64);
  Tensor inputs(DType::kF32, shape);
  const Philox random(1, RandomStream::kSynthetic);
  std::uint64_t i = 0;
  for (float& x : inputs.as<float>()) {
    x = static_cast<float>(largest * (2 * random.uniform(i++) - 1));
  }
  return {std::move(inputs), options.largest_input, "random inputs"};
}

/// Freezes what can be; says otherwise why not.
std::string freeze(model::Model& model, const ImportVerbOptions& options) {
  if (lower::is_float(model.graph)) {
    return "A float graph: quantize it (a recipe's [model] import), or run it as it is.";
  }
  const Trial trial = options.recipe.empty() ? random_trial(model.graph, options)
                                             : trial_of_data(model.graph, options);
  try {
    lower::Lowered lowered = lower::lower(model.graph, {.input_max_abs = trial.largest});
    model.deployment = model::deploy(std::move(lowered), trial.inputs);
  } catch (const InputError& error) {
    return fmt::format("Quantized, but not frozen: {}", error.what());
  }
  return fmt::format("Frozen: program {}, golden vectors of {} {}.",
                     program::hash(model.deployment->program).substr(0, 12),
                     model.deployment->golden.num_samples, trial.what);
}

std::int64_t num_weights(const graph::Graph& graph) {
  std::int64_t count = 0;
  for (const graph::Parameter& parameter : graph.parameters) {
    if (parameter.role == graph::Role::kWeight) {
      count += static_cast<std::int64_t>(parameter.stored.size());
    }
  }
  return count;
}

std::string default_out(const std::string& file) {
  return std::filesystem::path(file).replace_extension(".pare").string();
}

ExitCode run(const ImportVerbOptions& options, Output& output) {
  const std::vector<std::byte> bytes = read_file(options.file);
  const std::string folder = std::filesystem::path(options.file).parent_path().string();
  interop::Imported imported = interop::import_onnx(bytes, options.file, folder, options.onnx);
  model::Model model{.graph = std::move(imported.graph)};
  model.provenance = {{"pare", std::string(version())},
                      {"imported_from", std::filesystem::path(options.file).filename().string()},
                      {"imported_sha256", sha256_hex(bytes)}};
  const std::string frozen = freeze(model, options);
  const std::string out = options.out.empty() ? default_out(options.file) : options.out;
  model::save(out, model);
  std::vector<std::string> notes = imported.notes;
  if (model.deployment) {
    notes.insert(notes.end(), model.deployment->notes.begin(), model.deployment->notes.end());
  }
  const auto& input = model.graph.inputs.front();
  const Shape result = graph::infer_shapes(model.graph).at(model.graph.output.value).shape;
  std::string text = fmt::format("{}: {} nodes, {} weights, {} -> {}\n{}\n", options.file,
                                 model.graph.nodes.size(), num_weights(model.graph),
                                 to_string(input.shape), to_string(result), frozen);
  for (const std::string& note : notes) text += "  " + note + "\n";
  output.print(text + out);
  output.print(
      nlohmann::json{{"model", out},
                     {"nodes", model.graph.nodes.size()},
                     {"weights", num_weights(model.graph)},
                     {"input_shape", input.shape},
                     {"output_shape", result},
                     {"program", model.deployment ? program::hash(model.deployment->program)
                                                  : std::string("float graph")},
                     {"frozen", frozen},
                     {"notes", notes}});
  return kFine;
}

}  // namespace

Verb add_import(CLI::App& parent) {
  CLI::App* app = add_subcommand(
      parent, "import", "Read a network from ONNX, QONNX or quantized ONNX (QDQ)",
      "  pare import model.onnx -o model.pare\n"
      "  pare import mnist.onnx --input-scale 255 --data recipes/mnist-cnn-qap.toml\n"
      "\ndocs/interop.md: what becomes what. A network that is quantized throughout is frozen at\n"
      "once; its golden vectors are of --data, or of random inputs.\n");
  const auto options = std::make_shared<ImportVerbOptions>();
  app->add_option("file", options->file, "The network (.onnx)")->required();
  app->add_option("-o,--out", options->out, "The model to write (default: FILE with .pare)");
  app->add_option("--input-mean", options->onnx.input_mean,
                  "The file's input is (raw - MEAN) / SCALE of raw data (default 0)")
      ->check(CLI::TypeValidator<double>());
  app->add_option("--input-scale", options->onnx.input_scale, "See --input-mean (default 1)")
      ->check(CLI::TypeValidator<double>());
  app->add_option("--input-max", options->largest_input,
                  "Largest magnitude of the file's input, where that has no quantizer: it becomes "
                  "16-bit codes up to there")
      ->check(CLI::PositiveNumber);
  app->add_option("--data", options->recipe,
                  "A recipe whose [data] give golden vectors, and the input's range");
  const std::vector<std::pair<std::string, graph::HeadKind>> heads = {
      {"values", graph::HeadKind::kValues},
      {"argmax", graph::HeadKind::kArgmax},
      {"probabilities", graph::HeadKind::kProbabilities}};
  app->add_option("--head", options->onnx.head,
                  "What is made of the output: values (default), argmax, probabilities")
      ->transform(CLI::CheckedTransformer(heads));
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
