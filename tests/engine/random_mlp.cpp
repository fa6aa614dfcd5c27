#include "engine/random_mlp.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "program/intervals.h"
#include "program/random_inputs.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::ConstantId;
using program::Interval;
using program::Width;

class RandomMlp {
 public:
  explicit RandomMlp(std::uint64_t seed) : random_(seed) {
    program_.name = "mlp " + std::to_string(seed);
  }

  program::Program make() {
    const int bits = random_.one_in(3) ? static_cast<int>(random_.in(9, 16))
                                       : static_cast<int>(random_.in(1, 8));
    Shape shape{size()};
    if (random_.one_in(8)) shape.insert(shape.begin(), random_.in(2, 3));
    const Width width{bits, random_.one_in(2)};
    x_ = add(width, shape, {width.range()});
    program_.inputs = {x_};
    const std::int64_t num_layers = random_.in(1, 4);
    for (std::int64_t i = 0; i < num_layers; ++i) {
      add_linear();
      if (i + 1 < num_layers || random_.one_in(2)) add_requantize();
    }
    program_.outputs = {x_};
    // Sums that something else reads are stored.
    if (random_.one_in(4)) {
      program_.outputs.push_back({static_cast<std::uint32_t>(program_.buffers.size() / 2)});
    }
    program_.sections = {std::move(section_)};
    return std::move(program_);
  }

 private:
  std::int64_t size() { return random_.one_in(4) ? random_.in(1, 130) : random_.in(1, 40); }

  BufferId add(Width width, Shape shape, program::Intervals intervals) {
    known_.push_back(std::move(intervals));
    return add_buffer(program_,
                      {"b" + std::to_string(program_.buffers.size()), width, std::move(shape)});
  }

  ConstantId add_values(Shape shape, std::vector<std::int64_t> values) {
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    program::Constant constant{.name = "c" + std::to_string(program_.constants.size()),
                               .width = program::narrowest({*lowest, *highest}),
                               .shape = std::move(shape)};
    constant.values = std::move(values);
    return add_constant(program_, std::move(constant));
  }

  template <class Next>
  ConstantId add_list(Shape shape, Next&& next) {
    std::vector<std::int64_t> values;
    for (std::int64_t i = num_elements(shape); i > 0; --i) values.push_back(next());
    return add_values(std::move(shape), std::move(values));
  }

  void add_linear() {
    const Shape& shape = program_.buffer(x_).shape;
    const std::int64_t n = shape.back();
    const std::int64_t m = size();
    const auto bits = static_cast<int>(random_.one_in(6) ? 16 : random_.in(1, 8));
    const Interval range = Width{bits, true}.range();
    const std::int64_t density = random_.in(0, 10);  // tenths
    std::vector<std::int64_t> weight;
    for (std::int64_t i = 0; i < m * n; ++i) {
      const bool is_kept = random_.in(1, 10) <= density;
      const std::int64_t rail = random_.one_in(2) ? range.lowest : range.highest;
      const std::int64_t code = random_.one_in(4) ? rail : random_.in(range.lowest, range.highest);
      weight.push_back(is_kept ? code : 0);
    }
    program::Linear op{.weight = add_values({m, n}, std::move(weight))};
    if (random_.one_in(2)) op.bias = add_list({m}, [&] { return random_.of_bits(16); });
    Shape y = shape;
    y.back() = m;
    append(op, std::move(y));
  }

  /// Codes of 1 to 16 bits that use about the whole range of the sums.
  void add_requantize() {
    const Shape shape = program_.buffer(x_).shape;
    Shape by_output(shape.size(), 1);
    if (!random_.one_in(3)) by_output.back() = shape.back();
    const Interval sums = program::hull(known_[x_.value]);
    const double largest = std::max(std::abs(static_cast<double>(sums.lowest)),
                                    std::abs(static_cast<double>(sums.highest)));
    const Width width{static_cast<int>(random_.one_in(4) ? random_.in(9, 16) : random_.in(1, 8)),
                      random_.one_in(2)};
    const double codes = static_cast<double>(width.range().highest) + 1;
    // Powers of two alone, or multipliers of 24 bits.
    const int multiplier_bits = random_.one_in(3) ? 1 : static_cast<int>(random_.in(2, 24));
    const double step = std::max(1.0, std::log2(std::max(largest, 1.0) / codes));
    const auto shift = static_cast<std::int64_t>(step) + multiplier_bits - 1;
    program::Requantize op;
    op.multiplier = add_list(by_output, [&] {
      const std::int64_t top = std::int64_t{1} << (multiplier_bits - 1);
      const std::int64_t value = multiplier_bits == 1 ? 1 : random_.in(top, 2 * top - 1);
      return random_.one_in(5) ? -value : value;
    });
    op.addend = add_list(by_output, [&] { return random_.of_bits(static_cast<int>(shift)); });
    op.shift = add_list({1}, [&] { return shift; });
    op.rounding = random_.one_in(2) ? program::Rounding::kHalfEven
                                    : static_cast<program::Rounding>(random_.in(0, 5));
    op.lowest = width.range().lowest;
    op.highest = width.range().highest;
    if (random_.one_in(3)) op.lowest = std::min<std::int64_t>(op.highest, op.lowest + 1);
    append(op, shape);
  }

  void append(program::Op op, Shape shape) {
    program::Node node{std::move(op), {x_}, {}};
    program::OpIntervals result = op_intervals(program_, node, known_);
    if (auto* linear = std::get_if<program::Linear>(&node.op)) {
      linear->accumulator = program::narrowest(*result.partial_sums);
    }
    Width width = program::narrowest(program::hull(result.output));
    if (const auto* requantize = std::get_if<program::Requantize>(&node.op)) {
      width = program::narrowest({requantize->lowest, requantize->highest});
    }
    x_ = add(width, std::move(shape), std::move(result.output));
    node.outputs = {x_};
    section_.nodes.push_back(std::move(node));
  }

  program::RandomNumbers random_;
  program::Program program_;
  std::vector<program::Intervals> known_;
  program::Section section_;
  BufferId x_ = {};
};

}  // namespace

program::Program random_mlp(std::uint64_t seed) { return RandomMlp(seed).make(); }

}  // namespace pare::engine
