#include "networks/random_nets.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "program/intervals.h"
#include "program/random_inputs.h"

namespace pare::networks {
namespace {

using program::BufferId;
using program::ConstantId;
using program::Interval;
using program::Width;

class RandomNet {
 public:
  explicit RandomNet(std::uint64_t seed) : random_(seed) {
    program_.name = "net " + std::to_string(seed);
  }

  program::Program make_mlp() {
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
      if (i + 1 < num_layers || random_.one_in(2)) {
        add_requantize(program_.buffer(x_).shape.size() - 1);
      }
    }
    program_.outputs = {x_};
    // Sums that something else reads are stored.
    if (random_.one_in(4)) {
      program_.outputs.push_back({static_cast<std::uint32_t>(program_.buffers.size() / 2)});
    }
    program_.sections = {std::move(section_)};
    return std::move(program_);
  }

  /// Convolutions, most of them with stride 1, poolings, and sometimes linear layers behind them.
  program::Program make_cnn() {
    const std::int64_t num_axes = random_.one_in(4) ? random_.in(1, 3) : 2;
    Shape shape{random_.one_in(3) ? 1 : random_.in(1, 9)};
    for (std::int64_t i = 0; i < num_axes; ++i) {
      shape.push_back(num_axes == 1 ? random_.in(3, 70) : random_.in(3, 13));
    }
    const Width width{static_cast<int>(random_.one_in(5) ? random_.in(9, 12) : random_.in(1, 8)),
                      random_.one_in(2)};
    x_ = add(width, shape, {width.range()});
    program_.inputs = {x_};
    const std::int64_t num_layers = random_.in(1, 4);
    for (std::int64_t i = 0; i < num_layers; ++i) {
      add_conv();
      if (i + 1 < num_layers || random_.one_in(2)) add_requantize(0);
      if (random_.one_in(2)) add_pool();
    }
    if (random_.one_in(2)) {
      append(program::Copy{}, {num_elements(program_.buffer(x_).shape)});
      if (random_.one_in(2)) add_linear();
    }
    program_.outputs = {x_};
    if (random_.one_in(4)) {
      program_.outputs.push_back({static_cast<std::uint32_t>(program_.buffers.size() / 2)});
    }
    program_.sections = {std::move(section_)};
    return std::move(program_);
  }

  program::Program make_snn() {
    program_.trip_counts = {"T"};
    const std::int64_t num_axes = random_.in(0, 3);
    Shape shape{random_.one_in(3) ? random_.in(1, 3) : random_.in(1, 70)};
    for (std::int64_t i = 0; i < num_axes; ++i) shape.push_back(random_.in(2, 6));
    const Width width{random_.one_in(3) ? 1 : static_cast<int>(random_.in(1, 8)),
                      random_.one_in(2)};
    // The same at each step, mostly behind a layer that runs once, or something else at each.
    if (random_.one_in(3)) each_ = program::TripCountId{0};
    x_ = add(width, shape, {width.range()});
    program_.inputs = {x_};
    if (!each_ && random_.one_in(2)) {
      add_layer();
      program_.sections.push_back(std::move(section_));
      section_ = {};
    }
    each_ = program::TripCountId{0};
    section_.kind =
        random_.one_in(5) ? program::SectionKind::kBackward : program::SectionKind::kForward;
    for (std::int64_t i = random_.in(1, 3); i > 0; --i) {
      if (random_.one_in(2)) add_layer();
      add_neurons();
      if (num_axes > 0 && random_.one_in(3)) add_pool();
    }
    if (random_.one_in(2)) append(program::Copy{}, {num_elements(program_.buffer(x_).shape)});
    if (random_.one_in(2)) add_layer();
    program_.outputs = {x_};
    if (random_.one_in(3)) {
      const std::int64_t last = static_cast<std::int64_t>(program_.buffers.size()) - 1;
      program_.outputs.push_back({static_cast<std::uint32_t>(random_.in(1, last))});
    }
    program_.sections.push_back(std::move(section_));
    return std::move(program_);
  }

 private:
  std::int64_t size() { return random_.one_in(4) ? random_.in(1, 130) : random_.in(1, 40); }

  BufferId add(Width width, Shape shape, program::Intervals intervals) {
    known_.push_back(std::move(intervals));
    return add_buffer(
        program_, {"b" + std::to_string(program_.buffers.size()), width, std::move(shape), each_});
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

  /// Codes of 1 to 8, or 16 bits, some of them zero.
  ConstantId add_weight(Shape shape) {
    const auto bits = static_cast<int>(random_.one_in(6) ? 16 : random_.in(1, 8));
    const Interval range = Width{bits, true}.range();
    const std::int64_t density = random_.in(0, 10);  // tenths
    return add_list(std::move(shape), [&] {
      const bool is_kept = random_.in(1, 10) <= density;
      const std::int64_t rail = random_.one_in(2) ? range.lowest : range.highest;
      const std::int64_t code = random_.one_in(4) ? rail : random_.in(range.lowest, range.highest);
      return is_kept ? code : 0;
    });
  }

  void add_conv() {
    const Shape& shape = program_.buffer(x_).shape;
    const std::size_t num_axes = shape.size() - 1;
    const std::int64_t groups = random_.one_in(5) ? shape[0] : 1;
    const std::int64_t m = groups * random_.in(1, groups == 1 ? 20 : 2);
    Shape weight{m, shape[0] / groups};
    program::Conv op;
    op.groups = groups;
    op.padding.assign(2 * num_axes, 0);
    Shape y{m};
    for (std::size_t i = 0; i < num_axes; ++i) {
      const std::int64_t size = shape[i + 1];
      const std::int64_t kernel = std::min(size, random_.in(1, random_.one_in(4) ? 6 : 3));
      const std::int64_t dilation = random_.one_in(6) && 2 * kernel - 1 <= size ? 2 : 1;
      const std::int64_t stride = random_.one_in(8) ? 2 : 1;
      if (random_.one_in(2)) {
        op.padding[i] = random_.in(0, kernel);
        op.padding[num_axes + i] = random_.in(0, kernel);
      }
      weight.push_back(kernel);
      op.stride.push_back(stride);
      op.dilation.push_back(dilation);
      const std::int64_t padded = size + op.padding[i] + op.padding[num_axes + i];
      y.push_back((padded - dilation * (kernel - 1) - 1) / stride + 1);
    }
    op.weight = add_weight(weight);
    if (random_.one_in(2)) op.bias = add_list({m}, [&] { return random_.of_bits(12); });
    append(op, std::move(y));
  }

  void add_pool() {
    const Shape& shape = program_.buffer(x_).shape;
    program::MaxPool op;
    Shape y{shape[0]};
    const bool is_usual = !random_.one_in(4);
    for (std::size_t i = 1; i < shape.size(); ++i) {
      const std::int64_t size = std::min(shape[i], is_usual ? 2 : random_.in(1, 3));
      op.window.size.push_back(size);
      op.window.stride.push_back(is_usual ? 2 : random_.in(1, 3));
      op.window.dilation.push_back(1);
      y.push_back((shape[i] - size) / op.window.stride.back() + 1);
    }
    op.window.padding.assign(2 * (shape.size() - 1), 0);
    append(op, std::move(y));
  }

  void add_linear() {
    const Shape& shape = program_.buffer(x_).shape;
    const std::int64_t n = shape.back();
    const std::int64_t m = size();
    program::Linear op{.weight = add_weight({m, n})};
    if (random_.one_in(2)) op.bias = add_list({m}, [&] { return random_.of_bits(16); });
    Shape y = shape;
    y.back() = m;
    append(op, std::move(y));
  }

  /// Codes of 1 to 16 bits that use about the whole range of the sums. `axis`: that of outputs.
  void add_requantize(std::size_t axis) {
    const Shape shape = program_.buffer(x_).shape;
    Shape by_output(shape.size(), 1);
    if (!random_.one_in(3)) by_output[axis] = shape[axis];
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
                                    : static_cast<program::Rounding>(random_.in(0, 7));
    op.lowest = width.range().lowest;
    op.highest = width.range().highest;
    if (random_.one_in(3)) op.lowest = std::min<std::int64_t>(op.highest, op.lowest + 1);
    append(op, shape);
  }

  void add_layer() {
    if (program_.buffer(x_).shape.size() > 1) return add_conv();
    add_linear();
  }

  /// A constant for all elements of x, or one a channel.
  template <class Next>
  ConstantId add_by_channel(std::vector<std::int64_t> behind, Next&& next) {
    const Shape& shape = program_.buffer(x_).shape;
    Shape constant{1};
    if (random_.one_in(2)) {
      constant.assign(shape.size(), 1);
      constant.front() = shape.front();
      constant.insert(constant.end(), behind.begin(), behind.end());
    }
    return add_list(constant, next);
  }

  /// As Lowering makes them of a Spike: x becomes what spiked.
  void add_neurons() {
    const Shape shape = program_.buffer(x_).shape;
    const Width width{static_cast<int>(random_.in(4, random_.one_in(4) ? 33 : 24)), true};
    const Interval ends{-width.range().highest, width.range().highest};
    program::TripCountId step = *each_;
    each_.reset();
    const BufferId membrane = add(width, shape, {width.range()});
    each_ = step;
    if (random_.one_in(2))
      add_factors(ends, 0, [&] { return std::int64_t{1} << random_.in(0, 5); });
    append(program::Add{}, {membrane, x_}, shape);
    const BufferId potential = x_;
    const Interval hull = program::hull(known_[potential.value]);
    const bool is_hard = random_.one_in(3);
    const std::int64_t reach = std::max<std::int64_t>(1, std::min(hull.highest, ends.highest) / 4);
    program::Threshold threshold{add_by_channel({1}, [&] { return random_.in(-reach / 8, reach); }),
                                 add_values({2}, {0, 1})};
    append(threshold, {potential}, shape);
    const BufferId spike = x_;
    if (is_hard) {
      threshold.codes = add_values({2}, {1, 0});
      append(threshold, {potential}, shape);
      append(program::Multiply{}, {potential, x_}, shape);
      add_leak(ends);
    } else {
      add_factors({-reach, 0}, 0,
                  [&] { return -random_.in(1, std::min<std::int64_t>(reach, 1 << 20)); });
      const BufferId drop = x_;
      x_ = potential;
      const bool leaks_first = random_.one_in(3);
      if (leaks_first) add_leak(hull);
      append(program::Add{}, {x_, drop}, shape);
      if (leaks_first) {
        append(program::Clamp{ends.lowest, ends.highest}, shape);
      } else {
        add_leak(ends);
      }
    }
    section_.states.push_back(
        {membrane, add_by_channel({}, [&] { return random_.one_in(2) ? 0 : random_.in(0, 7); }),
         x_});
    // One for all, or all.
    program::Constant& initial = program_.constants.back();
    if (initial.values.size() > 1) {
      initial.shape = shape;
      const std::size_t of_channel =
          static_cast<std::size_t>(num_elements(shape)) / initial.values.size();
      std::vector<std::int64_t> values;
      for (const std::int64_t value : initial.values)
        values.insert(values.end(), of_channel, value);
      initial.values = values;
    }
    x_ = spike;
  }

  void add_leak(Interval ends) {
    if (random_.one_in(2))
      return append(program::Clamp{ends.lowest, ends.highest}, program_.buffer(x_).shape);
    const int shift = static_cast<int>(random_.in(1, 10));
    add_factors(ends, shift, [&] { return random_.in(0, std::int64_t{1} << shift); });
  }

  /// x by factors of 2^-shift, one for all or one a channel.
  template <class Next>
  void add_factors(Interval ends, int shift, Next&& next) {
    if (program_.buffer(x_).width.bits > 36) {
      // More than a requantize takes.
      return append(program::Clamp{ends.lowest, ends.highest}, program_.buffer(x_).shape);
    }
    program::Requantize op;
    op.multiplier = add_by_channel({}, next);
    op.addend = add_list({1}, [] { return std::int64_t{0}; });
    op.shift = add_list({1}, [&] { return std::int64_t{shift}; });
    op.lowest = ends.lowest;
    op.highest = ends.highest;
    append(op, program_.buffer(x_).shape);
  }

  void append(program::Op op, Shape shape) { append(std::move(op), {x_}, std::move(shape)); }

  void append(program::Op op, std::vector<BufferId> inputs, Shape shape) {
    program::Node node{std::move(op), std::move(inputs), {}};
    program::OpIntervals result = op_intervals(program_, node, known_);
    if (auto* linear = std::get_if<program::Linear>(&node.op)) {
      linear->accumulator = program::narrowest(*result.partial_sums);
    }
    if (auto* conv = std::get_if<program::Conv>(&node.op)) {
      conv->accumulator = program::narrowest(*result.partial_sums);
    }
    Width width = program::narrowest(program::hull(result.output));
    if (const auto* requantize = std::get_if<program::Requantize>(&node.op)) {
      width = program::narrowest({requantize->lowest, requantize->highest});
    }
    if (const auto* clamp = std::get_if<program::Clamp>(&node.op)) {
      width = program::narrowest({clamp->lowest, clamp->highest});
    }
    x_ = add(width, std::move(shape), std::move(result.output));
    node.outputs = {x_};
    section_.nodes.push_back(std::move(node));
  }

  program::RandomNumbers random_;
  program::Program program_;
  std::vector<program::Intervals> known_;
  program::Section section_;
  std::optional<program::TripCountId> each_;  // of what is added
  BufferId x_ = {};
};

}  // namespace

program::Program random_mlp(std::uint64_t seed) { return RandomNet(seed).make_mlp(); }

program::Program random_cnn(std::uint64_t seed) { return RandomNet(seed).make_cnn(); }

program::Program random_snn(std::uint64_t seed) { return RandomNet(seed).make_snn(); }

}  // namespace pare::networks
