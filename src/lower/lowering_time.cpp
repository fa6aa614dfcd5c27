// Time: what is repeated, summed, and remembered from step to step. A neuron needs no op of its
// own: it is additions, a threshold and the roundings of requantize on a state.

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/neuron.h"
#include "lower/lowering.h"

namespace pare::lower {

using program::BufferId;
using program::Interval;

namespace {

/// The shape in which `count` numbers, one for all or one a channel, broadcast to `shape`.
Shape channel_shape(std::size_t count, const Shape& shape) {
  if (count == 1) return {1};
  Shape broadcast(shape.size(), 1);
  broadcast.front() = static_cast<std::int64_t>(count);
  return broadcast;
}

Interval times(Interval range, std::int64_t factor) {
  return {std::min<std::int64_t>(0, range.lowest * factor),
          std::max<std::int64_t>(0, range.highest * factor)};
}

}  // namespace

void Lowering::operator()(const graph::Repeat&) {
  WireValue x = input();
  if (x.is_raw_input) refuse("it repeats the raw input; quantize the input in front of it");
  write(std::move(x));
}

BufferId Lowering::add_state(const std::string& name, Interval range,
                             std::optional<program::Origin> origin) {
  program::Buffer buffer{.name = name,
                         .width = program::narrowest(range),
                         .shape = info(node_->inputs.front()).shape,
                         .origin = std::move(origin)};
  return builder_.state(std::move(buffer));
}

void Lowering::set_next(BufferId state, BufferId next) {
  states_.push_back({state, builder_.constant("zero", {1}, {0}), next});
}

void Lowering::operator()(const graph::SumOverTime&) {
  const WireValue x = without_bend(input(), node_->inputs.front());
  if (x.is_raw_input) refuse("it sums the raw input; quantize the input in front of it");
  const std::int64_t repeated = graph::repeated_steps(graph_);
  if (repeated == 0 && !x.affine.has_no_offset()) {
    refuse("what it sums has an offset a step, and the number of steps is not known");
  }
  const std::string& name = graph_.wire(node_->outputs.front()).name;
  const Interval all =
      times(hull(builder_.intervals(x.buffer)), repeated == 0 ? graph::kMaxSteps : repeated);
  const BufferId sum = add_state(name, all, program::Origin{name});
  const BufferId grown = builder_.op(program::Add{}, {sum, x.buffer}, loop_buffer(".grown"));
  set_next(sum,
           builder_.op(program::Clamp{all.lowest, all.highest}, {grown}, loop_buffer(".next")));
  WireValue y;
  y.buffer = sum;
  y.affine = x.affine;
  for (double& offset : y.affine.offset) offset *= static_cast<double>(repeated);
  write(std::move(y));
}

program::Buffer Lowering::loop_buffer(const std::string& suffix) const {
  const std::string& name = graph_.wire(node_->outputs.front()).name;
  return {.name = name + suffix,
          .width = {},
          .shape = info(node_->inputs.front()).shape,
          .each = each_};
}

program::Requantize Lowering::channel_factors(const std::string& part,
                                              const std::vector<std::int64_t>& factors, int shift) {
  const Shape& shape = info(node_->inputs.front()).shape;
  const auto constant = [&](const char* what, const Shape& of, std::vector<std::int64_t> values) {
    return builder_.constant(fmt::format("{}.{}.{}", node_->name, part, what), of,
                             std::move(values));
  };
  return {.multiplier = constant("multiplier", channel_shape(factors.size(), shape), factors),
          .addend = constant("addend", {1}, {0}),
          .shift = constant("shift", {1}, {shift})};
}

/// The current in codes of the membrane.
BufferId Lowering::current_of(const WireValue& x, int fraction_bits) {
  if (fraction_bits == 0) return x.buffer;
  const Interval range = hull(builder_.intervals(x.buffer));
  program::Requantize finer = channel_factors("current", {std::int64_t{1} << fraction_bits}, 0);
  finer.lowest = range.lowest * (std::int64_t{1} << fraction_bits);
  finer.highest = range.highest * (std::int64_t{1} << fraction_bits);
  return builder_.op(finer, {x.buffer}, loop_buffer(".current"));
}

/// 1 where the potential is above the threshold.
BufferId Lowering::fired(BufferId potential, const graph::NeuronCodes& codes, bool is_strict,
                         const std::vector<std::int64_t>& of_threshold, program::Buffer output) {
  const Shape& shape = builder_.shape(potential);
  std::vector<std::int64_t> firsts = codes.threshold;
  if (is_strict) {
    for (std::int64_t& first : firsts) ++first;
  }
  Shape constant_shape = channel_shape(firsts.size(), shape);
  // One number for all stands alone, or with an axis for each of the buffer's.
  if (firsts.size() > 1) constant_shape.push_back(1);
  const program::Threshold op{
      builder_.constant(node_->name + ".threshold", constant_shape, std::move(firsts)),
      builder_.constant(node_->name + ".codes", {2}, of_threshold)};
  return builder_.op(op, {potential}, std::move(output));
}

/// What the leak leaves, cut off at `ends`.
BufferId Lowering::leaked(BufferId potential, const graph::NeuronCodes& codes, Interval ends,
                          const std::string& suffix) {
  const bool is_whole =
      codes.leak_shift == 0 && std::all_of(codes.leak.begin(), codes.leak.end(),
                                           [](std::int64_t leak) { return leak == 1; });
  if (is_whole) {
    return builder_.op(program::Clamp{ends.lowest, ends.highest}, {potential}, loop_buffer(suffix));
  }
  program::Requantize leak = channel_factors("leak", codes.leak, codes.leak_shift);
  leak.lowest = ends.lowest;
  leak.highest = ends.highest;
  return builder_.op(leak, {potential}, loop_buffer(suffix));
}

void Lowering::operator()(const graph::Spike& op) {
  const WireValue x = without_bend(input(), node_->inputs.front());
  const auto codes = graph::neuron_codes(graph_, *node_, infos_);
  if (!codes || x.is_raw_input || !x.affine.has_no_offset()) {
    refuse(
        "its membrane has no grid; quantize the layer in front of it ([quantize] weight_bits), "
        "with nothing but poolings in between, and give the membrane bits (membrane_bits)");
  }
  const Interval ends{codes->membrane.lowest, codes->membrane.highest};
  const std::string& name = graph_.wire(node_->outputs.front()).name;
  const BufferId membrane = add_state(name + ".membrane", ends, {});
  const BufferId current = current_of(x, codes->fraction_bits);
  const BufferId potential =
      builder_.op(program::Add{}, {membrane, current}, loop_buffer(".potential"));
  WireValue y;
  y.buffer = fired(potential, *codes, op.is_strict, {0, 1}, output_buffer());
  set_next(membrane, op.reset == graph::Reset::kHard
                         ? hard_reset(potential, *codes, op, ends)
                         : soft_reset(potential, y.buffer, *codes, op, ends));
  write(std::move(y));
}

BufferId Lowering::soft_reset(BufferId potential, BufferId spike, const graph::NeuronCodes& codes,
                              const graph::Spike& op, Interval ends) {
  std::vector<std::int64_t> drops;
  for (const std::int64_t threshold : codes.threshold) drops.push_back(-threshold);
  program::Requantize drop = channel_factors("reset", drops, 0);
  drop.lowest = *std::min_element(drops.begin(), drops.end());
  drop.highest = 0;
  const BufferId dropped = builder_.op(drop, {spike}, loop_buffer(".drop"));
  if (op.leaks_reset) {
    const BufferId rest = builder_.op(program::Add{}, {potential, dropped}, loop_buffer(".rest"));
    return leaked(rest, codes, ends, ".next");
  }
  const Interval range = hull(builder_.intervals(potential));
  const BufferId left = leaked(potential, codes, range, ".left");
  const BufferId rest = builder_.op(program::Add{}, {left, dropped}, loop_buffer(".rest"));
  return builder_.op(program::Clamp{ends.lowest, ends.highest}, {rest}, loop_buffer(".next"));
}

BufferId Lowering::hard_reset(BufferId potential, const graph::NeuronCodes& codes,
                              const graph::Spike& op, Interval ends) {
  const BufferId silent = fired(potential, codes, op.is_strict, {1, 0}, loop_buffer(".silent"));
  const BufferId rest = builder_.op(program::Multiply{}, {potential, silent}, loop_buffer(".rest"));
  return leaked(rest, codes, ends, ".next");
}

}  // namespace pare::lower
