#include "graph/check_quantizer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "graph/edit.h"
#include "graph/enum_names.h"
#include "graph/infer.h"
#include "graph/live_range.h"
#include "graph/overloaded.h"
#include "graph/quantize.h"

namespace pare::graph {
namespace {

/// Signed digits are looked up in a list of all their codes.
constexpr int kMaxSignedDigitBits = 16;
/// Up to here float32 holds every integer.
constexpr double kMaxExactCode = 1 << 24;

class QuantizerCheck {
 public:
  QuantizerCheck(const Graph& graph, const Quantizer& quantizer, const Shape& shape,
                 const std::string& who)
      : graph_(graph), quantizer_(quantizer), shape_(shape), who_(who) {}

  void run() {
    for_each_parameter_id(quantizer_, [&](ParameterId id) {
      if (id.value >= graph_.parameters.size()) {
        fail(fmt::format("its quantizer refers to parameter {} of {}", id.value,
                         graph_.parameters.size()));
      }
    });
    check_format();
    check_range();
    if (quantizer_.training_map) check_training_map();
    if (quantizer_.zero_point) {
      const Parameter& zero = expect(*quantizer_.zero_point, Role::kZeroPoint, DType::kI32);
      for (const std::int32_t code : zero.stored.as<std::int32_t>()) {
        if (std::abs(static_cast<double>(code)) > kMaxExactCode) {
          fail(fmt::format("zero point {} in '{}'", code, zero.name));
        }
      }
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", who_, what));
  }

  /// The parameter, of that role and dtype, with as many elements as groups may be.
  const Parameter& expect(ParameterId id, Role role, DType dtype) {
    const Parameter& parameter = graph_.parameter(id);
    if (parameter.role != role || parameter.stored.dtype() != dtype) {
      fail(fmt::format("its quantizer uses '{}', which is no {}", parameter.name,
                       role == Role::kBits        ? "width in bits"
                       : role == Role::kZeroPoint ? "zero point"
                       : role == Role::kLogRange  ? "log2 of a range"
                       : role == Role::kStep      ? "step"
                                                  : "range"));
    }
    const auto size = static_cast<std::int64_t>(parameter.stored.size());
    const std::int64_t channels = shape_.empty() ? 1 : shape_.front();
    const bool fits = size == 1 || size == channels || size == num_elements(shape_);
    const bool agrees = size == 1 || num_groups_ == 1 || size == num_groups_;
    if (!fits || !agrees) {
      fail(
          fmt::format("'{}' has {} elements; a tensor of shape {} takes 1, {} (one a channel) or "
                      "{}, and all parts of a quantizer the same",
                      parameter.name, size, to_string(shape_), channels, num_elements(shape_)));
    }
    num_groups_ = std::max(num_groups_, size);
    return parameter;
  }

  void check_bits(ParameterId id, int most) {
    const Parameter& bits = expect(id, Role::kBits, DType::kI32);
    for (const std::int32_t width : bits.stored.as<std::int32_t>()) {
      if (width < 1 || width > most) {
        fail(fmt::format("'{}' is {} bits; allowed: 1 to {}", bits.name, width, most));
      }
    }
  }

  void check_levels(const std::vector<double>& levels) const {
    if (levels.size() < 2) fail("a list of levels needs at least two");
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const bool is_code =
          std::abs(levels[i]) <= kMaxExactCode && std::trunc(levels[i]) == levels[i];
      if (!is_code || (i > 0 && levels[i] <= levels[i - 1])) {
        fail(
            fmt::format("level {}: levels are ascending integers of at most 24 bits; give their "
                        "size by the range",
                        levels[i]));
      }
    }
  }

  void check_format() {
    std::visit(Overloaded{[&](const Uniform& format) { check_bits(format.bits, 32); },
                          [&](const SignedDigits& format) {
                            check_bits(format.bits, kMaxSignedDigitBits);
                            if (num_groups_ != 1) fail("signed digits take one width");
                            if (format.terms < 1) fail("signed digits of less than one term");
                          },
                          [](const Ternary&) {}, [](const Binary&) {},
                          [&](const Levels& format) { check_levels(format.levels); }},
               quantizer_.format);
  }

  void check_sawb() const {
    const auto* uniform = std::get_if<Uniform>(&quantizer_.format);
    if (uniform == nullptr || !uniform->is_signed) fail("a range of rule sawb is of signed codes");
    for (const CodeRange& codes : code_ranges(graph_, quantizer_.format)) {
      if (codes.top == 7 || codes.top == 127) continue;
      fail("sawb knows ranges for 4 and 8 bits; take twice_mean_abs for other widths");
    }
  }

  void check_min_max() const {
    const auto* uniform = std::get_if<Uniform>(&quantizer_.format);
    if (uniform != nullptr && uniform->is_signed && !uniform->is_narrow && !quantizer_.zero_point) {
      return;
    }
    fail("a range of rule min_max is of signed uniform codes, not narrow, and has its zero point");
  }

  void check_training_map() const {
    const auto* uniform = std::get_if<Uniform>(&quantizer_.format);
    const bool is_symmetric = uniform != nullptr && uniform->is_signed && !quantizer_.zero_point;
    if (is_symmetric && quantizer_.range_rule == RangeRule::kMaxAbs) return;
    fail(
        fmt::format("training map '{}' goes with uniform signed codes of rule max_abs, without a "
                    "zero point",
                    name_of(*quantizer_.training_map)));
  }

  void check_given_step() {
    if (!quantizer_.range) fail("a quantizer of a given step needs one");
    const Parameter& steps = expect(*quantizer_.range, Role::kStep, DType::kF32);
    for (const float step : steps.stored.as<float>()) {
      if (step > 0 && std::isfinite(step)) continue;
      fail(fmt::format("its step '{}' holds {}; expected positive numbers", steps.name, step));
    }
    if (quantizer_.step == StepRule::kFloat) return;
    fail(
        fmt::format("its step '{}' is given and taken as it is; the step rule must be '{}', not "
                    "'{}'",
                    steps.name, name_of(StepRule::kFloat), name_of(quantizer_.step)));
  }

  void check_range() {
    const auto& range = quantizer_.range;
    switch (quantizer_.range_rule) {
      case RangeRule::kAccumulator:
        if (range) fail("a quantizer on the accumulator's grid has no range");
        if (!std::holds_alternative<Uniform>(quantizer_.format)) {
          fail("a quantizer on the accumulator's grid is uniform");
        }
        return;
      case RangeRule::kMaxAbs:
      case RangeRule::kMeanAbs:
      case RangeRule::kTwiceMeanAbs:
        if (range) expect(*range, Role::kRange, DType::kF32);
        return;
      case RangeRule::kSawb:
        if (range) expect(*range, Role::kRange, DType::kF32);
        return check_sawb();
      case RangeRule::kThresholdMean:
        if (range) expect(*range, Role::kRange, DType::kF32);
        if (!std::holds_alternative<Ternary>(quantizer_.format) || quantizer_.zero_point) {
          fail("a range of rule threshold_mean is of ternary codes without a zero point");
        }
        return;
      case RangeRule::kMinMax:
        if (range) expect(*range, Role::kRange, DType::kF32);
        return check_min_max();
      case RangeRule::kFixed:
        if (!range) fail("a fixed quantizer needs a range");
        expect(*range, Role::kRange, DType::kF32);
        return;
      case RangeRule::kStep:
        return check_given_step();
      case RangeRule::kLearned:
        if (!range) fail("a learned quantizer needs a range");
        for (const float log2 : expect(*range, Role::kLogRange, DType::kF32).stored.as<float>()) {
          if (!(log2 < 127)) fail(fmt::format("its range is 2^{}", log2));
        }
        return;
    }
  }

  const Graph& graph_;
  const Quantizer& quantizer_;
  const Shape& shape_;
  const std::string& who_;
  std::int64_t num_groups_ = 1;
};

}  // namespace

void check_quantizer(const Graph& graph, const Quantizer& quantizer, const Shape& shape,
                     const std::string& who) {
  QuantizerCheck(graph, quantizer, shape, who).run();
}

void check_parameter_quantizer(const Graph& graph, const Parameter& parameter) {
  const auto fail = [&](std::string_view what) {
    throw InputError(fmt::format("parameter '{}': {}", parameter.name, what));
  };
  const Quantizer& quantizer = *parameter.quantizer;
  if (parameter.stored.dtype() != DType::kF32) fail("only float32 parameters can be quantized");
  const auto* uniform = std::get_if<Uniform>(&quantizer.format);
  if (uniform != nullptr && !uniform->is_signed && width_of(graph, quantizer.format) > 31) {
    fail("unsigned codes of more than 31 bits");
  }
  if (quantizer.range_rule == RangeRule::kAccumulator && parameter.role != Role::kBias) {
    fail("only biases can be on the accumulator's grid");
  }
  if (!parameter.mask || quantizer.zero_point) return;
  if (std::holds_alternative<Binary>(quantizer.format)) {
    fail("is pruned, but binary codes have no 0: use ternary ones");
  }
  if (const auto* levels = std::get_if<Levels>(&quantizer.format)) {
    const bool has_zero =
        std::find(levels->levels.begin(), levels->levels.end(), 0.0) != levels->levels.end();
    if (!has_zero) fail("is pruned, but none of its levels is 0");
  }
}

void check_wire_quantizer(const Quantizer& quantizer, const std::string& node) {
  const RangeRule rule = quantizer.range_rule;
  if (rule == RangeRule::kLearned || rule == RangeRule::kFixed || rule == RangeRule::kStep) return;
  throw InputError(
      fmt::format("node '{}': a wire's range is learned, fixed or a step, not {}", node,
                  is_live(rule) ? fmt::format("a statistic of its values ({})", name_of(rule))
                                : "an accumulator's"));
}

void check_accumulator_biases(const Graph& graph) {
  const auto wires = infer(graph);
  for (const Node& node : graph.nodes) {
    const auto layer = layer_parameters(node.op);
    if (!layer || !layer->bias) continue;
    const Parameter& bias = graph.parameter(*layer->bias);
    if (!bias.quantizer || bias.quantizer->range_rule != RangeRule::kAccumulator) continue;
    const std::size_t num_steps = accumulator_steps(graph, node, wires).size();
    if (num_steps == 1 || num_steps == bias.stored.size()) continue;
    throw InputError(
        fmt::format("{}: '{}' is to lie on the accumulator's grid, but there is none: "
                    "its input and weight must be quantized, the input with one step",
                    describe(graph, node), bias.name));
  }
}

}  // namespace pare::graph
