#pragma once

#include <vector>

#include <torch/types.h>

#include "nn/batch_norm.h"
#include "nn/network.h"
#include "nn/network_state.h"

namespace pare::nn {

/// One forward pass: the values of the wires, and the steps of those that are on a grid.
class Forward {
 public:
  Forward(const NetworkState& state, const Context& context);

  torch::Tensor run(const torch::Tensor& inputs);

  // One overload an op; `index` is the node's.
  void operator()(const graph::Linear& op, std::size_t index);
  void operator()(const graph::Conv& op, std::size_t index);
  void operator()(const graph::MaxPool& op, std::size_t index);
  void operator()(const graph::AveragePool& op, std::size_t index);
  void operator()(const graph::SumPool& op, std::size_t index);
  void operator()(const graph::BatchNorm& op, std::size_t index);
  void operator()(const graph::Relu& op, std::size_t index);
  void operator()(const graph::LeakyRelu& op, std::size_t index);
  void operator()(const graph::Sigmoid& op, std::size_t index);
  void operator()(const graph::Tanh& op, std::size_t index);
  void operator()(const graph::Table& op, std::size_t index);
  void operator()(const graph::Softmax& op, std::size_t index);
  void operator()(const graph::Dropout& op, std::size_t index);
  void operator()(const graph::Quantize& op, std::size_t index);
  void operator()(const graph::Add& op, std::size_t index);
  void operator()(const graph::Concat& op, std::size_t index);
  void operator()(const graph::Flatten& op, std::size_t index);
  void operator()(const graph::Reshape& op, std::size_t index);
  void operator()(const graph::Transpose& op, std::size_t index);
  void operator()(const graph::Repeat& op, std::size_t index);
  void operator()(const graph::SumOverTime& op, std::size_t index);
  void operator()(const graph::Spike& op, std::size_t index);

 private:
  struct Wire {
    torch::Tensor value;
    std::vector<double> steps = {};  ///< one or one a channel; empty: real numbers
  };
  struct Quantized {
    torch::Tensor value;
    Grids grids;                ///< of the stored tensor; empty: no quantizer
    std::vector<double> steps;  ///< of the value: one, or one a row
  };

  const graph::Node& node(std::size_t index) const { return state_.graph.nodes[index]; }
  const Wire& input(std::size_t index, std::size_t number = 0) const;
  /// Those that are read from outside: the input, the output and what is traced.
  std::vector<bool> kept_wires() const;
  void write(std::size_t index, torch::Tensor value, std::vector<double> steps = {});
  /// Whether an earlier node's fused chain has computed this one: its last wire is written, its
  /// inner ones never are.
  bool is_done(std::size_t index) const;
  bool is_traced(std::size_t index) const;
  Fusion fusion_of(std::size_t index) const;

  const torch::Tensor& tensor(graph::ParameterId id) const { return state_.parameters.tensor(id); }
  torch::Tensor optional_tensor(const std::optional<graph::ParameterId>& id) const;
  Grids grids_of(const QuantizerPlan& plan, const torch::Tensor& values) const;
  torch::Tensor log2_range_of(const QuantizerPlan& plan) const;
  bool has_training_maps() const;
  Quantized weight(graph::ParameterId id) const;
  torch::Tensor bias(graph::ParameterId id, const Wire& input, const Quantized& weight) const;
  /// Steps of a layer's sums; empty where they are on no grid.
  std::vector<double> sum_steps(const Wire& x, const Quantized& weight,
                                const std::optional<graph::ParameterId>& bias) const;
  /// Steps behind an op that moves elements between channels.
  static std::vector<double> one_step(const Wire& x);
  Tail tail_of(const Fusion& fusion) const;

  // Time (forward_time.cpp).
  std::int64_t num_samples() const;
  /// A wire's value as [T N, …], one that is the same at all steps written out.
  torch::Tensor at_each_step(graph::WireId wire) const;
  /// An input, at each step where the node's output has a value at each.
  torch::Tensor operand(std::size_t index, std::size_t number) const;
  /// Of a Spike's membrane: [1] or [C], undefined where it has no grid.
  torch::Tensor membrane_step(std::size_t index) const;

  const NetworkState& state_;
  const Context& context_;
  std::vector<Wire> wires_;
};

}  // namespace pare::nn
