#include "nn/network.h"

#include <algorithm>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "graph/check.h"
#include "nn/forward.h"
#include "nn/network_state.h"

namespace pare::nn {
namespace {

/// A threshold stays above 0, whatever the optimiser does.
constexpr float kSmallestThreshold = 0x1p-16F;

const graph::Graph& checked(const graph::Graph& graph) {
  graph::check(graph);
  if (graph.inputs.size() != 1 || graph.inputs.front().time != graph::Time::kOnce) {
    throw InputError(fmt::format(
        "network '{}': training knows networks of one input without a time axis", graph.name));
  }
  return graph;
}

}  // namespace

NetworkState::NetworkState(const graph::Graph& from, torch::Device device)
    : graph(checked(from)),
      parameters(graph, device),
      num_steps(std::max<std::int64_t>(1, repeated_steps(graph))),
      wires(graph::infer(graph)),
      fusions(find_fusions(graph)) {
  for (const graph::Parameter& parameter : graph.parameters) {
    auto& plan = parameter_plans.emplace_back();
    if (parameter.quantizer) plan = make_plan(graph, *parameter.quantizer, parameter.name);
  }
  for (const graph::Node& node : graph.nodes) {
    auto& plan = node_plans.emplace_back();
    const auto* quantize = std::get_if<graph::Quantize>(&node.op);
    if (quantize != nullptr) plan = make_plan(graph, quantize->quantizer, node.name);
  }
}

Network::Network(const graph::Graph& graph, torch::Device device)
    : state_(std::make_unique<NetworkState>(graph, device)) {}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

torch::Tensor Network::forward(const torch::Tensor& inputs, const Context& context) {
  return Forward(*state_, context).run(inputs);
}

std::span<const Slice> Network::slices() const { return state_->parameters.slices(); }
torch::Tensor Network::values() const { return state_->parameters.values(); }
torch::Tensor Network::gradients() const { return state_->parameters.gradients(); }
torch::Tensor Network::masks() const { return state_->parameters.masks(); }

std::int64_t Network::largest_wire() const {
  std::int64_t largest = 1;
  for (const graph::WireInfo& wire : state_->wires) {
    const std::int64_t steps = wire.time == graph::Time::kEachStep ? state_->num_steps : 1;
    largest = std::max(largest, steps * num_elements(wire.shape));
  }
  return largest;
}

void Network::zero_gradients() { gradients().zero_(); }

void Network::mask_gradients() {
  if (masks().defined()) gradients().mul_(masks());
}

void Network::mask_values() {
  if (masks().defined()) values().mul_(masks());
}

void Network::clamp_neurons() {
  const auto part = [&](const Slice& slice) {
    return values().narrow(0, slice.offset, slice.size);
  };
  for (const Slice& slice : slices()) {
    if (slice.role == graph::Role::kLeak) part(slice).clamp_(0, 1);
    if (slice.role == graph::Role::kThreshold) part(slice).clamp_min_(kSmallestThreshold);
  }
}

std::map<std::string, torch::Tensor> Network::buffers() const {
  return state_->parameters.buffers();
}

void Network::store(graph::Graph& graph) const { state_->parameters.store(graph); }

}  // namespace pare::nn
