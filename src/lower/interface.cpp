#include "lower/interface.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pare::lower {
namespace {

template <class T>
T one_or_each(const std::vector<T>& list, std::size_t i) {
  return list.size() == 1 ? list.front() : list[i];
}

template <class Raw>
void map_raw(const Interface& interface, std::span<const Raw> raw, std::span<std::int64_t> codes) {
  const InputMap& map = interface.input;
  const auto size = static_cast<std::size_t>(num_elements(interface.input_shape));
  const auto channels =
      static_cast<std::size_t>(interface.input_shape.empty() ? 1 : interface.input_shape.front());
  const std::size_t run = std::max<std::size_t>(1, size / channels);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::size_t channel = i % size / run;
    const double mean = map.mean.empty() ? 0 : map.mean[channel];
    const double scale = map.scale.empty() ? 1 : map.scale[channel];
    const auto x = static_cast<float>((static_cast<double>(raw[i]) - mean) / scale);
    codes[i] = static_cast<std::int64_t>(graph::to_code(x, one_or_each(map.codec, channel),
                                                        map.codes, map.rounding, map.zero_point));
  }
}

void apply_softmax(std::span<double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
}

}  // namespace

void map_input(const Interface& interface, std::span<const double> raw,
               std::span<std::int64_t> codes) {
  map_raw(interface, raw, codes);
}

void map_input(const Interface& interface, std::span<const float> raw,
               std::span<std::int64_t> codes) {
  map_raw(interface, raw, codes);
}

void map_output(const Interface& interface, std::span<const std::int64_t> codes,
                std::span<double> values) {
  const OutputMap& map = interface.output;
  const auto size = static_cast<std::size_t>(num_elements(interface.output_shape));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    values[i] = static_cast<double>(codes[i]) * one_or_each(map.scale, i % size) +
                one_or_each(map.offset, i % size);
  }
  if (!map.is_softmax) return;
  for (std::size_t i = 0; i < values.size(); i += size) apply_softmax(values.subspan(i, size));
}

bool is_argmax_of_codes(const OutputMap& output) {
  return output.scale.size() == 1 && output.scale.front() > 0 && output.offset.size() == 1 &&
         output.offset.front() == 0;
}

}  // namespace pare::lower
