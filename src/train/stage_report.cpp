#include "train/stage_report.h"

#include <algorithm>

#include "cost/estimate.h"
#include "train/classification.h"

namespace pare::train {
namespace {

using Json = nlohmann::json;

struct WeightCount {
  std::int64_t all = 0;
  std::int64_t alive = 0;
};

WeightCount count_weights(const graph::Graph& graph) {
  WeightCount count;
  for (const graph::Parameter& parameter : graph.parameters) {
    if (parameter.role != graph::Role::kWeight) continue;
    const auto size = static_cast<std::int64_t>(parameter.stored.size());
    count.all += size;
    if (!parameter.mask) {
      count.alive += size;
      continue;
    }
    const auto mask = parameter.mask->as<std::uint8_t>();
    count.alive += std::count(mask.begin(), mask.end(), std::uint8_t{1});
  }
  return count;
}

/// The widest of the wires that layers read; the first layer's input by itself.
Json widths(const cost::Report& report) {
  int weights = 0;
  int activations = 0;
  for (const cost::LayerCost& layer : report.layers) {
    weights = std::max(weights, layer.weights.bits);
    if (&layer != &report.layers.front()) activations = std::max(activations, layer.input_bits);
  }
  return {{"weight_bits", weights},
          {"activation_bits", activations},
          {"input_bits", report.layers.front().input_bits}};
}

Json bops(const graph::Graph& graph) {
  using enum cost::InputBits;
  using enum cost::AliveCounting;
  const auto of = [&](cost::InputBits input, cost::AliveCounting counting) {
    return cost::estimate(graph, {.input_bits = input, .counting = counting}).total.bops;
  };
  return {{"weight_only_input_32", of(kFloat, kWeights)},
          {"weight_only_input_real", of(kReal, kWeights)},
          {"repository_input_32", of(kFloat, kRepository)},
          {"repository_input_real", of(kReal, kRepository)}};
}

Json costs(const graph::Graph& graph) {
  const cost::Report report = cost::estimate(graph, {.input_bits = cost::InputBits::kReal});
  const WeightCount weights = count_weights(graph);
  Json json = widths(report);
  json["weights"] = weights.all;
  json["alive_weights"] = weights.alive;
  json["sparsity"] = 1 - static_cast<double>(weights.alive) /
                             static_cast<double>(std::max<std::int64_t>(weights.all, 1));
  json["nonzero_weights_after_quantization"] = report.total.nonzero_weights_quantized;
  json["model_bits_dense"] = report.total.dense_bits;
  json["model_bits_nonzero"] = report.total.nonzero_bits;
  json["bops"] = bops(graph);
  return json;
}

}  // namespace

Json stage_report(const graph::Graph& graph, const recipe::Recipe& recipe, const Position& position,
                  const TrainingData& data, torch::Device device) {
  const recipe::Stage& stage = recipe.stages.at(static_cast<std::size_t>(position.stage));
  nn::Network network(graph, device);
  const Score validation = score(network, data.validation, stage.train.loss);
  Json json = {{"event", "stage_end"},
               {"stage", stage.name},
               {"index", position.stage},
               {"epochs", position.epoch},
               {"best_epoch", position.best_epoch},
               {"validation", {{"loss", validation.loss}, {"accuracy", validation.accuracy}}}};
  json.update(costs(graph));
  if (position.is_mixed) json["is_mixed"] = true;
  if (!stage.test) return json;
  json["test"] = classification_metrics(network, data.test, data.classes, stage.train.loss);
  if (recipe.neural_efficiency) {
    json["neural_efficiency"] =
        neural_efficiency_metrics(network, graph, data.test, json["test"].value("auc_macro", 0.0),
                                  json["test"].value("accuracy", 0.0));
  }
  return json;
}

}  // namespace pare::train
