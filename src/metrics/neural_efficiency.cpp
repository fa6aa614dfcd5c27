#include "metrics/neural_efficiency.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace pare::metrics {
namespace {

constexpr std::size_t kWordBits = 64;

/// Bits of entropy of a distribution given by counts. Sorted first, so that the sum does not depend
/// on the order in which states were seen.
double entropy(std::vector<std::int64_t> counts, std::int64_t samples) {
  if (counts.size() < 2) return 0;
  std::sort(counts.begin(), counts.end());
  double weighted = 0;
  for (const std::int64_t count : counts) {
    weighted += static_cast<double>(count) * std::log2(static_cast<double>(count));
  }
  const auto total = static_cast<double>(samples);
  return std::log2(total) - weighted / total;
}

double geometric_mean(const std::vector<LayerEfficiency>& layers, double LayerEfficiency::*member) {
  if (layers.empty()) return 0;
  double sum_of_logs = 0;
  for (const LayerEfficiency& layer : layers) {
    if (layer.*member <= 0) return 0;
    sum_of_logs += std::log(layer.*member);
  }
  return std::exp(sum_of_logs / static_cast<double>(layers.size()));
}

}  // namespace

std::size_t NeuralEfficiency::StateHash::operator()(const State& state) const {
  // The finalizer of splitmix64 over each word in turn.
  std::uint64_t hash = state.size();
  for (const std::uint64_t word : state) {
    hash += word + 0x9e3779b97f4a7c15U;
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
    hash ^= hash >> 31U;
  }
  return static_cast<std::size_t>(hash);
}

NeuralEfficiency::Layer& NeuralEfficiency::find_or_add(const std::string& name,
                                                       std::size_t neurons) {
  const auto found = std::find_if(layers_.begin(), layers_.end(),
                                  [&](const Layer& layer) { return layer.name == name; });
  if (found == layers_.end()) return layers_.emplace_back(Layer{name, neurons, 0, {}});
  check(found->neurons == neurons, "neural efficiency: a layer changed its width");
  return *found;
}

void NeuralEfficiency::add(const std::string& layer, std::span<const float> values,
                           std::size_t neurons) {
  check(neurons > 0 && values.size() % neurons == 0, "neural efficiency: not whole samples");
  Layer& into = find_or_add(layer, neurons);
  State state((neurons + kWordBits - 1) / kWordBits);
  for (std::size_t start = 0; start < values.size(); start += neurons) {
    std::fill(state.begin(), state.end(), 0);
    for (std::size_t i = 0; i < neurons; ++i) {
      if (values[start + i] > 0) state[i / kWordBits] |= std::uint64_t{1} << (i % kWordBits);
    }
    ++into.counts[state];
    ++into.samples;
  }
}

LayerEfficiency NeuralEfficiency::efficiency_of(const Layer& layer) {
  std::vector<std::int64_t> counts;
  counts.reserve(layer.counts.size());
  for (const auto& [state, count] : layer.counts) counts.push_back(count);
  LayerEfficiency result{layer.name, layer.neurons, static_cast<std::int64_t>(counts.size())};
  const auto neurons = static_cast<double>(layer.neurons);
  result.entropy = entropy(std::move(counts), layer.samples);
  result.efficiency = result.entropy / neurons;
  const double samples = static_cast<double>(std::max<std::int64_t>(layer.samples, 1));
  result.bound = std::min(1.0, std::log2(samples) / neurons);
  return result;
}

NetworkEfficiency NeuralEfficiency::result() const {
  NetworkEfficiency network;
  for (const Layer& layer : layers_) {
    check(layer.samples == layers_.front().samples,
          "neural efficiency: layers of different numbers of samples");
    network.samples = layer.samples;
    network.layers.push_back(efficiency_of(layer));
  }
  network.efficiency = geometric_mean(network.layers, &LayerEfficiency::efficiency);
  network.bound = geometric_mean(network.layers, &LayerEfficiency::bound);
  return network;
}

double artificial_iq(double performance, double efficiency, double beta) {
  return std::pow(std::pow(performance, beta) * efficiency, 1 / (beta + 1));
}

}  // namespace pare::metrics
