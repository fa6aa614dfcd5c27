#include "train/stage_report.h"

#include <algorithm>

#include "compress/spike_rates.h"
#include "cost/estimate.h"
#include "graph/affine_map.h"
#include "program/program.h"
#include "train/baselines.h"
#include "train/classification.h"
#include "train/exact_score.h"

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

/// Loss and accuracy on the validation split, by which forward, and the gap between both.
void add_validation(Json& json, nn::Network& network, const graph::Graph& graph,
                    const Frozen& frozen, const TrainingData& data, recipe::Loss loss) {
  Score score;
  if (frozen.lowered) {
    const ExactScore exact = exact_score(network, graph, *frozen.lowered, data.validation, loss);
    score = exact.score;
    json["gap"] = to_json(exact.gap);
    json["frozen"] = {{"program", program::hash(frozen.lowered->program)},
                      {"notes", frozen.lowered->notes}};
  } else {
    score = train::score(network, data.validation, loss);
    if (!frozen.reason.empty()) json["not_frozen"] = frozen.reason;
  }
  json["forward"] = frozen.lowered ? "exact" : "training";
  json["validation"] = {{"loss", score.loss}, {"accuracy", score.accuracy}};
}

/// Of weights that training sees through another map than the network that is left has: what the
/// trained ones score on a part, and how far the part's figures, which `json` has, are from that.
void add_affine(Json& json, const std::string& part, nn::Network& network,
                const graph::Graph& graph, const Part& samples, recipe::Loss loss) {
  if (!graph::has_training_maps(graph)) return;
  const Score affine = score(network, samples, loss, nn::WeightMaps::kOfTraining);
  json["affine"][part] = {{"loss", affine.loss},
                          {"accuracy", affine.accuracy},
                          {"delta", json.at(part).at("accuracy").get<double>() - affine.accuracy}};
}

/// How often each layer of neurons spikes, or nothing for a network without.
void add_spike_rates(Json& json, const graph::Graph& graph, const TrainingData& data) {
  const torch::Tensor samples = data.validation.inputs.at_equal_distances(compress::kSpikeSamples);
  for (const compress::SpikeRate& of : compress::spike_rates(graph, samples)) {
    json["spikes"][of.node] = {{"rate", of.rate}, {"silent", of.silent}};
  }
}

}  // namespace

Json stage_report(const graph::Graph& graph, const Frozen& frozen, const recipe::Recipe& recipe,
                  const Position& position, const TrainingData& data, torch::Device device) {
  const recipe::Stage& stage = recipe.stages.at(static_cast<std::size_t>(position.stage));
  nn::Network network(graph, device);
  Json json = {{"event", "stage_end"},
               {"stage", stage.name},
               {"index", position.stage},
               {"epochs", position.epoch},
               {"best_epoch", position.best_epoch}};
  add_validation(json, network, graph, frozen, data, stage.train.loss);
  add_affine(json, "validation", network, graph, data.validation, stage.train.loss);
  add_spike_rates(json, graph, data);
  json.update(costs(graph));
  if (position.is_mixed) json["is_mixed"] = true;
  if (!stage.test) return json;
  const torch::Tensor logits = frozen.lowered ? exact_outputs(*frozen.lowered, data.test.inputs)
                                              : outputs(network, data.test.inputs);
  json["test"] = classification_metrics(logits, data.test, data.classes, stage.train.loss);
  json["test"]["baselines"] =
      baseline_accuracies(data.train, data.test, static_cast<std::int64_t>(data.classes.size()));
  add_affine(json, "test", network, graph, data.test, stage.train.loss);
  if (recipe.neural_efficiency) {
    json["neural_efficiency"] =
        neural_efficiency_metrics(network, graph, data.test, json["test"].value("auc_macro", 0.0),
                                  json["test"].value("accuracy", 0.0));
  }
  return json;
}

}  // namespace pare::train
