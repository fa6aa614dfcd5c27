#include "engine/input_mapper.h"

#include <algorithm>
#include <cmath>

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

/// Far from where float32 over- or underflows on the way to a code.
bool is_moderate(double x) { return std::abs(x) > 0x1p-40 && std::abs(x) < 0x1p40; }

bool is_power_of_two(float x) {
  int exponent = 0;
  return std::abs(std::frexp(x, &exponent)) == 0.5F;
}

void add_gain(InputMapper& mapper) {
  const std::size_t size = mapper.mean.size();
  AlignedVector<float> gain(size);
  AlignedVector<float> offset(size);
  double largest_offset = 0;
  bool is_scaled_exactly = true;
  for (std::size_t e = 0; e < size; ++e) {
    const auto multiply = static_cast<double>(mapper.multiply[e]);
    const auto divide = static_cast<double>(mapper.divide[e]);
    if (!is_moderate(multiply) || !is_moderate(divide) || !is_moderate(mapper.scale[e]) ||
        std::abs(mapper.mean[e]) > 0x1p40) {
      return;
    }
    const double exact = multiply / divide / mapper.scale[e];
    gain[e] = static_cast<float>(exact);
    offset[e] =
        static_cast<float>(-mapper.mean[e] * exact + static_cast<double>(mapper.zero_point));
    largest_offset = std::max(largest_offset, std::abs(static_cast<double>(offset[e])));
    is_scaled_exactly = is_scaled_exactly && is_power_of_two(mapper.multiply[e]) &&
                        is_power_of_two(mapper.divide[e]);
  }
  mapper.gain = std::move(gain);
  mapper.offset = std::move(offset);
  if (is_scaled_exactly && !mapper.has_affine && mapper.zero_point == 0) {
    mapper.near_zero = -1;
    return;
  }
  mapper.near = (is_scaled_exactly ? 4 : 6) * 0x1p-24F;
  mapper.near_zero = static_cast<float>(
      3 * 0x1p-24 * (largest_offset + std::abs(static_cast<double>(mapper.zero_point))));
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
  return mapper;
}

}  // namespace pare::engine
