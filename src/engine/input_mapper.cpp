#include "engine/input_mapper.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/quotient_codes.h"

namespace pare::engine {
namespace {

constexpr std::size_t kPadding = 16;  // lanes of the widest vector

/// The value of each element: one for all, one a channel (axis 0), or the default.
template <class T, class From, class Of>
AlignedVector<T> by_element(const std::vector<From>& list, const lower::Interface& interface,
                            T by_default, Of&& of) {
  const auto size = static_cast<std::size_t>(num_elements(interface.input_shape));
  const auto channels =
      static_cast<std::size_t>(interface.input_shape.empty() ? 1 : interface.input_shape.front());
  const std::size_t run = std::max<std::size_t>(1, size / channels);
  AlignedVector<T> values(round_up(size, kPadding) + kPadding, by_default);
  for (std::size_t e = 0; e < size && !list.empty(); ++e) {
    values[e] = of(list.size() == 1 ? list.front() : list[e / run]);
  }
  return values;
}

bool is_power_of_two(float x) {
  int exponent = 0;
  return std::abs(std::frexp(x, &exponent)) == 0.5F;
}

/// The quick way of one element.
struct Quick {
  float gain;
  float offset;
  float near;
  float slack;
};

/// `num_rounded`: how often the definition rounds to float32 before it rounds to codes.
Quick quick_of(const InputMapper& mapper, std::size_t e, int num_rounded) {
  constexpr double u = 0x1p-24;
  const auto zero_point = static_cast<double>(mapper.zero_point);
  const double exact = static_cast<double>(mapper.multiply[e]) /
                       static_cast<double>(mapper.divide[e]) / mapper.scale[e];
  const double exact_offset = -mapper.mean[e] * exact + zero_point;
  Quick quick{.gain = static_cast<float>(exact),
              .offset = static_cast<float>(exact_offset),
              .near = 0,
              .slack = 1.5F};
  if (num_rounded == 0 && zero_point == 0) return quick;
  // Products of errors, and those in double, are less than a thousandth of the others.
  constexpr double kMore = 1.001;
  const double of_gain = std::abs(static_cast<double>(quick.gain) / exact - 1) + 0x1p-48;
  const double of_offset = std::abs(static_cast<double>(quick.offset) - exact_offset) +
                           0x1p-48 * (std::abs(mapper.mean[e] * exact) + std::abs(zero_point));
  const double at_zero =
      of_gain * std::abs(exact_offset) + of_offset + num_rounded * u * std::abs(zero_point);
  quick.near = static_cast<float>(kMore * (of_gain + (1 + num_rounded) * u));
  // What kernels compute with it is rounded, too.
  quick.slack = static_cast<float>(0.5 - kMore * at_zero - 0x1p-22);
  return quick;
}

void add_gain(InputMapper& mapper) {
  const std::size_t size = mapper.mean.size();
  bool is_scaled_exactly = true;
  for (std::size_t e = 0; e < size; ++e) {
    if (!is_moderate(static_cast<double>(mapper.multiply[e])) ||
        !is_moderate(static_cast<double>(mapper.divide[e])) || !is_moderate(mapper.scale[e]) ||
        std::abs(mapper.mean[e]) > 0x1p40) {
      return;
    }
    is_scaled_exactly = is_scaled_exactly && is_power_of_two(mapper.multiply[e]) &&
                        is_power_of_two(mapper.divide[e]);
  }
  const int num_rounded = (mapper.has_affine ? 1 : 0) + (is_scaled_exactly ? 0 : 2);
  for (std::size_t e = 0; e < size; ++e) {
    const Quick quick = quick_of(mapper, e, num_rounded);
    mapper.gain.push_back(quick.gain);
    mapper.offset.push_back(quick.offset);
    mapper.near.push_back(quick.near);
    mapper.slack.push_back(quick.slack);
  }
}

/// Divisors that are tried, one after the other, and codes: 16 signed bits take a tenth of a
/// millisecond a divisor.
constexpr std::size_t kMostDivisors = 4;
constexpr float kMostCodes = 1 << 16;

void add_reciprocal(InputMapper& mapper) {
  const bool has_bounds = !mapper.slack.empty() && mapper.slack.front() < 0.5F;
  if (mapper.has_affine || mapper.zero_point != 0 || !has_bounds) return;
  const float largest = std::max(-mapper.lowest, mapper.highest);
  if (largest > kMostCodes) return;
  std::vector<float> exact;
  AlignedVector<float> reciprocal(mapper.divide.size(), 1);
  for (std::size_t e = 0; e < mapper.size; ++e) {
    const Quotient quotient(mapper.divide[e]);
    reciprocal[e] = quotient.reciprocal;
    if (std::ranges::find(exact, quotient.divisor) != exact.end()) continue;
    exact.push_back(quotient.divisor);
    if (exact.size() > kMostDivisors ||
        !has_exact_codes(quotient, static_cast<std::int32_t>(largest))) {
      return;
    }
  }
  mapper.reciprocal = std::move(reciprocal);
}

}  // namespace

std::optional<InputMapper> make_input_mapper(const lower::Interface& interface) {
  const lower::InputMap& map = interface.input;
  constexpr std::int64_t kLargest = std::int64_t{1} << 22;
  const bool is_code = std::nearbyint(map.zero_point) == map.zero_point &&
                       map.zero_point >= static_cast<float>(map.codes.lowest) &&
                       map.zero_point <= static_cast<float>(map.codes.highest);
  if (map.rounding != graph::Rounding::kHalfEven || map.codes.lowest < -kLargest ||
      map.codes.highest > kLargest || !is_code) {
    return std::nullopt;
  }
  const auto same = [](double x) { return x; };
  InputMapper mapper{
      .size = static_cast<std::size_t>(num_elements(interface.input_shape)),
      .has_affine = !map.mean.empty() || !map.scale.empty(),
      .mean = by_element<double>(map.mean, interface, 0.0, same),
      .scale = by_element<double>(map.scale, interface, 1.0, same),
      .multiply = by_element<float>(map.codec, interface, 1.0F,
                                    [](const graph::Scale& scale) { return scale.multiply; }),
      .divide = by_element<float>(map.codec, interface, 1.0F,
                                  [](const graph::Scale& scale) { return scale.divide; }),
      .zero_point = map.zero_point,
      .lowest = static_cast<float>(map.codes.lowest),
      .highest = static_cast<float>(map.codes.highest)};
  add_gain(mapper);
  add_reciprocal(mapper);
  return mapper;
}

}  // namespace pare::engine
