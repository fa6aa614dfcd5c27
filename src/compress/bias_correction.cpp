#include "compress/bias_correction.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "compress/layer_outputs.h"
#include "rewrite/layers.h"

namespace pare::compress {
namespace {

using graph::Graph;

/// Where a shift of a layer's output goes, and with which sign.
struct Target {
  graph::ParameterId parameter;
  double sign;
};

/// The running mean of a batch norm that alone reads the layer's output.
std::optional<graph::ParameterId> running_mean_behind(const Graph& graph,
                                                      const graph::Node& layer) {
  const auto readers = consumers(graph, layer.outputs.front());
  if (readers.size() != 1) return std::nullopt;
  const auto* norm = std::get_if<graph::BatchNorm>(&graph.nodes[readers.front()].op);
  return norm == nullptr ? std::nullopt : norm->mean;
}

Target target_of(const Graph& graph, const rewrite::Layer& layer) {
  if (layer.bias) return {*layer.bias, 1};
  const auto mean = running_mean_behind(graph, *graph::find_node(graph, layer.name));
  if (mean) return {*mean, -1};
  throw InputError(
      fmt::format("[quantize] bias_correction: layer '{}' has neither a bias nor a batch norm with "
                  "running statistics behind; leave bias_correction out",
                  layer.name));
}

void add(const torch::Tensor& shift, double sign, graph::Parameter& parameter) {
  const auto elements = parameter.stored.as<float>();
  check(static_cast<std::int64_t>(elements.size()) == shift.numel(),
        "bias_correction: '" + parameter.name + "' is not of the layer's channels");
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const double by = sign * shift.data_ptr<double>()[i];
    elements[i] = static_cast<float>(static_cast<double>(elements[i]) + by);
  }
}

}  // namespace

Graph correct_biases(const Graph& quantized, const Graph& trained, const torch::Tensor& samples) {
  Graph corrected = quantized;
  std::vector<std::string> names;
  for (const rewrite::Layer& layer : rewrite::layers_of(corrected)) names.push_back(layer.name);
  const auto wanted = mean_outputs(trained, samples, names);
  for (const rewrite::Layer& layer : rewrite::layers_of(corrected)) {
    const Target target = target_of(corrected, layer);
    const auto found = mean_outputs(corrected, samples, {layer.name});
    const torch::Tensor shift = (wanted.at(layer.name) - found.at(layer.name)).contiguous();
    add(shift, target.sign, corrected.parameter(target.parameter));
  }
  return corrected;
}

}  // namespace pare::compress
