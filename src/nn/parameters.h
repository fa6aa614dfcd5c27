#pragma once

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "graph/graph.h"
#include "nn/network.h"

namespace pare::nn {

/// A graph's parameters as tensors: the trainable ones as views into one flat buffer, with
/// gradients that are views into another; the rest on their own.
class Parameters {
 public:
  Parameters(const graph::Graph& graph, torch::Device device);

  /// A leaf of autograd if the parameter is trained. float32 for floats, int32 for integers.
  const torch::Tensor& tensor(graph::ParameterId id) const { return tensors_.at(id.value); }

  const std::vector<Slice>& slices() const { return slices_; }
  const torch::Tensor& values() const { return values_; }
  const torch::Tensor& gradients() const { return gradients_; }
  const torch::Tensor& masks() const { return masks_; }
  const std::map<std::string, torch::Tensor>& buffers() const { return buffers_; }

  /// Copies trained parameters and buffers into the parameters of the same names. Throws
  /// InternalError if one is missing or has another shape.
  void store(graph::Graph& graph) const;

 private:
  void add_slices(const graph::Graph& graph);
  void make_flat(const graph::Graph& graph, torch::Device device);
  void make_masks(const graph::Graph& graph, torch::Device device);
  void add_fixed(const graph::Graph& graph, torch::Device device);

  std::vector<Slice> slices_;
  std::vector<torch::Tensor> tensors_;  ///< by ParameterId
  torch::Tensor values_;
  torch::Tensor gradients_;
  torch::Tensor masks_;
  std::map<std::string, torch::Tensor> buffers_;
};

}  // namespace pare::nn
