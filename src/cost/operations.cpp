#include "cost/operations.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "graph/overloaded.h"
#include "program/constant.h"
#include "program/windows.h"

namespace pare::cost {
namespace {

using program::ConstantId;

std::int64_t count_nonzero(const std::vector<std::int64_t>& values) {
  return std::count_if(values.begin(), values.end(), [](std::int64_t x) { return x != 0; });
}

bool is_power_of_two(std::int64_t x) {
  return std::has_single_bit(static_cast<std::uint64_t>(x < 0 ? -x : x));
}

class Work {
 public:
  Work(const program::Program& program, const program::Node& node)
      : program_(program), node_(node) {}

  OpWork operator()(const program::Linear& op) {
    const program::Constant& weight = program_.constant(op.weight);
    const std::int64_t rows = input_size() / weight.shape[1];
    return layer(weight, expand(weight), op.bias, op.accumulator, rows);
  }

  /// Products with padding are counted as others: a circuit computes them too.
  OpWork operator()(const program::Conv& op) {
    const program::Constant& weight = program_.constant(op.weight);
    const auto positions = static_cast<std::int64_t>(window_of(program_, node_, op).num_outputs());
    return layer(weight, weight.values, op.bias, op.accumulator, positions);
  }

  OpWork operator()(const program::MaxPool& op) {
    every(OperationKind::kAdd, input_bits(), joins(window_of(program_, node_, op)));
    return work_;
  }

  OpWork operator()(const program::SumPool& op) {
    every(OperationKind::kAdd, output_bits(), joins(window_of(program_, node_, op)));
    return work_;
  }

  OpWork operator()(const program::Requantize& op) {
    const program::Constant& multiplier = program_.constant(op.multiplier);
    const std::int64_t size = input_size();
    const bool is_shift = std::all_of(multiplier.values.begin(), multiplier.values.end(),
                                      [](std::int64_t m) { return m == 0 || is_power_of_two(m); });
    if (!is_shift) {
      every(OperationKind::kMultiply,
            std::sqrt(static_cast<double>(input_bits()) * multiplier.width.bits), size);
    }
    const int product_bits = input_bits() + (is_shift ? 0 : multiplier.width.bits);
    if (count_nonzero(program_.constant(op.addend).values) > 0) {
      every(OperationKind::kAdd, product_bits, size);
    }
    if (op.rounding != program::Rounding::kFloor) every(OperationKind::kAdd, product_bits, size);
    every(OperationKind::kAdd, output_bits(), 2 * size);
    return work_;
  }

  OpWork operator()(const program::Threshold& op) {
    every(OperationKind::kAdd, input_bits(), input_size() * num_comparisons(program_, op));
    return work_;
  }

  OpWork operator()(const program::Clamp&) {
    every(OperationKind::kAdd, input_bits(), 2 * input_size());
    return work_;
  }

  OpWork operator()(const program::Add&) {
    every(OperationKind::kAdd, output_bits(), input_size());
    return work_;
  }

  OpWork operator()(const program::Maximum&) {
    every(OperationKind::kAdd, input_bits(), input_size());
    return work_;
  }

  OpWork operator()(const program::Multiply&) {
    const program::Width other = program_.buffer(node_.inputs[1]).width;
    every(OperationKind::kMultiply, std::sqrt(static_cast<double>(input_bits()) * other.bits),
          input_size());
    return work_;
  }

  OpWork operator()(const program::Concat&) { return work_; }
  OpWork operator()(const program::Copy&) { return work_; }
  OpWork operator()(const program::Transpose&) { return work_; }

  OpWork operator()(const program::Lookup& op) {
    every(OperationKind::kAdd, input_bits(), (op.first == 0 ? 2 : 3) * input_size());
    return work_;
  }

  OpWork operator()(const program::ArgMax&) {
    const std::int64_t rows = input_size() / input().shape.back();
    every(OperationKind::kAdd, input_bits(), input_size() - rows);
    return work_;
  }

 private:
  /// An op with weights, at so many positions.
  OpWork layer(const program::Constant& weight, const std::vector<std::int64_t>& codes,
               const std::optional<ConstantId>& bias, program::Width accumulator,
               std::int64_t positions) {
    work_.macs = positions * static_cast<std::int64_t>(codes.size());
    work_.nonzero_macs = positions * count_nonzero(codes);
    const double product = std::sqrt(static_cast<double>(input_bits()) * weight.width.bits);
    // A spike lets a weight through or not.
    const bool input_is_bits = input().width == program::Width{1, false};
    std::visit(graph::Overloaded{
                   [&](const program::Uniform&) {
                     if (!input_is_bits) {
                       add(OperationKind::kMultiply, product, work_.nonzero_macs, work_.macs);
                     }
                     add(OperationKind::kAdd, accumulator.bits, work_.nonzero_macs, work_.macs);
                   },
                   [&](const program::SignedDigits& digits) {
                     std::int64_t count = 0;
                     for (const std::int64_t code : codes) {
                       count += program::num_signed_digits(code);
                     }
                     add(OperationKind::kAdd, accumulator.bits, positions * count,
                         work_.macs * digits.terms);
                   },
                   [&](const program::Ternary&) {
                     add(OperationKind::kAdd, accumulator.bits, work_.nonzero_macs, work_.macs);
                   },
                   [&](const program::Binary&) {
                     add(OperationKind::kAdd, accumulator.bits, work_.nonzero_macs, work_.macs);
                   }},
               weight.encoding);
    if (bias) {
      const auto& biases = program_.constant(*bias).values;
      add(OperationKind::kAdd, accumulator.bits, positions * count_nonzero(biases),
          positions * static_cast<std::int64_t>(biases.size()));
    }
    return work_;
  }

  /// Elements of all windows, less the first of each.
  std::int64_t joins(const graph::Window& window) const {
    return num_elements(program_.buffer(node_.outputs.front()).shape) *
           (static_cast<std::int64_t>(window.num_taps()) - 1);
  }

  const program::Buffer& input() const { return program_.buffer(node_.inputs.front()); }
  int input_bits() const { return input().width.bits; }
  int output_bits() const { return program_.buffer(node_.outputs.front()).width.bits; }
  std::int64_t input_size() const { return num_elements(input().shape); }

  void add(OperationKind kind, double bits, std::int64_t count, std::int64_t dense) {
    work_.operations.push_back({kind, bits, count, dense});
  }
  void every(OperationKind kind, double bits, std::int64_t count) { add(kind, bits, count, count); }

  const program::Program& program_;
  const program::Node& node_;
  OpWork work_;
};

}  // namespace

std::int64_t num_comparisons(const program::Program& program, const program::Threshold& op) {
  const auto num_codes = static_cast<std::uint64_t>(program.constant(op.codes).shape.back());
  return static_cast<std::int64_t>(std::bit_width(num_codes - 1));
}

OpWork work_of(const program::Program& program, const program::Node& node) {
  return std::visit(Work(program, node), node.op);
}

}  // namespace pare::cost
