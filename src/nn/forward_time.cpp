// Time in a forward pass: a wire with a value at each step is [T N, …], step by step, so that
// layers without a state see more samples and nothing else.

#include <algorithm>
#include <cmath>
#include <utility>

#include <torch/torch.h>

#include "base/error.h"
#include "graph/quantize.h"
#include "nn/forward.h"
#include "nn/spike.h"

namespace pare::nn {

using torch::Tensor;

namespace {

SpikeReset reset_of(graph::Reset reset) {
  return reset == graph::Reset::kHard ? SpikeReset::kHard : SpikeReset::kSoft;
}

SurrogateShape shape_of(graph::SurrogateShape shape) {
  switch (shape) {
    case graph::SurrogateShape::kTriangle:
      return SurrogateShape::kTriangle;
    case graph::SurrogateShape::kSigmoid:
      return SurrogateShape::kSigmoid;
    case graph::SurrogateShape::kArctan:
      return SurrogateShape::kArctan;
  }
  return SurrogateShape::kTriangle;
}

SpikeRule rule_of(const graph::Spike& op) {
  return {.is_strict = op.is_strict,
          .reset = reset_of(op.reset),
          .leaks_reset = op.leaks_reset,
          .surrogate = {.shape = shape_of(op.surrogate.shape),
                        .gain = op.surrogate.gain,
                        .width = op.surrogate.width}};
}

/// The threshold on the membrane's grid, as freezing puts it there: at least one step, at most
/// `top`. The gradient passes.
Tensor on_grid(const Tensor& threshold, const Tensor& step, double top) {
  const Tensor rounded = (threshold / step).round().clamp(1, top) * step;
  return threshold + (rounded - threshold).detach();
}

}  // namespace

std::int64_t Forward::num_samples() const {
  return wires_[state_.graph.inputs.front().wire.value].value.size(0);
}

Tensor Forward::at_each_step(graph::WireId wire) const {
  const Wire& from = wires_[wire.value];
  if (from.value.size(0) != num_samples() || state_.num_steps <= 1) return from.value;
  std::vector<std::int64_t> times(static_cast<std::size_t>(from.value.dim()), 1);
  times.front() = state_.num_steps;
  return from.value.repeat(times);
}

Tensor Forward::operand(std::size_t index, std::size_t number) const {
  const graph::WireInfo& output = state_.wires[node(index).outputs.front().value];
  const graph::WireId wire = node(index).inputs.at(number);
  return output.time == graph::Time::kEachStep ? at_each_step(wire) : wires_[wire.value].value;
}

void Forward::operator()(const graph::Repeat&, std::size_t index) {
  const auto readers = consumers(state_.graph, node(index).outputs.front());
  const bool feeds_spikes = std::all_of(readers.begin(), readers.end(), [&](std::size_t reader) {
    return std::holds_alternative<graph::Spike>(node(reader).op);
  });
  // Neurons take one current for all steps from where it is.
  const bool is_output = node(index).outputs.front() == state_.graph.output;
  Tensor value =
      feeds_spikes && !is_output ? input(index).value : at_each_step(node(index).inputs.front());
  write(index, std::move(value), input(index).steps);
}

void Forward::operator()(const graph::SumOverTime&, std::size_t index) {
  const Tensor x = at_each_step(node(index).inputs.front());
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.front() = num_samples();
  shape.insert(shape.begin(), state_.num_steps);
  write(index, x.view(shape).sum(0), input(index).steps);
}

Tensor Forward::membrane_step(std::size_t index) const {
  const auto membrane = node(index).held.find("membrane");
  const std::vector<double>& steps = input(index).steps;
  if (membrane == node(index).held.end() || steps.empty()) return {};
  const auto& op = std::get<graph::Spike>(node(index).op);
  const double finer = std::ldexp(1.0, -static_cast<int>(op.fraction_bits));
  return (torch::tensor(steps, torch::kFloat64) * finer)
      .to(input(index).value.device(), torch::kFloat32);
}

void Forward::operator()(const graph::Spike& op, std::size_t index) {
  const Tensor& current = input(index).value;
  SpikingNeurons neurons{.threshold = tensor(op.threshold),
                         .leak = op.leak ? weight(*op.leak).value : Tensor(),
                         .membrane_step = membrane_step(index),
                         .rule = rule_of(op)};
  if (neurons.membrane_step.defined()) {
    const graph::CodeRange codes =
        code_ranges(state_.graph, node(index).held.at("membrane").format).front();
    neurons.rule.codes = {static_cast<float>(codes.lowest), static_cast<float>(codes.highest)};
    neurons.threshold =
        on_grid(neurons.threshold, neurons.membrane_step, static_cast<double>(codes.highest));
  }
  const Path path = fastest_path(current, neurons);
  const bool is_constant = current.size(0) == num_samples();
  std::vector<std::int64_t> shape = current.sizes().vec();
  Tensor spikes;
  if (is_constant) {
    spikes = spike_of_constant_current(current, state_.num_steps, neurons, path);
  } else {
    shape.front() = num_samples();
    shape.insert(shape.begin(), state_.num_steps);
    spikes = spike(current.view(shape), neurons, path);
  }
  write(index, spikes.flatten(0, 1), {1});
}

}  // namespace pare::nn
