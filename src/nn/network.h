#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "graph/graph.h"

namespace pare::nn {

/// One trainable parameter's place in the flat buffers of a Network.
struct Slice {
  graph::ParameterId parameter;
  std::string name;
  graph::Role role;
  std::int64_t offset;  ///< elements
  std::int64_t size;    ///< elements
  std::string layer;    ///< name of the node that uses it; "" if several do
};

/// Which map quantizes a weight that has one for training and another one (graph::TrainingMap).
enum class WeightMaps { kOfInference, kOfTraining };

/// What a forward pass needs to know beside its input.
struct Context {
  bool is_training = false;
  std::uint64_t seed = 0;  ///< with epoch and step: the random numbers of dropout
  std::uint32_t epoch = 0;
  std::uint32_t step = 0;
  WeightMaps weight_maps = WeightMaps::kOfInference;  ///< in evaluation; training has its own
  /// If set, filled with the values of the wires that are named in it: [N, …], or [T N, …] step by
  /// step where a wire has a value at each.
  std::map<std::string, torch::Tensor>* trace = nullptr;
};

struct NetworkState;

/// A graph that can be trained: torch tensors for its parameters and an autograd forward pass in
/// fake-quantized float32.
///
/// All trainable parameters are views into one flat float32 buffer, their gradients views into
/// another, so that optimisers, masks and regularisers are one loop each.
class Network {
 public:
  /// Throws InputError (through graph::check) if the graph does not hold together.
  Network(const graph::Graph& graph, torch::Device device);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  /// inputs float32 [N, …] (standardised) -> the output wire [N, …].
  torch::Tensor forward(const torch::Tensor& inputs, const Context& context);

  std::span<const Slice> slices() const;
  torch::Tensor values() const;     ///< float32 [P], requires no gradient itself
  torch::Tensor gradients() const;  ///< float32 [P], accumulated by backward()
  torch::Tensor masks() const;      ///< float32 [P] of 0 and 1, or undefined if nothing is masked
  /// Elements of the largest wire, of one sample and all its steps.
  std::int64_t largest_wire() const;

  void zero_gradients();

  /// Multiplies gradients, or values, by the masks: pruned weights stay exactly zero.
  void mask_gradients();
  void mask_values();

  /// Leaks back to 0 … 1, and thresholds above 0, as spiking neurons have them.
  void clamp_neurons();

  /// What is not trained but changes in training, by parameter name: running statistics.
  std::map<std::string, torch::Tensor> buffers() const;

  /// Writes parameters and buffers back into the graph that this network was made from (or one with
  /// the same parameter names and shapes); cached ranges of live rules are refreshed.
  void store(graph::Graph& graph) const;

 private:
  std::unique_ptr<NetworkState> state_;
};

}  // namespace pare::nn
