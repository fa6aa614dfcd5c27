#include "program/reference_ops.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fixed_point.h"
#include "base/transpose.h"
#include "program/broadcast.h"
#include "program/rounding.h"
#include "program/windows.h"

namespace pare::program {
namespace {

using Values = std::span<const std::int64_t>;

class Runner {
 public:
  Runner(const Program& program, const Node& node, const std::vector<Values>& inputs,
         std::span<std::int64_t> y, bool traps)
      : program_(program), node_(node), inputs_(inputs), y_(y), traps_(traps) {}

  void operator()(const Linear& op) const {
    const Constant& constant = program_.constant(op.weight);
    const auto weight = expand(constant);
    const auto num_outputs = static_cast<std::size_t>(constant.shape[0]);
    const auto num_inputs = static_cast<std::size_t>(constant.shape[1]);
    for (std::size_t o = 0; o < y_.size(); ++o) {
      const std::size_t row = o / num_outputs;
      const std::size_t i = o % num_outputs;
      const std::int64_t bias = op.bias ? program_.constant(*op.bias).values[i] : 0;
      const Values x = inputs_[0].subspan(row * num_inputs, num_inputs);
      std::int64_t positive = std::max<std::int64_t>(bias, 0);
      std::int64_t negative = std::min<std::int64_t>(bias, 0);
      for (std::size_t j = 0; j < num_inputs; ++j) {
        const std::int64_t term = weight[i * num_inputs + j] * x[j];
        (term < 0 ? negative : positive) += term;
      }
      y_[o] = positive + negative;
      expect_sums(positive, negative, op.accumulator);
      if (op.predicate_block &&
          inputs_[1][i / static_cast<std::size_t>(*op.predicate_block)] == 0) {
        y_[o] = 0;
      }
    }
  }

  void operator()(const Conv& op) const {
    const graph::Window window = window_of(program_, node_, op);
    const auto& weight = program_.constant(op.weight);
    const auto num_outputs = static_cast<std::size_t>(weight.shape[0]);
    const auto group_inputs = static_cast<std::size_t>(weight.shape[1]);
    const std::size_t group_outputs = num_outputs / static_cast<std::size_t>(op.groups);
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const std::size_t m = i / window.num_outputs();
      const std::int64_t bias = op.bias ? program_.constant(*op.bias).values[m] : 0;
      std::int64_t positive = std::max<std::int64_t>(bias, 0);
      std::int64_t negative = std::min<std::int64_t>(bias, 0);
      for (std::size_t c = 0; c < group_inputs; ++c) {
        const std::size_t channel = m / group_outputs * group_inputs + c;
        window.for_each_tap(i % window.num_outputs(), [&](std::size_t at, std::size_t k) {
          const std::int64_t term = weight.values[(m * group_inputs + c) * window.num_taps() + k] *
                                    inputs_[0][channel * window.num_inputs() + at];
          (term < 0 ? negative : positive) += term;
        });
      }
      y_[i] = positive + negative;
      expect_sums(positive, negative, op.accumulator);
    }
  }

  void operator()(const MaxPool& op) const {
    pool(window_of(program_, node_, op), std::numeric_limits<std::int64_t>::min(),
         [](std::int64_t a, std::int64_t b) { return std::max(a, b); });
  }

  void operator()(const SumPool& op) const {
    pool(window_of(program_, node_, op), 0, std::plus<std::int64_t>());
  }

  void operator()(const Requantize& op) const {
    const Constant& multiplier = program_.constant(op.multiplier);
    const Constant& addend = program_.constant(op.addend);
    const Constant& shift = program_.constant(op.shift);
    const Broadcast multipliers(multiplier.shape, input_shape());
    const Broadcast addends(addend.shape, input_shape());
    const Broadcast shifts(shift.shape, input_shape());
    for (std::size_t i = 0; i < y_.size(); ++i) {
      y_[i] = pare_requantize(inputs_[0][i], multiplier.values[multipliers.group_of(i)],
                              addend.values[addends.group_of(i)],
                              static_cast<int>(shift.values[shifts.group_of(i)]),
                              to_fixed_point(op.rounding), op.lowest, op.highest);
    }
  }

  void operator()(const Threshold& op) const {
    const Constant& thresholds = program_.constant(op.thresholds);
    const Constant& codes = program_.constant(op.codes);
    const auto size = static_cast<std::size_t>(thresholds.shape.back());
    const Broadcast tables(leading_axes(thresholds.shape), input_shape());
    const Broadcast ranges(leading_axes(codes.shape), input_shape());
    for (std::size_t i = 0; i < y_.size(); ++i) {
      std::size_t number = 0;
      for (std::size_t k = 0; k < size; ++k) {
        if (inputs_[0][i] >= thresholds.values[tables.group_of(i) * size + k]) ++number;
      }
      y_[i] = codes.values[ranges.group_of(i) * (size + 1) + number];
    }
  }

  void operator()(const Clamp& op) const {
    for (std::size_t i = 0; i < y_.size(); ++i) {
      y_[i] = pare_saturate(inputs_[0][i], op.lowest, op.highest);
    }
  }

  void operator()(const Add&) const {
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = inputs_[0][i] + inputs_[1][i];
  }

  void operator()(const Maximum&) const {
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = std::max(inputs_[0][i], inputs_[1][i]);
  }

  void operator()(const Multiply&) const {
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = inputs_[0][i] * inputs_[1][i];
  }

  void operator()(const Concat&) const {
    auto to = y_.begin();
    for (const Values x : inputs_) to = std::copy(x.begin(), x.end(), to);
  }

  void operator()(const Copy&) const {
    std::copy(inputs_[0].begin(), inputs_[0].end(), y_.begin());
  }

  void operator()(const Transpose& op) const {
    const auto elements = transposed_elements(input_shape(), op.order);
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] = inputs_[0][elements[i]];
  }

  void operator()(const Lookup& op) const {
    const Constant& table = program_.constant(op.table);
    const std::int64_t size = table.shape.back();
    const Broadcast tables(leading_axes(table.shape), input_shape());
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const std::int64_t index = pare_saturate(inputs_[0][i] - op.first, 0, size - 1);
      y_[i] = table.values[tables.group_of(i) * static_cast<std::size_t>(size) +
                           static_cast<std::size_t>(index)];
    }
  }

  void operator()(const ArgMax&) const {
    const std::size_t n = inputs_[0].size() / y_.size();
    for (std::size_t row = 0; row < y_.size(); ++row) {
      const Values x = inputs_[0].subspan(row * n, n);
      y_[row] = std::max_element(x.begin(), x.end()) - x.begin();
    }
  }

  void expect(std::int64_t value, Width width, std::string_view what) const {
    if (width.range().contains(value)) return;
    throw InternalError(fmt::format("{}: {} is {}, which {} ({}) does not hold",
                                    describe(program_, node_), what, value, to_string(width),
                                    to_string(width.range())));
  }

 private:
  void expect_sums(std::int64_t positive, std::int64_t negative, Width accumulator) const {
    if (!traps_) return;
    expect(positive, accumulator, "a partial sum");
    expect(negative, accumulator, "a partial sum");
  }

  void pool(const graph::Window& window, std::int64_t start, auto&& join) const {
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const Values x =
          inputs_[0].subspan(i / window.num_outputs() * window.num_inputs(), window.num_inputs());
      y_[i] = start;
      window.for_each_tap(i % window.num_outputs(),
                          [&](std::size_t at, std::size_t) { y_[i] = join(y_[i], x[at]); });
    }
  }

  const Shape& input_shape() const { return program_.buffer(node_.inputs[0]).shape; }

  const Program& program_;
  const Node& node_;
  const std::vector<Values>& inputs_;
  std::span<std::int64_t> y_;
  bool traps_;
};

}  // namespace

void run_op(const Program& program, const Node& node, const std::vector<Values>& inputs,
            std::span<std::int64_t> output, bool traps) {
  const Runner runner(program, node, inputs, output, traps);
  std::visit(runner, node.op);
  if (!traps) return;
  for (const std::int64_t value : output) {
    runner.expect(value, program.buffer(node.outputs.front()).width, "a value");
  }
}

}  // namespace pare::program
