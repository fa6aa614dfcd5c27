#include "engine/generic.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "base/fixed_point.h"
#include "base/transpose.h"
#include "program/rounding.h"
#include "program/windows.h"

namespace pare::engine {
namespace {

using program::Broadcast;
using program::ConstantId;
using Values = std::span<const std::int64_t>;

class Maker {
 public:
  Maker(const program::Program& program, const program::Node& node)
      : program_(program), node_(node) {}

  GenericOp operator()(const program::Linear& op) const {
    const program::Constant& weight = program_.constant(op.weight);
    GenericLinear made{.weight = narrowed(program::expand(weight)),
                       .num_outputs = static_cast<std::size_t>(weight.shape[0]),
                       .num_inputs = static_cast<std::size_t>(weight.shape[1])};
    made.bias.resize(made.num_outputs);
    if (op.bias) made.bias = program_.constant(*op.bias).values;
    if (op.predicate_block) made.predicate_block = static_cast<std::size_t>(*op.predicate_block);
    return made;
  }

  GenericOp operator()(const program::Conv& op) const {
    const program::Constant& weight = program_.constant(op.weight);
    GenericConv made{.weight = narrowed(weight.values),
                     .group_outputs = static_cast<std::size_t>(weight.shape[0] / op.groups),
                     .group_inputs = static_cast<std::size_t>(weight.shape[1]),
                     .window = window_of(program_, node_, op)};
    made.bias.resize(static_cast<std::size_t>(weight.shape[0]));
    if (op.bias) made.bias = program_.constant(*op.bias).values;
    return made;
  }

  GenericOp operator()(const program::MaxPool& op) const {
    return GenericMaxPool{window_of(program_, node_, op)};
  }
  GenericOp operator()(const program::SumPool& op) const {
    return GenericSumPool{window_of(program_, node_, op)};
  }

  GenericOp operator()(const program::Requantize& op) const {
    return GenericRequantize{values(op.multiplier),
                             values(op.addend),
                             values(op.shift),
                             broadcast(op.multiplier),
                             broadcast(op.addend),
                             broadcast(op.shift),
                             op};
  }

  GenericOp operator()(const program::Threshold& op) const {
    const auto size = static_cast<std::size_t>(program_.constant(op.thresholds).shape.back());
    return GenericThreshold{values(op.thresholds), values(op.codes), size, rows(op.thresholds),
                            rows(op.codes)};
  }

  GenericOp operator()(const program::Lookup& op) const {
    return GenericLookup{values(op.table), op.first, program_.constant(op.table).shape.back(),
                         rows(op.table)};
  }

  GenericOp operator()(const program::Clamp& op) const { return op; }
  GenericOp operator()(const program::Add& op) const { return op; }
  GenericOp operator()(const program::Maximum& op) const { return op; }
  GenericOp operator()(const program::Multiply& op) const { return op; }
  GenericOp operator()(const program::Concat& op) const { return op; }
  GenericOp operator()(const program::Copy& op) const { return op; }
  GenericOp operator()(const program::Transpose& op) const {
    return GenericTranspose{transposed_elements(input_shape(), op.order)};
  }
  GenericOp operator()(const program::ArgMax& op) const { return op; }

 private:
  std::vector<std::int64_t> values(ConstantId id) const {
    return program::expand(program_.constant(id));
  }
  const Shape& input_shape() const { return program_.buffer(node_.inputs[0]).shape; }
  Broadcast broadcast(ConstantId id) const { return {program_.constant(id).shape, input_shape()}; }
  Broadcast rows(ConstantId id) const {
    return {program::leading_axes(program_.constant(id).shape), input_shape()};
  }

  const program::Program& program_;
  const program::Node& node_;
};

/// One op on one sample: inputs one after the other, then the output.
class Runner {
 public:
  Runner(std::span<const Values> inputs, std::span<std::int64_t> y) : inputs_(inputs), y_(y) {}

  void operator()(const GenericLinear& op) const {
    std::visit([&](const auto& weight) { sum(op, weight.data()); }, op.weight);
    if (op.predicate_block == 0) return;
    for (std::size_t o = 0; o < y_.size(); ++o) {
      if (inputs_[1][o % op.num_outputs / op.predicate_block] == 0) y_[o] = 0;
    }
  }

  void operator()(const GenericConv& op) const {
    std::visit([&](const auto& weight) { convolve(op, weight.data()); }, op.weight);
  }

  void operator()(const GenericMaxPool& op) const {
    pool(op.window, std::numeric_limits<std::int64_t>::min(),
         [](std::int64_t a, std::int64_t b) { return std::max(a, b); });
  }
  void operator()(const GenericSumPool& op) const { pool(op.window, 0, std::plus<std::int64_t>()); }

  void operator()(const GenericRequantize& op) const {
    const pare_rounding rounding = program::to_fixed_point(op.op.rounding);
    for (std::size_t i = 0; i < y_.size(); ++i) {
      y_[i] = pare_requantize(
          x()[i], op.multiplier[op.multipliers.group_of(i)], op.addend[op.addends.group_of(i)],
          static_cast<int>(op.shift[op.shifts.group_of(i)]), rounding, op.op.lowest, op.op.highest);
    }
  }

  void operator()(const GenericThreshold& op) const {
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const auto table = Values(op.thresholds).subspan(op.tables.group_of(i) * op.size, op.size);
      const auto number = std::upper_bound(table.begin(), table.end(), x()[i]) - table.begin();
      y_[i] = op.codes[op.ranges.group_of(i) * (op.size + 1) + static_cast<std::size_t>(number)];
    }
  }

  void operator()(const GenericLookup& op) const {
    for (std::size_t i = 0; i < y_.size(); ++i) {
      // Without the difference, which may leave 63 bits.
      const std::int64_t last = op.size - 1;
      std::int64_t index = 0;
      if (x()[i] > op.first) {
        const auto distance =
            static_cast<std::uint64_t>(x()[i]) - static_cast<std::uint64_t>(op.first);
        index = distance > static_cast<std::uint64_t>(last) ? last
                                                            : static_cast<std::int64_t>(distance);
      }
      y_[i] = op.table[op.tables.group_of(i) * static_cast<std::size_t>(op.size) +
                       static_cast<std::size_t>(index)];
    }
  }

  void operator()(const program::Clamp& op) const {
    for (std::size_t i = 0; i < y_.size(); ++i)
      y_[i] = pare_saturate(x()[i], op.lowest, op.highest);
  }
  void operator()(const program::Add&) const {
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = x()[i] + inputs_[1][i];
  }
  void operator()(const program::Maximum&) const {
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = std::max(x()[i], inputs_[1][i]);
  }
  void operator()(const program::Multiply&) const {
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = x()[i] * inputs_[1][i];
  }
  void operator()(const program::Concat&) const {
    auto to = y_.begin();
    for (const Values input : inputs_) to = std::copy(input.begin(), input.end(), to);
  }
  void operator()(const program::Copy&) const { std::copy(x().begin(), x().end(), y_.begin()); }
  void operator()(const GenericTranspose& op) const {
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = x()[op.elements[i]];
  }
  void operator()(const program::ArgMax&) const {
    const std::size_t n = x().size() / y_.size();
    for (std::size_t row = 0; row < y_.size(); ++row) {
      const Values values = x().subspan(row * n, n);
      y_[row] = std::max_element(values.begin(), values.end()) - values.begin();
    }
  }

 private:
  Values x() const { return inputs_[0]; }

  template <class T>
  void sum(const GenericLinear& op, const T* weight) const {
    for (std::size_t o = 0; o < y_.size(); ++o) {
      const std::size_t i = o % op.num_outputs;
      const std::int64_t* x = inputs_[0].data() + o / op.num_outputs * op.num_inputs;
      const T* w = weight + i * op.num_inputs;
      std::int64_t sum = op.bias[i];
      for (std::size_t j = 0; j < op.num_inputs; ++j) sum += std::int64_t{w[j]} * x[j];
      y_[o] = sum;
    }
  }

  template <class T>
  void convolve(const GenericConv& op, const T* weight) const {
    const std::size_t positions = op.window.num_outputs();
    const std::size_t taps = op.window.num_taps();
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const std::size_t m = i / positions;
      const std::int64_t* x =
          inputs_[0].data() + m / op.group_outputs * op.group_inputs * op.window.num_inputs();
      const T* w = weight + m * op.group_inputs * taps;
      std::int64_t sum = op.bias[m];
      op.window.for_each_tap(i % positions, [&](std::size_t at, std::size_t k) {
        for (std::size_t c = 0; c < op.group_inputs; ++c) {
          sum += std::int64_t{w[c * taps + k]} * x[c * op.window.num_inputs() + at];
        }
      });
      y_[i] = sum;
    }
  }

  void pool(const graph::Window& window, std::int64_t start, auto&& join) const {
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const std::int64_t* x = inputs_[0].data() + i / window.num_outputs() * window.num_inputs();
      std::int64_t joined = start;
      window.for_each_tap(i % window.num_outputs(),
                          [&](std::size_t at, std::size_t) { joined = join(joined, x[at]); });
      y_[i] = joined;
    }
  }

  std::span<const Values> inputs_;
  std::span<std::int64_t> y_;
};

}  // namespace

Integers narrowed(std::span<const std::int64_t> values) {
  program::Interval hull;
  for (const std::int64_t value : values) {
    hull = {std::min(hull.lowest, value), std::max(hull.highest, value)};
  }
  const auto fits = [&](int bits) { return program::Width{bits, true}.range().contains(hull); };
  const auto as = [&](auto type) {
    std::vector<decltype(type)> narrow;
    narrow.reserve(values.size());
    for (const std::int64_t value : values) narrow.push_back(static_cast<decltype(type)>(value));
    return narrow;
  };
  if (fits(8)) return as(std::int8_t{});
  if (fits(16)) return as(std::int16_t{});
  if (fits(32)) return as(std::int32_t{});
  return as(std::int64_t{});
}

std::size_t bytes_of(const Integers& integers) {
  return std::visit([](const auto& list) { return list.size() * sizeof(list[0]); }, integers);
}

GenericOp make_generic(const program::Program& program, const program::Node& node) {
  return std::visit(Maker(program, node), node.op);
}

std::size_t weight_bytes(const GenericOp& op) {
  if (const auto* linear = std::get_if<GenericLinear>(&op)) return bytes_of(linear->weight);
  if (const auto* conv = std::get_if<GenericConv>(&op)) return bytes_of(conv->weight);
  return 0;
}

std::size_t room_size(std::span<const View> inputs, const View& output) {
  std::size_t size = output.size;
  for (const View& input : inputs) size += input.size;
  return size;
}

GenericRoom make_room(std::span<const View> inputs, const View& output,
                      std::span<std::int64_t> memory) {
  GenericRoom room;
  const auto take = [&](std::size_t size) {
    const auto part = memory.first(size);
    memory = memory.subspan(size);
    return part;
  };
  for (const View& input : inputs) room.to_fill.push_back(take(input.size));
  room.inputs.assign(room.to_fill.begin(), room.to_fill.end());
  room.output = take(output.size);
  return room;
}

void run_generic(const GenericOp& op, std::span<const View> inputs, const View& output,
                 const GenericRoom& room, std::int64_t t, Extent extent) noexcept {
  const Runner runner(room.inputs, room.output);
  for (std::size_t s = 0; s < extent.lanes; ++s) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      load_sample(inputs[i], t, s, extent.stride, room.to_fill[i].data());
    }
    std::visit(runner, op);
    store_sample(output, t, s, extent.stride, room.output.data());
  }
}

}  // namespace pare::engine
