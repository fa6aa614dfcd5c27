#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace pare::metrics {

/// How much of its states a layer uses: eta = H / neurons, where H is the entropy of its states
/// over the samples.
struct LayerEfficiency {
  std::string layer;
  std::size_t neurons = 0;
  std::int64_t states = 0;  ///< different ones seen
  double entropy = 0;       ///< H, bits
  double efficiency = 0;    ///< 0 … bound
  double bound = 0;         ///< min(1, log2(samples) / neurons): no network can have more
};

/// Of the whole network: the geometric mean over its layers, 0 if any layer is constant. It grows
/// with the number of samples, so that values of different sample counts do not compare.
struct NetworkEfficiency {
  std::int64_t samples = 0;
  double efficiency = 0;
  double bound = 0;
  std::vector<LayerEfficiency> layers;
};

/// Gathers the states of layers, batch by batch. The state of a layer at a sample is the vector of
/// bits 1[z > 0] over its neurons, z being what enters the activation function (the batch norm's
/// output, or the linear layer's without one; the logits for the last layer). NaN and 0 count as 0.
/// Memory: one entry a different state.
/// Ref: Schaub and Hotaling, "Assessing intelligence in artificial neural networks", 2020, as used
/// by Hawks et al. 2021, arXiv:2102.11289.
class NeuralEfficiency {
 public:
  /// Adds samples of a layer: row-major [N, neurons]. Layers keep the order in which they come.
  /// REQUIRES: a layer always comes with the same number of neurons, at least one.
  void add(const std::string& layer, std::span<const float> values, std::size_t neurons);

  /// Throws InternalError if the layers have seen different numbers of samples.
  NetworkEfficiency result() const;

 private:
  using State = std::vector<std::uint64_t>;  ///< packed bits, neuron 0 lowest
  struct StateHash {
    std::size_t operator()(const State& state) const;
  };
  struct Layer {
    std::string name;
    std::size_t neurons;
    std::int64_t samples = 0;
    std::unordered_map<State, std::int64_t, StateHash> counts;
  };

  static LayerEfficiency efficiency_of(const Layer& layer);
  Layer& find_or_add(const std::string& name, std::size_t neurons);

  std::vector<Layer> layers_;
};

/// The artificial intelligence quotient (a^beta eta)^(1 / (beta + 1)) of a performance a in 0 … 1
/// (accuracy or AUC: say which) and a network's efficiency eta. Ref: as above; beta = 2 there.
double artificial_iq(double performance, double efficiency, double beta = 2);

}  // namespace pare::metrics
