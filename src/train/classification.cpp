#include "train/classification.h"

#include <torch/torch.h>

#include "metrics/classification.h"
#include "metrics/neural_efficiency.h"
#include "train/loss.h"

namespace pare::train {
namespace {

std::span<const float> floats(const torch::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// JSON has no NaN: a class without samples has null.
nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

nlohmann::json by_class(const std::vector<std::string>& classes,
                        const std::vector<double>& values) {
  nlohmann::json object = nlohmann::json::object();
  for (std::size_t i = 0; i < values.size(); ++i) {
    object[i < classes.size() ? classes[i] : std::to_string(i)] = number(values[i]);
  }
  return object;
}

/// The wires whose signs are a network's state: what enters each ReLU, and the output.
std::vector<std::string> state_wires(const graph::Graph& graph) {
  std::vector<std::string> names;
  for (const graph::Node& node : graph.nodes) {
    if (std::holds_alternative<graph::Relu>(node.op))
      names.push_back(graph.wire(node.inputs[0]).name);
  }
  names.push_back(graph.wire(graph.output).name);
  return names;
}

}  // namespace

nlohmann::json classification_metrics(const torch::Tensor& logits, const Part& part,
                                      const std::vector<std::string>& classes, recipe::Loss kind) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor values = logits.to(torch::kCPU, torch::kFloat64).contiguous();
  const torch::Tensor labels = part.labels.to(torch::kCPU).contiguous();
  const metrics::Classification result = metrics::classify_outputs(
      {values.data_ptr<double>(), static_cast<std::size_t>(values.numel())},
      static_cast<std::size_t>(values.size(1)), /*are_probabilities=*/false,
      {labels.data_ptr<std::int64_t>(), static_cast<std::size_t>(labels.numel())});
  return {{"samples", result.samples},
          {"loss", number(loss(kind, values, labels).item<double>())},
          {"accuracy", number(result.accuracy)},
          {"average_accuracy", number(result.average_accuracy)},
          {"kappa", number(result.kappa)},
          {"auc_macro", number(result.auc_macro)},
          {"classes", classes},
          {"auc", by_class(classes, result.auc)},
          {"background_efficiency", by_class(classes, result.background_efficiency)}};
}

nlohmann::json neural_efficiency_metrics(nn::Network& network, const graph::Graph& graph,
                                         const Part& part, double auc, double accuracy) {
  std::map<std::string, torch::Tensor> trace;
  const std::vector<std::string> wires = state_wires(graph);
  for (const std::string& wire : wires) trace[wire] = torch::Tensor();
  outputs(network, part.inputs, &trace);
  metrics::NeuralEfficiency gathered;
  for (const std::string& wire : wires) {
    const torch::Tensor values = trace.at(wire).to(torch::kCPU).flatten(1).contiguous();
    gathered.add(wire, floats(values), static_cast<std::size_t>(values.size(1)));
  }
  const metrics::NetworkEfficiency result = gathered.result();
  nlohmann::json layers = nlohmann::json::object();
  for (const auto& layer : result.layers) layers[layer.layer] = layer.efficiency;
  return {{"samples", result.samples},
          {"efficiency", result.efficiency},
          {"bound", result.bound},
          {"layers", layers},
          {"aiq_auc", metrics::artificial_iq(auc, result.efficiency)},
          {"aiq_accuracy", metrics::artificial_iq(accuracy, result.efficiency)}};
}

}  // namespace pare::train
