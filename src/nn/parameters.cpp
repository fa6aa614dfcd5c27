#include "nn/parameters.h"

#include <algorithm>

#include <torch/torch.h>

#include "base/error.h"
#include "graph/edit.h"
#include "graph/live_range.h"
#include "graph/quantize.h"

namespace pare::nn {
namespace {

using graph::Role;

/// The layer of each parameter, by ParameterId: the one node that uses it, directly or through the
/// quantizer of a parameter; "" if several do.
std::vector<std::string> layers_of(const graph::Graph& graph) {
  std::vector<std::string> layers(graph.parameters.size());
  std::vector<bool> is_used(layers.size(), false);
  const auto use = [&](graph::ParameterId id, const std::string& layer) {
    std::string& of = layers.at(id.value);
    if (is_used.at(id.value) && of != layer) {
      of.clear();
    } else {
      of = layer;
    }
    is_used[id.value] = true;
  };
  for (const graph::Node& node : graph.nodes) {
    graph::for_each_parameter_id(node.op, [&](graph::ParameterId id) {
      use(id, node.name);
      const auto& quantizer = graph.parameter(id).quantizer;
      if (!quantizer) return;
      graph::for_each_parameter_id(*quantizer,
                                   [&](graph::ParameterId inner) { use(inner, node.name); });
    });
  }
  return layers;
}

bool is_buffer(const graph::Parameter& parameter) {
  return parameter.role == Role::kMean || parameter.role == Role::kVariance;
}

void copy_floats(std::span<const float> from, const torch::Tensor& to) {
  std::copy(from.begin(), from.end(), to.data_ptr<float>());
}

torch::Tensor floats_of(const pare::Tensor& stored) {
  torch::Tensor result = torch::empty(stored.shape(), torch::kFloat32);
  copy_floats(stored.to(DType::kF32).as<float>(), result);
  return result;
}

void write_back(const torch::Tensor& from, const std::string& name, graph::Graph& graph) {
  const auto id = graph::find_parameter(graph, name);
  check(id.has_value(), "Network::store: the graph has no parameter '" + name + "'");
  pare::Tensor& stored = graph.parameter(*id).stored;
  const torch::Tensor values = from.detach().to(torch::kCPU).contiguous();
  check(stored.shape() == values.sizes().vec() && stored.dtype() == DType::kF32,
        "Network::store: parameter '" + name + "' has another shape or type");
  std::copy_n(values.data_ptr<float>(), values.numel(), stored.as<float>().data());
}

/// The ranges that are statistics of the weights, as graph::scales_of would compute them.
void refresh_ranges(graph::Graph& graph) {
  for (const graph::Parameter& parameter : graph.parameters) {
    const auto& quantizer = parameter.quantizer;
    if (!quantizer || !graph::is_live(quantizer->range_rule) || !quantizer->range) continue;
    pare::Tensor& range = graph.parameter(*quantizer->range).stored;
    const pare::Tensor values = graph::masked(parameter);
    const auto ranges =
        graph::live_ranges(quantizer->range_rule, graph::code_ranges(graph, quantizer->format),
                           values.as<float>(), range.size());
    std::copy(ranges.begin(), ranges.end(), range.as<float>().begin());
  }
}

}  // namespace

Parameters::Parameters(const graph::Graph& graph, torch::Device device) {
  tensors_.resize(graph.parameters.size());
  add_slices(graph);
  make_flat(graph, device);
  make_masks(graph, device);
  add_fixed(graph, device);
}

void Parameters::add_slices(const graph::Graph& graph) {
  const auto layers = layers_of(graph);
  std::int64_t offset = 0;
  for (std::uint32_t i = 0; i < graph.parameters.size(); ++i) {
    const graph::Parameter& parameter = graph.parameters[i];
    if (!parameter.is_trainable) continue;
    const auto size = static_cast<std::int64_t>(parameter.stored.size());
    slices_.push_back({{i}, parameter.name, parameter.role, offset, size, layers[i]});
    offset += size;
  }
  values_ = torch::empty({offset}, torch::kFloat32);
}

void Parameters::make_flat(const graph::Graph& graph, torch::Device device) {
  for (const Slice& slice : slices_) {
    const pare::Tensor values = graph::masked(graph.parameter(slice.parameter));
    copy_floats(values.as<float>(), values_.narrow(0, slice.offset, slice.size));
  }
  values_ = values_.to(device);
  gradients_ = torch::zeros_like(values_);
  for (const Slice& slice : slices_) {
    const auto& shape = graph.parameter(slice.parameter).stored.shape();
    torch::Tensor leaf = values_.narrow(0, slice.offset, slice.size).view(shape).detach();
    leaf.set_requires_grad(true);
    leaf.mutable_grad() = gradients_.narrow(0, slice.offset, slice.size).view(shape);
    tensors_[slice.parameter.value] = leaf;
  }
}

void Parameters::make_masks(const graph::Graph& graph, torch::Device device) {
  torch::Tensor masks = torch::ones(values_.sizes(), torch::kFloat32);
  bool is_masked = false;
  for (const Slice& slice : slices_) {
    const auto& mask = graph.parameter(slice.parameter).mask;
    if (!mask) continue;
    is_masked = true;
    const auto bits = mask->as<std::uint8_t>();
    std::transform(bits.begin(), bits.end(), masks.data_ptr<float>() + slice.offset,
                   [](std::uint8_t bit) { return bit == 0 ? 0.0F : 1.0F; });
  }
  if (is_masked) masks_ = masks.to(device);
}

void Parameters::add_fixed(const graph::Graph& graph, torch::Device device) {
  for (std::size_t i = 0; i < graph.parameters.size(); ++i) {
    const graph::Parameter& parameter = graph.parameters[i];
    if (parameter.is_trainable) continue;
    tensors_[i] = floats_of(graph::masked(parameter)).to(device);
    if (is_buffer(parameter)) buffers_[parameter.name] = tensors_[i];
  }
}

void Parameters::store(graph::Graph& graph) const {
  for (const Slice& slice : slices_) {
    write_back(tensors_.at(slice.parameter.value), slice.name, graph);
  }
  for (const auto& [name, tensor] : buffers_) write_back(tensor, name, graph);
  refresh_ranges(graph);
}

}  // namespace pare::nn
