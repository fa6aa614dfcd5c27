#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "base/transpose.h"
#include "program/broadcast.h"
#include "program/check.h"
#include "program/windows.h"

namespace pare::program {
namespace {

constexpr std::int64_t kMultiplierLimit = std::int64_t{1} << 24;
constexpr int kMaxRequantizeBits = 40;
constexpr std::int64_t kMaxShift = 62;

class OpCheck {
 public:
  OpCheck(const Program& program, const Node& node) : program_(program), node_(node) {}

  void operator()(const Linear& op) const {
    expect_inputs(op.predicate_block ? 2 : 1);
    const Shape& weight = program_.constant(op.weight).shape;
    if (weight.size() != 2 || weight[1] != input(0).back()) {
      fail(fmt::format("weight {} but input {}: expected [m, {}]", to_text(weight),
                       to_text(input(0)), input(0).back()));
    }
    Shape expected = input(0);
    expected.back() = weight[0];
    expect_output(expected);
    expect_layer(op.bias, weight[0], op.accumulator);
    if (!op.predicate_block) return;
    const std::int64_t block = *op.predicate_block;
    if (block < 1 || weight[0] % block != 0) {
      fail(fmt::format("predicate_block {} does not divide the {} outputs", block, weight[0]));
    }
    if (num_elements(input(1)) != weight[0] / block) {
      fail(fmt::format("predicate {}, expected {} elements", to_text(input(1)), weight[0] / block));
    }
  }

  void operator()(const Conv& op) const {
    expect_inputs(1);
    const Constant& constant = program_.constant(op.weight);
    const Shape& weight = constant.shape;
    expect_plain(constant, "the weight of a convolution");
    const bool fits = weight.size() == input(0).size() + 1 && op.groups >= 1 &&
                      op.groups <= kMaxElements && input(0).front() % op.groups == 0 &&
                      weight[1] == input(0).front() / op.groups && weight[0] % op.groups == 0;
    if (!fits) {
      fail(
          fmt::format("weight {} but input {} and {} groups: expected [m, channels / groups, "
                      "kernel …], m and channels multiples of groups",
                      to_text(weight), to_text(input(0)), op.groups));
    }
    expect_output(output_shape(window_of(program_, node_, op), weight[0], input(0)));
    expect_layer(op.bias, weight[0], op.accumulator);
  }

  void operator()(const MaxPool& op) const {
    expect_inputs(1);
    const graph::Window window = window_of(program_, node_, op);
    if (!window.is_covered()) fail("a window holds nothing but padding");
    expect_output(output_shape(window, input(0).front(), input(0)));
  }

  void operator()(const SumPool& op) const {
    expect_inputs(1);
    expect_output(output_shape(window_of(program_, node_, op), input(0).front(), input(0)));
  }

  void operator()(const Requantize& op) const {
    expect_inputs(1);
    expect_output(input(0));
    expect_range(op.lowest, op.highest);
    expect_broadcast(op.multiplier, "multiplier");
    expect_broadcast(op.addend, "addend");
    expect_broadcast(op.shift, "shift");
    expect_values(op.multiplier, "multiplier", {1 - kMultiplierLimit, kMultiplierLimit - 1});
    expect_values(op.shift, "shift", {0, kMaxShift});
    const Width width = program_.buffer(node_.inputs[0]).width;
    if (width.bits > kMaxRequantizeBits) {
      fail(fmt::format("input of {} bits, at most {} can be requantized", width.bits,
                       kMaxRequantizeBits));
    }
  }

  void operator()(const Threshold& op) const {
    expect_inputs(1);
    expect_output(input(0));
    expect_table(op.thresholds, "thresholds");
    expect_table(op.codes, "codes");
    const Constant& thresholds = program_.constant(op.thresholds);
    const std::int64_t size = thresholds.shape.back();
    const std::int64_t num_codes = program_.constant(op.codes).shape.back();
    if (num_codes != size + 1) {
      fail(fmt::format("{} codes for {} thresholds, expected {}", num_codes, size, size + 1));
    }
    for (std::size_t i = 1; i < thresholds.values.size(); ++i) {
      if (i % static_cast<std::size_t>(size) == 0) continue;
      if (thresholds.values[i - 1] <= thresholds.values[i]) continue;
      fail(fmt::format("thresholds '{}' do not ascend: {} before {}", thresholds.name,
                       thresholds.values[i - 1], thresholds.values[i]));
    }
  }

  void operator()(const Clamp& op) const {
    expect_inputs(1);
    expect_output(input(0));
    expect_range(op.lowest, op.highest);
  }

  void operator()(const Add&) const { expect_pair("adds"); }
  void operator()(const Maximum&) const { expect_pair("compares"); }
  void operator()(const Multiply&) const { expect_pair("multiplies"); }

  void operator()(const Concat&) const {
    if (node_.inputs.empty()) fail("joins nothing");
    Shape expected = input(0);
    for (std::size_t k = 1; k < node_.inputs.size(); ++k) {
      if (!std::equal(input(k).begin() + 1, input(k).end(), expected.begin() + 1, expected.end())) {
        fail(fmt::format("joins {} and {}", to_text(input(0)), to_text(input(k))));
      }
      expected.front() += input(k).front();
    }
    expect_output(expected);
  }

  void operator()(const Copy&) const {
    expect_inputs(1);
    if (num_elements(input(0)) != num_elements(output())) {
      fail(fmt::format("copies {} to {}", to_text(input(0)), to_text(output())));
    }
  }

  void operator()(const Transpose& op) const {
    expect_inputs(1);
    if (!is_order_of_axes(op.order, input(0).size())) {
      fail(fmt::format("order {} of the axes of {}, expected each from 0 to {} once",
                       to_text(op.order), to_text(input(0)),
                       static_cast<std::int64_t>(input(0).size()) - 1));
    }
    expect_output(transposed_shape(input(0), op.order));
  }

  void operator()(const Lookup& op) const {
    expect_inputs(1);
    expect_output(input(0));
    expect_table(op.table, "table");
  }

  void operator()(const ArgMax&) const {
    expect_inputs(1);
    Shape expected = input(0);
    expected.back() = 1;
    expect_output(expected);
  }

 private:
  static std::string to_text(const Shape& shape) { return pare::to_string(shape); }

  const Shape& input(std::size_t k) const { return program_.buffer(node_.inputs.at(k)).shape; }
  const Shape& output() const { return program_.buffer(node_.outputs.front()).shape; }

  void expect_inputs(std::size_t count) const {
    if (node_.inputs.size() == count) return;
    fail(fmt::format("{} inputs, expected {}", node_.inputs.size(), count));
  }

  void expect_output(const Shape& expected) const {
    if (output() == expected) return;
    fail(fmt::format("output {}, expected {}", to_text(output()), to_text(expected)));
  }

  /// Bias and accumulator of an op with weights and so many outputs or output channels.
  void expect_layer(const std::optional<ConstantId>& id, std::int64_t outputs,
                    Width accumulator) const {
    if (id) {
      const Constant& bias = program_.constant(*id);
      if (bias.shape != Shape{outputs} || bias.circulant) {
        fail(fmt::format("bias {}, expected [{}]", to_text(bias.shape), outputs));
      }
    }
    if (accumulator.bits >= 1 && accumulator.bits <= kMaxBits) return;
    fail(fmt::format("accumulator of {} bits, expected 1 … {}", accumulator.bits, kMaxBits));
  }

  void expect_pair(std::string_view does) const {
    expect_inputs(2);
    if (input(0) != input(1)) {
      fail(fmt::format("{} {} and {}", does, to_text(input(0)), to_text(input(1))));
    }
    expect_output(input(0));
  }

  /// The ends of a saturation: possible, and codes of the output.
  void expect_range(std::int64_t lowest, std::int64_t highest) const {
    const Width width = program_.buffer(node_.outputs.front()).width;
    if (lowest <= highest && width.range().contains({lowest, highest})) return;
    fail(fmt::format("saturates to {}, expected a range within {} ({})",
                     to_string(Interval{lowest, highest}), to_string(width.range()),
                     to_string(width)));
  }

  void expect_plain(const Constant& constant, std::string_view what) const {
    if (!constant.circulant) return;
    fail(fmt::format("{} '{}' is circulant; only weights can be", what, constant.name));
  }

  void expect_broadcast(ConstantId id, std::string_view what) const {
    const Constant& constant = program_.constant(id);
    expect_plain(constant, what);
    if (Broadcast::fits(constant.shape, input(0))) return;
    fail(fmt::format("{} '{}' {} does not broadcast to {}", what, constant.name,
                     to_text(constant.shape), to_text(input(0))));
  }

  void expect_table(ConstantId id, std::string_view what) const {
    const Constant& constant = program_.constant(id);
    expect_plain(constant, what);
    if (Broadcast::fits(leading_axes(constant.shape), input(0))) return;
    fail(fmt::format("{} '{}' {} without its last axis does not broadcast to {}", what,
                     constant.name, to_text(constant.shape), to_text(input(0))));
  }

  void expect_values(ConstantId id, std::string_view what, Interval allowed) const {
    for (const std::int64_t value : program_.constant(id).values) {
      if (allowed.contains(value)) continue;
      fail(fmt::format("{} {}, expected {}", what, value, to_string(allowed)));
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", describe(program_, node_), what));
  }

  const Program& program_;
  const Node& node_;
};

}  // namespace

void check_op(const Program& program, const Node& node) {
  std::visit(OpCheck(program, node), node.op);
}

}  // namespace pare::program
