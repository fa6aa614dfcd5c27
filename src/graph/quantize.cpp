#include "graph/quantize.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "graph/affine_map.h"
#include "graph/graph.h"
#include "graph/live_range.h"
#include "graph/overloaded.h"

namespace pare::graph {
namespace {

/// The element of a group in a list that has one element for all groups or one for each.
template <class T>
const T& of_group(const std::vector<T>& list, std::size_t group) {
  return list.size() == 1 ? list.front() : list.at(group);
}

std::vector<CodeRange> ranges_of_bits(const Graph& graph, ParameterId bits, bool is_signed,
                                      bool is_narrow) {
  std::vector<CodeRange> ranges;
  for (const double width : graph.parameter(bits).stored.to_doubles()) {
    ranges.push_back(uniform_codes(static_cast<int>(width), is_signed, is_narrow));
  }
  return ranges;
}

/// Number of non-zero digits in the shortest sum of signed powers of two that makes `n`: the weight
/// of its non-adjacent form. Ref: Reitwiesner, Binary Arithmetic, 1960.
int num_signed_digits(std::uint64_t n) { return std::popcount(n ^ (3 * n)); }

std::vector<float> levels_of(const Graph& graph, const Format& format) {
  if (std::holds_alternative<Binary>(format)) return {-1, 1};
  if (const auto* list = std::get_if<Levels>(&format)) {
    return {list->levels.begin(), list->levels.end()};
  }
  std::vector<float> levels;
  if (const auto* digits = std::get_if<SignedDigits>(&format)) {
    const std::int64_t top = code_ranges(graph, format).front().top;
    for (std::int64_t n = -top; n <= top; ++n) {
      const auto magnitude = static_cast<std::uint64_t>(std::abs(n));
      if (num_signed_digits(magnitude) <= digits->terms) levels.push_back(static_cast<float>(n));
    }
  }
  return levels;
}

float nearest_level(float x, const std::vector<float>& levels, Codec::Ties ties) {
  const auto above = std::lower_bound(levels.begin(), levels.end(), x);
  if (above == levels.begin()) return levels.front();
  if (above == levels.end()) return levels.back();
  const float low = *(above - 1);
  const float high = *above;
  const double to_low = static_cast<double>(x) - low;
  const double to_high = static_cast<double>(high) - x;
  if (to_low != to_high) return to_low < to_high ? low : high;
  const bool is_higher = ties == Codec::Ties::kHigher ||
                         (ties == Codec::Ties::kTowardZero && std::abs(high) < std::abs(low));
  return is_higher ? high : low;
}

std::vector<float> ranges_of(const Graph& graph, const Quantizer& quantizer, const Tensor& values) {
  if (is_live(quantizer.range_rule)) {
    const std::size_t groups =
        quantizer.range ? graph.parameter(*quantizer.range).stored.size() : 1;
    return live_ranges(quantizer.range_rule, code_ranges(graph, quantizer.format),
                       values.as<float>(), groups);
  }
  check(quantizer.range.has_value(), "a learned or fixed quantizer without a range");
  const auto stored = graph.parameter(*quantizer.range).stored.as<float>();
  std::vector<float> ranges(stored.begin(), stored.end());
  if (quantizer.range_rule == RangeRule::kLearned) {
    for (float& range : ranges) range = range_of_log(range);
  }
  return ranges;
}

/// The given steps of a kStep quantizer, as they are.
std::vector<Scale> given_scales(const Graph& graph, const Quantizer& quantizer) {
  check(quantizer.range.has_value(), "a quantizer of a given step without one");
  std::vector<Scale> scales;
  for (const float step : graph.parameter(*quantizer.range).stored.as<float>()) {
    scales.push_back({1, step});
  }
  return scales;
}

/// The maps of rule kMinMax.
std::vector<AffineMap> affine_maps_of(const Graph& graph, const Quantizer& quantizer,
                                      const Tensor& values) {
  const auto codes = code_ranges(graph, quantizer.format);
  const std::size_t ranges = quantizer.range ? graph.parameter(*quantizer.range).stored.size() : 1;
  return affine_maps(codes, quantizer.step, values.as<float>(), std::max(ranges, codes.size()));
}

/// Calls `map(value, group)` for every element and stores what it returns.
template <class To, class F>
Tensor map_groups(const Tensor& values, std::size_t num_groups, DType dtype, F&& map) {
  Tensor result(dtype, values.shape());
  const auto from = values.as<float>();
  const auto to = result.as<To>();
  const std::size_t run = std::max<std::size_t>(from.size() / num_groups, 1);
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<To>(map(from[i], i / run));
  return result;
}

}  // namespace

CodeRange uniform_codes(int bits, bool is_signed, bool is_narrow) {
  if (bits < 1 || bits > 32) {
    throw InputError(fmt::format("a width of {} bits; allowed: 1 to 32", bits));
  }
  if (!is_signed) {
    const std::int64_t top = (std::int64_t{1} << bits) - 1;
    return {0, top, top};
  }
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  const std::int64_t top = std::max<std::int64_t>(half - 1, 1);
  if (is_narrow) return {-top, top, top};
  return {-half, half - 1, top};
}

Scale make_scale(float range, std::int64_t top, StepRule rule, Pow2Choice choice) {
  const float s = range >= kMinRange ? range : kMinRange;
  const float q = static_cast<float>(top);
  if (rule == StepRule::kFloat) return {q, s};
  // s / q = fraction * 2^exponent, fraction in [1/2, 1). The fraction is exact enough: a quotient
  // of a 24-bit by a 32-bit number cannot come nearer than 2^-58 to sqrt(1/2), nor round to 1/2.
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(s) / static_cast<double>(top), &exponent);
  const double boundary = choice == Pow2Choice::kNeverClip ? 0.5 : std::numbers::sqrt2 / 2;
  const int log2_step = fraction > boundary ? exponent : exponent - 1;
  return {std::ldexp(1.0F, -log2_step), 1};
}

Pow2Choice pow2_choice(RangeRule rule) {
  switch (rule) {
    case RangeRule::kMaxAbs:
    case RangeRule::kFixed:
    case RangeRule::kStep:
    case RangeRule::kAccumulator:
    case RangeRule::kMinMax:
      return Pow2Choice::kNeverClip;
    case RangeRule::kLearned:
    case RangeRule::kMeanAbs:
    case RangeRule::kTwiceMeanAbs:
    case RangeRule::kSawb:
    case RangeRule::kThresholdMean:
      return Pow2Choice::kNearest;
  }
  return Pow2Choice::kNeverClip;
}

std::size_t Codec::num_groups() const {
  return std::max({scales.size(), codes.size(), zero_points.size()});
}

float Codec::to_code(float x, std::size_t group) const {
  if (!thresholds.empty()) return ternary_code(x, of_group(thresholds, group));
  const Scale scale = of_group(scales, group);
  const float zero_point = of_group(zero_points, group);
  if (levels.empty()) {
    return graph::to_code(x, scale, of_group(codes, group), rounding, zero_point);
  }
  const float scaled = x * scale.multiply / scale.divide + zero_point;
  return nearest_level(std::isnan(scaled) ? zero_point : scaled, levels, ties);
}

float Codec::from_code(float code, std::size_t group) const {
  return graph::from_code(code, of_group(scales, group), of_group(zero_points, group));
}

Codec make_codec(const Graph& graph, const Quantizer& quantizer, const Tensor& values,
                 std::span<const float> accumulator_steps) {
  Codec codec;
  codec.rounding = quantizer.rounding;
  codec.codes = code_ranges(graph, quantizer.format);
  codec.levels = levels_of(graph, quantizer.format);
  if (std::holds_alternative<SignedDigits>(quantizer.format)) codec.ties = Codec::Ties::kTowardZero;
  if (std::holds_alternative<Binary>(quantizer.format)) codec.ties = Codec::Ties::kHigher;
  if (quantizer.range_rule == RangeRule::kAccumulator) {
    check(!accumulator_steps.empty(), "an accumulator's quantizer without steps");
    for (const float step : accumulator_steps) codec.scales.push_back({1, step});
  } else {
    codec.scales = scales_of(graph, quantizer, values);
  }
  if (quantizer.range_rule == RangeRule::kThresholdMean) {
    codec.thresholds = ternary_thresholds(values.as<float>(), codec.scales.size());
  }
  codec.zero_points = {0};
  if (quantizer.zero_point) {
    const auto doubles = graph.parameter(*quantizer.zero_point).stored.to_doubles();
    codec.zero_points.assign(doubles.begin(), doubles.end());
  } else if (quantizer.range_rule == RangeRule::kMinMax) {
    codec.zero_points.clear();
    for (const AffineMap& map : affine_maps_of(graph, quantizer, values)) {
      codec.zero_points.push_back(map.zero_point);
    }
  }
  const std::size_t groups = codec.num_groups();
  const auto fits = [&](std::size_t size) { return size == 1 || size == groups; };
  check(fits(codec.scales.size()) && fits(codec.codes.size()) && fits(codec.zero_points.size()),
        "a quantizer's range, bits and zero point have different numbers of groups");
  check(groups == 1 || (values.size() % groups == 0), "a quantizer's groups do not fit its tensor");
  return codec;
}

std::vector<CodeRange> code_ranges(const Graph& graph, const Format& format) {
  return std::visit(
      Overloaded{
          [&](const Uniform& f) { return ranges_of_bits(graph, f.bits, f.is_signed, f.is_narrow); },
          [&](const SignedDigits& f) { return ranges_of_bits(graph, f.bits, true, true); },
          [](const Ternary&) {
            return std::vector<CodeRange>{{-1, 1, 1}};
          },
          [](const Binary&) {
            return std::vector<CodeRange>{{-1, 1, 1}};
          },
          [](const Levels& f) {
            const auto lowest = static_cast<std::int64_t>(f.levels.front());
            const auto highest = static_cast<std::int64_t>(f.levels.back());
            const std::int64_t top = std::max(std::abs(lowest), std::abs(highest));
            return std::vector<CodeRange>{{lowest, highest, top}};
          }},
      format);
}

int width_of(const Graph& graph, const Format& format) {
  const auto widest = [&](ParameterId bits) {
    const auto widths = graph.parameter(bits).stored.to_doubles();
    return static_cast<int>(*std::max_element(widths.begin(), widths.end()));
  };
  return std::visit(Overloaded{[&](const Uniform& f) { return widest(f.bits); },
                               [&](const SignedDigits& f) { return widest(f.bits); },
                               [](const Ternary&) { return 2; }, [](const Binary&) { return 1; },
                               [](const Levels& f) {
                                 return std::max(
                                     1, static_cast<int>(std::bit_width(f.levels.size() - 1)));
                               }},
                    format);
}

std::vector<Scale> scales_of(const Graph& graph, const Quantizer& quantizer, const Tensor& values) {
  check(quantizer.range_rule != RangeRule::kAccumulator,
        "an accumulator's quantizer has no scale of its own");
  if (quantizer.range_rule == RangeRule::kStep) return given_scales(graph, quantizer);
  std::vector<Scale> scales;
  if (quantizer.range_rule == RangeRule::kMinMax) {
    for (const AffineMap& map : affine_maps_of(graph, quantizer, values)) {
      scales.push_back(map.scale);
    }
    return scales;
  }
  const auto ranges = ranges_of(graph, quantizer, values);
  const auto codes = code_ranges(graph, quantizer.format);
  const std::size_t groups = std::max(ranges.size(), codes.size());
  for (std::size_t group = 0; group < groups; ++group) {
    scales.push_back(make_scale(of_group(ranges, group), of_group(codes, group).top, quantizer.step,
                                pow2_choice(quantizer.range_rule)));
  }
  return scales;
}

std::vector<float> max_abs(const Tensor& values, std::size_t num_groups) {
  return live_ranges(RangeRule::kMaxAbs, {}, values.as<float>(), num_groups);
}

Tensor masked(const Parameter& parameter) {
  Tensor values = parameter.stored.to(DType::kF32);
  if (!parameter.mask) return values;
  const auto mask = parameter.mask->as<std::uint8_t>();
  const auto elements = values.as<float>();
  check(mask.size() == elements.size(), "mask and parameter differ in size: " + parameter.name);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (mask[i] == 0) elements[i] = 0;
  }
  return values;
}

Tensor codes_of(const Graph& graph, const Parameter& parameter,
                std::span<const float> accumulator_steps) {
  check(parameter.quantizer.has_value(), "parameter has no quantizer: " + parameter.name);
  const Tensor values = masked(parameter);
  const Codec codec = make_codec(graph, *parameter.quantizer, values, accumulator_steps);
  return map_groups<std::int32_t>(values, codec.num_groups(), DType::kI32,
                                  [&](float x, std::size_t g) { return codec.to_code(x, g); });
}

Tensor value_of(const Graph& graph, const Parameter& parameter,
                std::span<const float> accumulator_steps) {
  const Tensor values = masked(parameter);
  if (!parameter.quantizer) return expand(values, parameter.structure);
  const Codec codec = make_codec(graph, *parameter.quantizer, values, accumulator_steps);
  const Tensor rounded = map_groups<float>(
      values, codec.num_groups(), DType::kF32,
      [&](float x, std::size_t g) { return codec.from_code(codec.to_code(x, g), g); });
  return expand(rounded, parameter.structure);
}

Tensor expand(const Tensor& stored, const Structure& structure) {
  if (std::holds_alternative<Dense>(structure)) return stored;
  const std::int64_t p = stored.dim(0);
  const std::int64_t q = stored.dim(1);
  const std::int64_t k = stored.dim(2);
  Tensor dense(DType::kF32, {p * k, q * k});
  const auto from = stored.as<float>();
  const auto to = dense.as<float>();
  for (std::int64_t row = 0; row < p * k; ++row) {
    for (std::int64_t column = 0; column < q * k; ++column) {
      const std::int64_t offset = (row % k - column % k + k) % k;
      const std::int64_t block = (row / k) * q + column / k;
      to[static_cast<std::size_t>(row * q * k + column)] =
          from[static_cast<std::size_t>(block * k + offset)];
    }
  }
  return dense;
}

}  // namespace pare::graph
