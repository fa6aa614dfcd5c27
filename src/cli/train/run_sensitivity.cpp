#include "cli/train/run_sensitivity.h"

#include <utility>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "cli/model_run.h"
#include "cli/sensitivity_table.h"
#include "compress/post_training.h"
#include "data/load.h"
#include "graph/evaluate.h"
#include "model/model.h"
#include "recipe/data_request.h"
#include "recipe/spelling.h"
#include "train/sensitivity.h"
#include "train/tensors.h"
#include "train/threads.h"

namespace pare::cli {
namespace {

constexpr std::int64_t kCalibrationSamples = 1024;

const char* key_of(train::SensitivityKind kind) {
  switch (kind) {
    case train::SensitivityKind::kWeightBits:
      return "weight_bits";
    case train::SensitivityKind::kActivationBits:
      return "activation_bits";
    case train::SensitivityKind::kSparsity:
      return "sparsity";
  }
  return "";
}

nlohmann::json to_json(const train::Sensitivity& result) {
  nlohmann::json json = {{"accuracy", result.unchanged.accuracy}, {"loss", result.unchanged.loss}};
  json["layers"] = nlohmann::json::array();
  for (const train::SensitivityLayer& layer : result.layers) {
    json["layers"].push_back(
        {{"layer", layer.name}, {"weights", layer.weights}, {"sparsity", layer.sparsity}});
  }
  json["points"] = nlohmann::json::array();
  for (const train::SensitivityPoint& point : result.points) {
    nlohmann::json one = {{"layer", point.layer}, {key_of(point.kind), point.value}};
    one["accuracy"] = point.score ? nlohmann::json(point.score->accuracy) : nullptr;
    one["loss"] = point.score ? nlohmann::json(point.score->loss) : nullptr;
    json["points"].push_back(std::move(one));
  }
  return json;
}

/// `count` of raw samples at equal distances, as the model takes them.
torch::Tensor spread_inputs(const graph::Graph& graph, const data::Samples& samples,
                            std::int64_t count) {
  return compress::calibration_samples(train::to_torch(graph::map_input(graph, samples.inputs)),
                                       count);
}

void print_table(const nlohmann::json& result, const char* kind, const char* heading,
                 Output& output) {
  const Table table = sensitivity_table(result, kind);
  if (table.rows.empty()) return;
  output.print(fmt::format("\n{}\n\n{}", heading, render(table)));
}

}  // namespace

ExitCode run_sensitivity(const SensitivityRequest& request, Output& output) {
  const recipe::Recipe recipe = recipe::read(request.recipe);
  train::set_threads(recipe.threads);
  const graph::Graph graph = model::load(request.model).graph;
  data::Dataset set = data::load(recipe::data_request(recipe));
  if (set.train.size() == 0 || set.validation.size() == 0) {
    throw InputError(fmt::format("{}: data '{}' need training and validation samples",
                                 request.recipe, set.name));
  }
  const SplitData data{set.name, set.description, set.classes, std::move(set.validation)};
  check_fits(graph, request.model, data);
  const std::int64_t count = request.max_samples > 0 ? request.max_samples : data.samples.size();
  const train::Part validation{
      .inputs = spread_inputs(graph, data.samples, count),
      .labels = compress::calibration_samples(train::to_torch(data.samples.labels), count)};
  const torch::Tensor calibration = spread_inputs(graph, set.train, kCalibrationSamples);
  const train::SensitivityOptions options{.bits = request.bits,
                                          .sparsities = request.sparsities,
                                          .calibration = request.calibration,
                                          .loss = recipe.stages.front().train.loss};
  nlohmann::json result =
      to_json(train::sensitivity(graph, options, validation, calibration, output.progress()));
  result["model"] = request.model;
  result["data"] = {{"set", data.set}, {"description", data.description}, {"split", "validation"}};
  result["samples"] = validation.inputs.size();
  result["calibration"] =
      recipe::spellings(request.calibration)[static_cast<std::size_t>(request.calibration)];
  output.print(result);
  output.print(fmt::format(
      "{}: accuracy {:.2f} % as a float network, on {} samples of the validation split of {} ({})",
      request.model, 100 * result.at("accuracy").get<double>(), validation.inputs.size(), data.set,
      data.description));
  print_table(result, "weight_bits", "Accuracy % with one layer's weights quantized", output);
  print_table(result, "activation_bits", "Accuracy % with the values behind one layer quantized",
              output);
  print_table(result, "sparsity", "Accuracy % with so many of one layer's weights pruned", output);
  return kFine;
}

}  // namespace pare::cli
