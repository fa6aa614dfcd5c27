#include "compress/spike_rates.h"

#include <map>

#include <fmt/format.h>

#include <torch/torch.h>

#include "compress/layer_outputs.h"
#include "compress/post_training.h"
#include "rewrite/spike.h"

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

}  // namespace

std::vector<SpikeRate> spike_rates(const graph::Graph& graph, const torch::Tensor& samples) {
  const std::vector<rewrite::Neurons> neurons = rewrite::neurons_of(graph);
  if (neurons.empty()) return {};
  std::vector<std::string> wires;
  for (const rewrite::Neurons& layer : neurons) wires.push_back(layer.spikes);
  std::vector<Counts> counts(neurons.size());
  for_each_batch(graph, calibration_samples(samples, kSpikeSamples), wires,
                 [&](const std::map<std::string, torch::Tensor>& values, std::int64_t) {
                   for (std::size_t i = 0; i < counts.size(); ++i) {
                     counts[i].add(values.at(wires[i]));
                   }
                 });
  std::vector<SpikeRate> rates;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    rates.push_back({.node = neurons[i].node,
                     .rate = counts[i].spikes / counts[i].places,
                     .silent = 1 - counts[i].has_spiked.to(torch::kFloat64).mean().item<double>()});
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
