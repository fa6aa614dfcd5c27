#include "compress/spike_rates.h"

#include <map>

#include <fmt/format.h>

#include <torch/torch.h>

#include "compress/layer_outputs.h"

namespace pare::compress {
namespace {

constexpr double kSilentBelow = 0.001;
constexpr double kSaturatedAbove = 0.95;

struct Counts {
  double spikes = 0;
  double places = 0;         ///< neurons, steps and samples
  torch::Tensor has_spiked;  ///< of each neuron

  void add(const torch::Tensor& spikes_of_batch) {
    spikes += spikes_of_batch.sum(torch::kFloat64).item<double>();
    places += static_cast<double>(spikes_of_batch.numel());
    const torch::Tensor found = spikes_of_batch.amax(0) > 0;
    has_spiked = has_spiked.defined() ? has_spiked.logical_or(found) : found;
  }
};

std::map<std::string, std::string> spike_wires(const graph::Graph& graph) {
  std::map<std::string, std::string> wires;
  for (const graph::Node& node : graph.nodes) {
    if (!std::holds_alternative<graph::Spike>(node.op)) continue;
    wires[node.name] = graph.wire(node.outputs.front()).name;
  }
  return wires;
}

}  // namespace

std::vector<SpikeRate> spike_rates(const graph::Graph& graph, const torch::Tensor& samples) {
  const std::map<std::string, std::string> wires = spike_wires(graph);
  if (wires.empty()) return {};
  std::vector<std::string> names;
  for (const auto& [node, wire] : wires) names.push_back(wire);
  std::map<std::string, Counts> counts;
  for_each_batch(graph, samples, names,
                 [&](const std::map<std::string, torch::Tensor>& values, std::int64_t) {
                   for (const auto& [node, wire] : wires) counts[node].add(values.at(wire));
                 });
  std::vector<SpikeRate> rates;
  for (const graph::Node& node : graph.nodes) {
    const auto found = counts.find(node.name);
    if (found == counts.end()) continue;
    const Counts& of = found->second;
    rates.push_back({.node = node.name,
                     .rate = of.spikes / of.places,
                     .silent = 1 - of.has_spiked.to(torch::kFloat64).mean().item<double>()});
  }
  return rates;
}

std::vector<std::string> objections(const std::vector<SpikeRate>& rates) {
  std::vector<std::string> all;
  for (const SpikeRate& of : rates) {
    if (of.rate < kSilentBelow) {
      all.push_back(
          fmt::format("neurons '{}' are all but silent: {:.2g} spikes a neuron and step; lower "
                      "spike.threshold_scale, take more spike.steps, or, if only the quantized "
                      "network is silent, more input_bits or membrane_bits",
                      of.node, of.rate));
    } else if (of.rate > kSaturatedAbove) {
      all.push_back(
          fmt::format("neurons '{}' are saturated: {:.3f} spikes a neuron and step; raise "
                      "spike.threshold_scale",
                      of.node, of.rate));
    }
  }
  return all;
}

}  // namespace pare::compress
