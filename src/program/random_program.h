#pragma once

// Random programs for tests of everything that runs programs: every op and encoding, odd
// shapes, 1 to 16 bit codes, tight widths, all kinds of sections, states. The same seed gives the
// same program everywhere.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "program/intervals.h"
#include "program/program.h"
#include "program/random_inputs.h"
#include "program/random_window.h"

namespace pare::program {

struct RandomProgramOptions {
  int max_ops = 12;       ///< a section
  bool has_loops = true;  ///< false: one section that runs once
  std::int64_t max_axis = 9;
};

class RandomProgram {
 public:
  RandomProgram(std::uint64_t seed, RandomProgramOptions options)
      : random_(seed), options_(options) {
    program_.name = "random " + std::to_string(seed);
  }

  Program make() {
    using enum SectionKind;
    add_input({});
    if (!options_.has_loops || random_.one_in(3)) {
      add_section(kOnce);
    } else {
      program_.trip_counts = {"T"};
      add_input(TripCountId{0});
      std::vector<SectionKind> kinds = {random_.one_in(3) ? kBackward : kForward};
      if (random_.one_in(3)) kinds.push_back(kBackward);
      if (random_.one_in(2)) kinds.insert(kinds.begin(), kOnce);
      if (random_.one_in(2)) kinds.push_back(kOnce);
      for (const SectionKind kind : kinds) add_section(kind);
    }
    const auto num_buffers = static_cast<std::int64_t>(program_.buffers.size());
    for (std::int64_t i = std::max<std::int64_t>(0, num_buffers - random_.in(1, 4));
         i < num_buffers; ++i) {
      program_.outputs.push_back({static_cast<std::uint32_t>(i)});
    }
    return std::move(program_);
  }

 private:
  using Time = std::optional<TripCountId>;

  static constexpr std::int64_t kMostElements = 400;  ///< of a buffer

  // ---------------------------------------------------------------------------------- buffers

  BufferId add(std::string name, Width width, Shape shape, Time each, Intervals intervals) {
    known_.push_back(std::move(intervals));
    Buffer buffer{std::move(name), width, std::move(shape), each};
    if (random_.one_in(3)) {
      buffer.origin = Origin{"wire \"" + buffer.name + "\""};
      if (random_.one_in(2)) {
        for (std::int64_t c = 0; c < buffer.shape.front(); ++c) {
          buffer.origin->kept.push_back(2 * c + 1);
        }
      }
    }
    return add_buffer(program_, std::move(buffer));
  }

  std::string new_name(std::string_view what) {
    return std::string(what) + std::to_string(program_.buffers.size());
  }

  Width random_width() { return {static_cast<int>(random_.in(1, 16)), random_.one_in(2)}; }

  Shape random_shape() {
    Shape shape(static_cast<std::size_t>(random_.one_in(2) ? 1 : random_.in(1, 4)));
    const std::int64_t longest = shape.size() == 4 ? 4 : options_.max_axis;
    for (std::int64_t& size : shape) size = random_.in(1, longest);
    return shape;
  }

  void add_input(Time each) {
    const Width width = random_width();
    program_.inputs.push_back(add(new_name("input"), width, random_shape(), each, {width.range()}));
    readable_.push_back(program_.inputs.back());
  }

  const Shape& shape(BufferId id) const { return program_.buffer(id).shape; }
  int bits(BufferId id) const { return program_.buffer(id).width.bits; }

  /// A buffer that the section can read, of at most so many bits; later ones more likely.
  std::optional<BufferId> pick(int max_bits) {
    std::vector<BufferId> fit;
    for (const BufferId id : readable_) {
      const Time each = program_.buffer(id).each;
      if ((!each || each == time_) && bits(id) <= max_bits) fit.push_back(id);
    }
    if (fit.empty()) return std::nullopt;
    const auto last = static_cast<std::int64_t>(fit.size()) - 1;
    return fit[static_cast<std::size_t>(std::max(random_.in(0, last), random_.in(0, last)))];
  }

  // -------------------------------------------------------------------------------- constants

  ConstantId add_values(Shape shape, std::vector<std::int64_t> values,
                        Encoding encoding = Uniform{},
                        std::optional<std::int64_t> circulant = std::nullopt) {
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    const Interval range{*lowest, *highest};
    return add_constant(program_,
                        {"c" + std::to_string(program_.constants.size()), narrowest(range),
                         std::move(shape), encoding, circulant, std::move(values)});
  }

  std::vector<std::int64_t> values(std::int64_t count, auto&& make) {
    std::vector<std::int64_t> list(static_cast<std::size_t>(count));
    for (std::int64_t& value : list) value = make();
    return list;
  }

  ConstantId add_weight(std::int64_t m, std::int64_t n, bool may_be_circulant = true) {
    const int width = static_cast<int>(random_.in(1, 16));
    const std::int64_t zeros = random_.in(1, 4);
    Encoding encoding = Uniform{};
    const auto code = [&]() -> std::int64_t {
      if (zeros < 4 && random_.one_in(zeros)) return 0;
      const std::int64_t limit = std::int64_t{1} << (width - 1);
      if (random_.one_in(4)) return random_.one_in(2) ? -limit : limit - 1;
      return random_.in(-limit, limit - 1);
    };
    std::vector<std::int64_t> list = values(m * n, code);
    switch (random_.in(0, 5)) {
      case 5:
        encoding = Binary{};
        list = values(m * n, [&] { return 2 * random_.in(0, 1) - 1; });
        break;
      case 0:
        encoding = Ternary{};
        list = values(m * n, [&] { return random_.in(-1, 1); });
        break;
      case 1: {
        const int terms = static_cast<int>(random_.in(1, 3));
        encoding = SignedDigits{terms};
        list = values(m * n, [&] {
          std::int64_t sum = 0;
          for (int i = 0; i < terms; ++i)
            sum += random_.in(-1, 1) * (std::int64_t{1} << random_.in(0, 12));
          return sum;
        });
        break;
      }
      default:
        break;
    }
    std::vector<std::int64_t> blocks;
    for (std::int64_t k = 2; k <= std::min(m, n); ++k) {
      if (m % k == 0 && n % k == 0) blocks.push_back(k);
    }
    if (!may_be_circulant || blocks.empty() || random_.one_in(2))
      return add_values({m, n}, std::move(list), encoding);
    const std::int64_t k = blocks[static_cast<std::size_t>(
        random_.in(0, static_cast<std::int64_t>(blocks.size()) - 1))];
    list.resize(static_cast<std::size_t>(m * n / k));
    return add_values({m, n}, std::move(list), encoding, k);
  }

  /// A shape that broadcasts to `to`.
  Shape broadcasting(const Shape& to) {
    if (random_.one_in(4)) return {1};
    Shape shape = to;
    for (std::int64_t& size : shape) {
      if (random_.one_in(3)) size = 1;
    }
    return shape;
  }

  // -------------------------------------------------------------------------------------- ops

  /// Adds an op whose output gets a width that just holds it, or a few bits more.
  BufferId add_op(Op op, std::vector<BufferId> inputs, Shape shape) {
    Node node{std::move(op), std::move(inputs), {}};
    OpIntervals result = op_intervals(program_, node, known_);
    Width width = narrowest(hull(result.output));
    if (Width* accumulator = accumulator_of(node.op)) {
      *accumulator = widened(narrowest(*result.partial_sums));
    }
    if (Requantize* op_range = std::get_if<Requantize>(&node.op)) {
      width = narrowest({op_range->lowest, op_range->highest});
    } else if (Clamp* clamp = std::get_if<Clamp>(&node.op)) {
      width = narrowest({clamp->lowest, clamp->highest});
    }
    const BufferId id = add(new_name(kind_of(node.op)), widened(width), std::move(shape), time_,
                            std::move(result.output));
    readable_.push_back(id);
    node.outputs = {id};
    section_.nodes.push_back(std::move(node));
    return id;
  }

  Width widened(Width width) {
    if (random_.one_in(4)) width.bits += static_cast<int>(random_.in(1, 3));
    return width;
  }

  void add_linear(BufferId x) {
    const std::int64_t n = shape(x).back();
    const std::int64_t rows = num_elements(shape(x)) / n;
    const std::int64_t m = random_.in(1, std::min(options_.max_axis, kMostElements / rows));
    Linear op{add_weight(m, n)};
    if (random_.one_in(2))
      op.bias = add_values({m}, values(m, [&] { return random_.of_bits(20); }));
    std::vector<BufferId> inputs = {x};
    for (const BufferId id : readable_) {
      const std::int64_t size = num_elements(shape(id));
      const Time each = program_.buffer(id).each;
      if ((each && each != time_) || m % size != 0 || !random_.one_in(3)) continue;
      op.predicate_block = m / size;
      inputs.push_back(id);
      break;
    }
    Shape y = shape(x);
    y.back() = m;
    add_op(op, std::move(inputs), std::move(y));
  }

  void add_conv(BufferId x) {
    const graph::PoolWindow sliding = random_window(random_, shape(x));
    const graph::Window window = graph::make_window(shape(x), sliding, "random");
    std::vector<std::int64_t> divisors;
    for (std::int64_t g = 1; g <= shape(x).front(); ++g) {
      if (shape(x).front() % g == 0) divisors.push_back(g);
    }
    Conv op;
    op.groups = random_.one_in(2) ? 1
                                  : divisors[static_cast<std::size_t>(random_.in(
                                        0, static_cast<std::int64_t>(divisors.size()) - 1))];
    const std::int64_t positions = static_cast<std::int64_t>(window.num_outputs());
    const std::int64_t per_group =
        random_.in(1, std::max<std::int64_t>(1, options_.max_axis / op.groups));
    const std::int64_t m = per_group * op.groups;
    if (m * positions > kMostElements) return;
    const std::int64_t n =
        shape(x).front() / op.groups * static_cast<std::int64_t>(window.num_taps());
    op.weight = add_weight(m, n, false);
    Shape& weight = program_.constants[op.weight.value].shape;
    weight = {m, shape(x).front() / op.groups};
    weight.insert(weight.end(), sliding.size.begin(), sliding.size.end());
    op.stride = sliding.stride;
    op.padding = sliding.padding;
    op.dilation = sliding.dilation;
    if (random_.one_in(2)) {
      op.bias = add_values({m}, values(m, [&] { return random_.of_bits(20); }));
    }
    add_op(op, {x}, output_shape(window, m, shape(x)));
  }

  void add_pool(BufferId x) {
    const graph::PoolWindow pool = random_window(random_, shape(x));
    const graph::Window window = graph::make_window(shape(x), pool, "random");
    Shape y = output_shape(window, shape(x).front(), shape(x));
    if (num_elements(y) > kMostElements) return;
    if (random_.one_in(2) && window.is_covered()) {
      add_op(MaxPool{pool}, {x}, std::move(y));
    } else {
      add_op(SumPool{pool}, {x}, std::move(y));
    }
  }

  void add_requantize(BufferId x) {
    const Shape multiplier = broadcasting(shape(x));
    const Shape addend = broadcasting(shape(x));
    const Shape shift = broadcasting(shape(x));
    const Interval range = random_width().range();
    const std::int64_t a = random_.in(range.lowest, range.highest);
    const std::int64_t b = random_.in(range.lowest, range.highest);
    Requantize op;
    op.multiplier = add_values(
        multiplier, values(num_elements(multiplier), [&] { return random_.of_bits(24); }));
    op.addend =
        add_values(addend, values(num_elements(addend), [&] { return random_.of_bits(39); }));
    const std::int64_t largest_shift = random_.one_in(5) ? 62 : std::min(62, 14 + bits(x));
    op.shift = add_values(
        shift, values(num_elements(shift), [&] { return random_.in(0, largest_shift); }));
    op.rounding = static_cast<Rounding>(random_.in(0, 7));
    op.lowest = random_.one_in(2) ? range.lowest : std::min(a, b);
    op.highest = op.lowest == range.lowest ? range.highest : std::max(a, b);
    add_op(op, {x}, shape(x));
  }

  /// Rows of `size` numbers near the range of x.
  ConstantId add_table(Shape leading, std::int64_t size, Interval range, bool is_ascending) {
    std::vector<std::int64_t> list;
    for (std::int64_t row = num_elements(leading); row > 0; --row) {
      std::vector<std::int64_t> part =
          values(size, [&] { return random_.in(range.lowest, range.highest); });
      if (is_ascending) std::sort(part.begin(), part.end());
      list.insert(list.end(), part.begin(), part.end());
    }
    leading.push_back(size);
    return add_values(std::move(leading), std::move(list));
  }

  void add_threshold(BufferId x) {
    const std::int64_t size = random_.in(1, 15);
    const Interval range = hull(known_[x.value]);
    const Shape thresholds = broadcasting(shape(x));
    const Shape codes = broadcasting(shape(x));
    Threshold op;
    op.thresholds = add_table(thresholds, size, {range.lowest - 1, range.highest + 1}, true);
    op.codes = add_table(codes, size + 1, random_width().range(), random_.one_in(2));
    add_op(op, {x}, shape(x));
  }

  void add_lookup(BufferId x) {
    const Interval range = hull(known_[x.value]);
    const Shape leading = broadcasting(shape(x));
    Lookup op;
    op.first = random_.in(range.lowest, range.highest);
    op.table = add_table(leading, random_.in(1, 20), random_width().range(), false);
    add_op(op, {x}, shape(x));
  }

  void add_concat(BufferId x) {
    std::vector<BufferId> inputs = {x};
    Shape y = shape(x);
    for (const BufferId id : readable_) {
      const Time each = program_.buffer(id).each;
      if ((each && each != time_) ||
          !std::equal(shape(id).begin() + 1, shape(id).end(), y.begin() + 1, y.end())) {
        continue;
      }
      if (inputs.size() == 3 || num_elements(y) + num_elements(shape(id)) > kMostElements) break;
      inputs.push_back(id);
      y.front() += shape(id).front();
    }
    add_op(Concat{}, std::move(inputs), std::move(y));
  }

  void add_transpose(BufferId x) {
    Transpose op;
    Shape y;
    for (std::size_t axis = 0; axis < shape(x).size(); ++axis) {
      const auto place = random_.in(0, static_cast<std::int64_t>(axis));
      op.order.insert(op.order.begin() + place, static_cast<std::int64_t>(axis));
      y.insert(y.begin() + place, shape(x)[axis]);
    }
    add_op(std::move(op), {x}, std::move(y));
  }

  void add_pair(Op op, BufferId a) {
    BufferId b = a;
    for (const BufferId id : readable_) {
      const Time each = program_.buffer(id).each;
      if ((each && each != time_) || shape(id) != shape(a) || bits(id) > 40) continue;
      if (random_.one_in(2)) b = id;
    }
    add_op(std::move(op), {a, b}, shape(a));
  }

  void add_product(BufferId a) {
    BufferId b = a;
    for (const BufferId id : readable_) {
      const Time each = program_.buffer(id).each;
      if ((each && each != time_) || shape(id) != shape(a) || bits(id) + bits(a) > 40) continue;
      if (b == a || random_.one_in(2)) b = id;
    }
    if (bits(a) + bits(b) > 40) return add_pair(Maximum{}, a);
    add_op(Multiply{}, {a, b}, shape(a));
  }

  void add_any_op() {
    const std::int64_t choice = random_.in(0, 16);
    const bool has_weights = choice <= 2 || choice == 12 || choice == 13;
    const auto x = pick(has_weights ? 16 : 38);
    if (!x) return;
    const bool has_window = choice >= 12 && choice <= 14;
    if (has_window && shape(*x).size() == 1) return;
    const Interval range = hull(known_[x->value]);
    switch (choice) {
      case 0:
      case 1:
      case 2:
        return add_linear(*x);
      case 3:
      case 4:
        return add_requantize(*x);
      case 5:
        return add_threshold(*x);
      case 6: {
        const std::int64_t a = random_.in(range.lowest, range.highest);
        const std::int64_t b = random_.in(range.lowest, range.highest);
        add_op(Clamp{std::min(a, b), std::max(a, b)}, {*x}, shape(*x));
        return;
      }
      case 7:
        return add_pair(Add{}, *x);
      case 8:
        return add_concat(*x);
      case 9: {
        add_op(Copy{}, {*x}, {num_elements(shape(*x))});
        if (!random_.one_in(2)) return;
        Shape y = shape(*x);
        y.back() = 1;
        add_op(ArgMax{}, {*x}, std::move(y));
        return;
      }
      case 10:
        return add_transpose(*x);
      case 11:
        return random_.one_in(2) ? add_pair(Maximum{}, *x) : add_product(*x);
      case 12:
      case 13:
        return add_conv(*x);
      case 14:
        return add_pool(*x);
      default:
        return add_lookup(*x);
    }
  }

  // --------------------------------------------------------------------------------- sections

  /// A state and its line's next element, and what they are made of at the end of the step.
  void add_states() {
    const auto x = pick(20);
    const Width width{static_cast<int>(random_.in(2, 16)), true};
    const Shape of = shape(*x);
    const ConstantId initial =
        random_.one_in(2)
            ? add_values({1}, {0})
            : add_values(of, values(num_elements(of), [&] {
                           return random_.in(width.range().lowest, width.range().highest);
                         }));
    const BufferId sum = add(new_name("state"), width, of, {}, {width.range()});
    const BufferId delayed = add(new_name("delayed"), width, of, {}, {width.range()});
    readable_.push_back(sum);
    readable_.push_back(delayed);
    const BufferId added = add_op(Add{}, {sum, *x}, of);
    // Clamped to the state's width whatever it needs.
    const BufferId next = add_op(Clamp{width.range().lowest, width.range().highest}, {added}, of);
    program_.buffers[next.value].width = width;
    section_.states.push_back({sum, initial, next});
    section_.states.push_back({delayed, initial, sum});
  }

  void add_section(SectionKind kind) {
    section_ = {.kind = kind};
    time_ = kind == SectionKind::kOnce ? Time{} : Time{TripCountId{0}};
    if (time_ && random_.one_in(2)) add_states();
    for (std::int64_t i = random_.in(1, options_.max_ops); i > 0; --i) add_any_op();
    program_.sections.push_back(std::move(section_));
  }

  RandomNumbers random_;
  RandomProgramOptions options_;
  Program program_;
  std::vector<Intervals> known_;  ///< by BufferId
  std::vector<BufferId> readable_;
  Section section_;
  Time time_;
};

/// A program that passes check.
inline Program random_program(std::uint64_t seed, RandomProgramOptions options = {}) {
  return RandomProgram(seed, options).make();
}

}  // namespace pare::program
