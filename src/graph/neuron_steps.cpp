#include "graph/neuron_steps.h"

#include <algorithm>
#include <cmath>

#include "graph/quantize.h"

namespace pare::graph {
namespace {

double of_channel(const std::vector<double>& list, std::size_t channel) {
  return list.size() == 1 ? list.front() : list[channel];
}

}  // namespace

NeuronSteps::NeuronSteps(const Graph& graph, const Node& node, std::span<const WireInfo> wires)
    : op_(std::get<Spike>(node.op)), codes_(neuron_codes(graph, node, wires)), leaks_{1} {
  if (codes_) {
    current_steps_ = wires[node.inputs.front().value].grid->step;
    return;
  }
  thresholds_ = value_of(graph, graph.parameter(op_.threshold)).to_doubles();
  if (op_.leak) leaks_ = value_of(graph, graph.parameter(*op_.leak)).to_doubles();
}

bool NeuronSteps::step(std::size_t channel, double current, double& membrane) const {
  const double threshold = codes_ ? static_cast<double>(codes_->threshold_of(channel))
                                  : of_channel(thresholds_, channel);
  const double u = membrane + (codes_ ? code_of(current, channel) : current);
  const bool is_spike = op_.is_strict ? u > threshold : u >= threshold;
  const double drop = is_spike ? threshold : 0;
  if (op_.reset == Reset::kHard) {
    membrane = is_spike ? 0 : leaked(u, channel);
  } else {
    membrane = op_.leaks_reset ? leaked(u - drop, channel) : leaked(u, channel) - drop;
  }
  if (codes_) {
    membrane = std::clamp(membrane, static_cast<double>(codes_->membrane.lowest),
                          static_cast<double>(codes_->membrane.highest));
  }
  return is_spike;
}

double NeuronSteps::code_of(double current, std::size_t channel) const {
  return std::ldexp(std::nearbyint(current / of_channel(current_steps_, channel)),
                    codes_->fraction_bits);
}

double NeuronSteps::leaked(double u, std::size_t channel) const {
  if (!codes_) return of_channel(leaks_, channel) * u;
  // Half to even, as nearbyint rounds.
  return std::nearbyint(
      std::ldexp(static_cast<double>(codes_->leak_of(channel)) * u, -codes_->leak_shift));
}

}  // namespace pare::graph
