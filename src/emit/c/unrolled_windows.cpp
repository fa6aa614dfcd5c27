#include "emit/c/unrolled_windows.h"

#include "emit/c/unrolled_linear.h"

namespace pare::emit::c {
namespace {

/// One group of a convolution at one position: its inputs, and the weights of its outputs on them.
struct Position {
  std::vector<Value> x;
  std::vector<std::int64_t> weight;  ///< [group outputs, x]
};

}  // namespace

std::vector<Value> window_values(std::span<const Value> x, const graph::Window& window,
                                 std::size_t i) {
  const auto channel =
      x.subspan(i / window.num_outputs() * window.num_inputs(), window.num_inputs());
  std::vector<Value> values;
  window.for_each_tap(i % window.num_outputs(),
                      [&](std::size_t at, std::size_t) { values.push_back(channel[at]); });
  return values;
}

std::vector<Value> unroll_conv(std::span<const Value> x, const program::Constant& weight,
                               std::span<const std::int64_t> bias, std::int64_t groups,
                               const graph::Window& window, Statements& statements) {
  const auto num_outputs = static_cast<std::size_t>(weight.shape[0]);
  const auto group_inputs = static_cast<std::size_t>(weight.shape[1]);
  const std::size_t group_outputs = num_outputs / static_cast<std::size_t>(groups);
  const std::size_t taps = window.num_taps();
  const auto bias_of = [&](std::size_t m) { return bias.empty() ? 0 : bias[m]; };

  const auto gather = [&](std::size_t group, std::size_t position) {
    Position part;
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < group_inputs; ++c) {
      const auto channel =
          x.subspan((group * group_inputs + c) * window.num_inputs(), window.num_inputs());
      window.for_each_tap(position, [&](std::size_t at, std::size_t k) {
        part.x.push_back(channel[at]);
        columns.push_back(c * taps + k);
      });
    }
    for (std::size_t m = group * group_outputs; m < (group + 1) * group_outputs; ++m) {
      for (const std::size_t column : columns) {
        part.weight.push_back(weight.values[m * group_inputs * taps + column]);
      }
    }
    return part;
  };

  std::vector<Value> y(num_outputs * window.num_outputs());
  for (std::size_t position = 0; position < window.num_outputs(); ++position) {
    for (std::size_t group = 0; group < static_cast<std::size_t>(groups); ++group) {
      const Position part = gather(group, position);
      const std::size_t first = group * group_outputs;
      std::vector<Value> sums;
      if (part.x.empty()) {
        // Nothing but padding.
        for (std::size_t i = 0; i < group_outputs; ++i) {
          sums.push_back(Statements::constant(bias_of(first + i)));
        }
      } else {
        std::vector<Interval> intervals;
        for (std::size_t i = 0; i < group_outputs; ++i) {
          const auto row = std::span(part.weight).subspan(i * part.x.size(), part.x.size());
          intervals.push_back(sum_interval(part.x, row, bias_of(first + i)));
        }
        const auto biases = bias.empty() ? bias : bias.subspan(first, group_outputs);
        sums = unroll_linear(part.x, part.weight, biases, intervals, statements);
      }
      for (std::size_t i = 0; i < group_outputs; ++i) {
        y[(first + i) * window.num_outputs() + position] = sums[i];
      }
    }
  }
  return y;
}

}  // namespace pare::emit::c
