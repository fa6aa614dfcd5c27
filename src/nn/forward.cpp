#include "nn/forward.h"

#include <algorithm>
#include <utility>

#include <torch/torch.h>

#include "base/error.h"
#include "graph/live_range.h"
#include "graph/quantize.h"
#include "graph/window.h"
#include "nn/dropout.h"
#include "nn/structure.h"
#include "nn/table.h"
#include "nn/windows.h"

namespace pare::nn {

using torch::Tensor;

Forward::Forward(const NetworkState& state, const Context& context)
    : state_(state), context_(context), wires_(state.graph.wires.size()) {}

Tensor Forward::run(const Tensor& inputs) {
  wires_.at(state_.graph.inputs.front().wire.value).value = inputs;
  // A value goes when its last reader has run: what the backward pass needs, the layers keep.
  std::vector<std::size_t> last_readers(wires_.size());
  for (std::size_t index = 0; index < state_.graph.nodes.size(); ++index) {
    for (const graph::WireId wire : node(index).inputs) last_readers[wire.value] = index;
  }
  const std::vector<bool> is_kept = kept_wires();
  for (std::size_t index = 0; index < state_.graph.nodes.size(); ++index) {
    // A fused chain has written its last wire already; its inner wires are never written, and who
    // reads them belongs to the chain.
    const bool is_written = wires_[node(index).outputs.front().value].value.defined();
    if (!is_written && input(index).value.defined()) {
      std::visit([&](const auto& op) { (*this)(op, index); }, node(index).op);
    }
    for (const graph::WireId wire : node(index).inputs) {
      if (last_readers[wire.value] == index && !is_kept[wire.value])
        wires_[wire.value].value.reset();
    }
  }
  if (context_.trace != nullptr) {
    for (auto& [name, value] : *context_.trace) {
      value = wires_[graph::find_wire(state_.graph, name)->value].value;
    }
  }
  return wires_.at(state_.graph.output.value).value;
}

std::vector<bool> Forward::kept_wires() const {
  std::vector<bool> is_kept(wires_.size());
  is_kept.at(state_.graph.output.value) = true;
  // Its size says how many samples there are.
  is_kept.at(state_.graph.inputs.front().wire.value) = true;
  if (context_.trace == nullptr) return is_kept;
  for (const auto& [name, value] : *context_.trace) {
    const auto wire = graph::find_wire(state_.graph, name);
    check(wire.has_value(), "trace of an unknown wire: " + name);
    is_kept[wire->value] = true;
  }
  return is_kept;
}

const Forward::Wire& Forward::input(std::size_t index, std::size_t number) const {
  return wires_[node(index).inputs.at(number).value];
}

bool Forward::is_done(std::size_t index) const {
  const bool is_written = wires_[node(index).outputs.front().value].value.defined();
  return is_written || !input(index).value.defined();
}

void Forward::write(std::size_t index, Tensor value, std::vector<double> steps) {
  wires_[node(index).outputs.front().value] = {std::move(value), std::move(steps)};
}

bool Forward::is_traced(std::size_t index) const {
  if (context_.trace == nullptr) return false;
  return context_.trace->contains(state_.graph.wire(node(index).outputs.front()).name);
}

Fusion Forward::fusion_of(std::size_t index) const {
  Fusion fusion = state_.fusions[index];
  // The wires inside a chain are never written: stop before one that is asked for.
  if (is_traced(index)) return {};
  if (fusion.relu && is_traced(*fusion.relu)) fusion.quantize.reset();
  const bool has_one_grid =
      fusion.quantize && state_.node_plans[*fusion.quantize]->fake.decision == Decision::kNearest &&
      state_.node_plans[*fusion.quantize]->num_ranges == 1 &&
      state_.node_plans[*fusion.quantize]->codes.size() == 1 &&
      state_.node_plans[*fusion.quantize]->zero_points.size() == 1;
  if (!has_one_grid) fusion.quantize.reset();
  return fusion;
}

Tensor Forward::optional_tensor(const std::optional<graph::ParameterId>& id) const {
  return id ? tensor(*id) : Tensor();
}

Grids Forward::grids_of(const QuantizerPlan& plan, const Tensor& values) const {
  if (graph::is_live(plan.rule)) return make_live_grids(plan, values);
  const Tensor& stored = tensor(*plan.range);
  const Tensor ranges = stored.is_cpu() ? stored : stored.detach().cpu();
  return make_grids(plan, {ranges.data_ptr<float>(), static_cast<std::size_t>(ranges.numel())});
}

Tensor Forward::log2_range_of(const QuantizerPlan& plan) const {
  return plan.rule == graph::RangeRule::kLearned ? tensor(*plan.range) : Tensor();
}

bool Forward::has_training_maps() const {
  return context_.is_training || context_.weight_maps == WeightMaps::kOfTraining;
}

Forward::Quantized Forward::weight(graph::ParameterId id) const {
  const auto& structure = state_.graph.parameter(id).structure;
  const Tensor& stored = tensor(id);
  const auto& plan = state_.parameter_plans[id.value];
  if (!plan) return {expand(stored, structure), {}, {}};
  const bool is_affine = !plan->affine_codes.empty() && has_training_maps();
  const FakeQuantizer& fake = is_affine ? kAffineQuantizer : plan->fake;
  Quantized result{{}, is_affine ? make_affine_grids(*plan, stored) : grids_of(*plan, stored), {}};
  result.steps = steps_of_rows(steps_of(result.grids), structure);
  const GroupLayout layout = layout_of_parameter(stored, result.grids);
  const Path path = fastest_path(stored, result.grids, layout, fake);
  result.value = expand(
      fake_quantize(stored, log2_range_of(*plan), result.grids, layout, fake, path), structure);
  return result;
}

Tensor Forward::bias(graph::ParameterId id, const Wire& input, const Quantized& weight) const {
  const auto& plan = state_.parameter_plans[id.value];
  if (!plan || plan->rule != graph::RangeRule::kAccumulator) return this->weight(id).value;
  check(input.steps.size() == 1 && !weight.grids.empty(),
        "a bias on the accumulator's grid, but the accumulator has none");
  std::vector<double> steps = weight.steps;
  const auto input_step = static_cast<float>(input.steps.front());
  for (double& step : steps) step = double{input_step * static_cast<float>(step)};
  const Tensor& stored = tensor(id);
  const Grids grids = make_accumulator_grids(*plan, steps);
  const GroupLayout layout = layout_of_parameter(stored, grids);
  return fake_quantize(stored, {}, grids, layout, plan->fake,
                       fastest_path(stored, grids, layout, plan->fake));
}

Tail Forward::tail_of(const Fusion& fusion) const {
  Tail tail;
  if (fusion.relu) tail.follow = Follow::kRelu;
  if (!fusion.quantize) return tail;
  const QuantizerPlan& plan = *state_.node_plans[*fusion.quantize];
  tail.follow = Follow::kReluQuantize;
  tail.grids = grids_of(plan, {});
  tail.log2_range = log2_range_of(plan);
  tail.quantizer = plan.fake;
  tail.quantizer.has_relu = true;
  return tail;
}

void Forward::operator()(const graph::Linear& op, std::size_t index) {
  const Wire& x = input(index);
  const Quantized w = weight(op.weight);
  const Tensor b = op.bias ? bias(*op.bias, x, w) : Tensor();
  write(index, torch::linear(x.value, w.value, b), sum_steps(x, w, op.bias));
}

std::vector<double> Forward::sum_steps(const Wire& x, const Quantized& weight,
                                       const std::optional<graph::ParameterId>& bias) const {
  const bool has_grid = x.steps.size() == 1 && !weight.grids.empty() &&
                        (!bias || state_.parameter_plans[bias->value].has_value());
  if (!has_grid) return {};
  std::vector<double> steps = weight.steps;
  for (double& step : steps) step *= x.steps.front();
  return steps;
}

void Forward::operator()(const graph::Conv& op, std::size_t index) {
  const Wire& x = input(index);
  const Quantized w = weight(op.weight);
  const Tensor b = op.bias ? bias(*op.bias, x, w) : Tensor();
  const auto from = producer(state_.graph, node(index).inputs.front());
  const bool is_spikes = from && std::holds_alternative<graph::Spike>(node(*from).op);
  write(index,
        convolve(x.value, w.value, b, {op.stride, op.padding, op.dilation, op.groups, is_spikes}),
        sum_steps(x, w, op.bias));
}

void Forward::operator()(const graph::MaxPool& op, std::size_t index) {
  const Wire& x = input(index);
  write(index, max_pool(x.value, op.window), x.steps);
}

void Forward::operator()(const graph::SumPool& op, std::size_t index) {
  const Wire& x = input(index);
  write(index, sum_pool(x.value, op.window), x.steps);
}

void Forward::operator()(const graph::AveragePool& op, std::size_t index) {
  const Wire& x = input(index);
  const Shape& shape = state_.wires[node(index).inputs.front().value].shape;
  const graph::Window window = graph::make_window(shape, op.window, node(index).name);
  std::vector<double> steps;
  if (op.counts_padding || !window.has_padding()) {
    steps = x.steps;
    for (double& step : steps) step /= static_cast<double>(window.num_taps());
  }
  write(index, average_pool(x.value, op), std::move(steps));
}

void Forward::operator()(const graph::BatchNorm& op, std::size_t index) {
  const Fusion fusion = fusion_of(index);
  const Tail tail = tail_of(fusion);
  const BatchNorm norm{.gain = optional_tensor(op.gain),
                       .shift = optional_tensor(op.shift),
                       .mean = optional_tensor(op.mean),
                       .variance = optional_tensor(op.variance),
                       .epsilon = op.epsilon,
                       .momentum = op.momentum};
  const Tensor& x = input(index).value;
  // With epsilon 0 it is a scale and shift by fixed statistics, as importers write them: those of a
  // batch might not be divided by.
  const bool is_training = context_.is_training && op.epsilon > 0;
  Tensor y = batch_norm(x, norm, tail, is_training, fastest_path(x, tail));
  const std::size_t last = fusion.quantize ? *fusion.quantize : fusion.relu.value_or(index);
  write(last, std::move(y), fusion.quantize ? steps_of(tail.grids) : std::vector<double>{});
}

void Forward::operator()(const graph::Relu&, std::size_t index) {
  const Wire& x = input(index);
  const Fusion fusion = fusion_of(index);
  if (!fusion.quantize) return write(index, x.value.relu(), x.steps);
  const Tail tail = tail_of(fusion);
  const GroupLayout layout = layout_of_wire(x.value, tail.grids);
  const Path path = fastest_path(x.value, tail.grids, layout, tail.quantizer);
  write(*fusion.quantize,
        fake_quantize(x.value, tail.log2_range, tail.grids, layout, tail.quantizer, path),
        steps_of(tail.grids));
}

void Forward::operator()(const graph::LeakyRelu& op, std::size_t index) {
  write(index, at::leaky_relu(input(index).value, op.slope));
}

void Forward::operator()(const graph::Sigmoid&, std::size_t index) {
  write(index, input(index).value.sigmoid());
}

void Forward::operator()(const graph::Tanh&, std::size_t index) {
  write(index, input(index).value.tanh());
}

void Forward::operator()(const graph::Table& op, std::size_t index) {
  const Wire& x = input(index);
  const auto& grid = state_.wires[node(index).inputs.front().value].grid;
  check(grid.has_value() && x.steps.size() == 1, "a table without codes");
  write(index,
        look_up(x.value, tensor(op.values), x.steps.front(), grid->lowest - grid->zero_point));
}

void Forward::operator()(const graph::Softmax&, std::size_t index) {
  write(index, input(index).value.softmax(1));
}

void Forward::operator()(const graph::Dropout& op, std::size_t index) {
  const Wire& x = input(index);
  if (!context_.is_training || op.rate == 0) return write(index, x.value, x.steps);
  const Philox random(context_.seed, RandomStream::kDropout, context_.epoch, context_.step);
  // Numbers of different nodes lie far apart.
  const std::uint64_t first = static_cast<std::uint64_t>(index) << 40;
  // The grid is that of evaluation, where dropout is the identity: a bias behind is rounded to it.
  // The same elements stay at all steps.
  const Tensor factors =
      dropout_factors(x.value.narrow(0, 0, num_samples()), op.rate, random, first);
  const std::int64_t times = x.value.size(0) / std::max<std::int64_t>(1, num_samples());
  if (times <= 1) return write(index, x.value * factors, x.steps);
  std::vector<std::int64_t> shape = factors.sizes().vec();
  shape.insert(shape.begin(), times);
  write(index, (x.value.view(shape) * factors).flatten(0, 1), x.steps);
}

void Forward::operator()(const graph::Quantize&, std::size_t index) {
  const Tensor& x = input(index).value;
  const QuantizerPlan& plan = *state_.node_plans[index];
  const Grids grids = grids_of(plan, {});
  const GroupLayout layout = layout_of_wire(x, grids);
  const Path path = fastest_path(x, grids, layout, plan.fake);
  write(index, fake_quantize(x, log2_range_of(plan), grids, layout, plan.fake, path),
        steps_of(grids));
}

void Forward::operator()(const graph::Add&, std::size_t index) {
  const Wire& a = input(index, 0);
  const Wire& b = input(index, 1);
  write(index, operand(index, 0) + operand(index, 1),
        a.steps == b.steps ? a.steps : std::vector<double>{});
}

void Forward::operator()(const graph::Concat&, std::size_t index) {
  std::vector<Tensor> parts;
  std::vector<double> steps = input(index).steps;
  for (std::size_t i = 0; i < node(index).inputs.size(); ++i) {
    parts.push_back(operand(index, i));
    const bool is_one_step = steps.size() == 1 && input(index, i).steps == steps;
    if (!is_one_step) steps.clear();
  }
  write(index, torch::cat(parts, 1), std::move(steps));
}

void Forward::operator()(const graph::Flatten&, std::size_t index) {
  write(index, input(index).value.flatten(1), one_step(input(index)));
}

void Forward::operator()(const graph::Reshape& op, std::size_t index) {
  Shape shape = {-1};
  shape.insert(shape.end(), op.shape.begin(), op.shape.end());
  write(index, input(index).value.reshape(shape), one_step(input(index)));
}

void Forward::operator()(const graph::Transpose& op, std::size_t index) {
  Shape axes = {0};
  for (const std::int64_t axis : op.order) axes.push_back(axis + 1);
  write(index, input(index).value.permute(axes).contiguous(), one_step(input(index)));
}

std::vector<double> Forward::one_step(const Wire& x) {
  return x.steps.size() == 1 ? x.steps : std::vector<double>{};
}

}  // namespace pare::nn
