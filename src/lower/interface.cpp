#include "lower/interface.h"

#include <algorithm>
#include <cstddef>

#include "metrics/softmax.h"

namespace pare::lower {
namespace {

template <class T>
T one_or_each(const std::vector<T>& list, std::size_t i) {
  return list.size() == 1 ? list.front() : list[i];
}

/// Which channel an element of a row of samples belongs to.
class Channels {
 public:
  explicit Channels(const Shape& shape)
      : size_(static_cast<std::size_t>(num_elements(shape))),
        run_(size_ / static_cast<std::size_t>(shape.empty() ? 1 : shape.front())) {}
  std::size_t of(std::size_t element) const { return element % size_ / run_; }

 private:
  std::size_t size_;
  std::size_t run_;
};

std::int64_t code_of(const InputMap& map, float x, std::size_t channel) {
  return static_cast<std::int64_t>(
      graph::to_code(x, one_or_each(map.codec, channel), map.codes, map.rounding, map.zero_point));
}

template <class Raw>
void map_raw(const Interface& interface, std::span<const Raw> raw, std::span<std::int64_t> codes) {
  const InputMap& map = interface.input;
  const Channels channels(interface.input_shape);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::size_t channel = channels.of(i);
    const double mean = map.mean.empty() ? 0 : map.mean[channel];
    const double scale = map.scale.empty() ? 1 : map.scale[channel];
    codes[i] =
        code_of(map, static_cast<float>((static_cast<double>(raw[i]) - mean) / scale), channel);
  }
}

}  // namespace

std::vector<std::int64_t> trip_counts_of(const Interface& interface) {
  return interface.steps == 0 ? std::vector<std::int64_t>{} : std::vector{interface.steps};
}

void map_input(const Interface& interface, std::span<const double> raw,
               std::span<std::int64_t> codes) {
  map_raw(interface, raw, codes);
}

void map_input(const Interface& interface, std::span<const float> raw,
               std::span<std::int64_t> codes) {
  map_raw(interface, raw, codes);
}

void quantize_input(const Interface& interface, std::span<const float> x,
                    std::span<std::int64_t> codes) {
  const Channels channels(interface.input_shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    codes[i] = code_of(interface.input, x[i], channels.of(i));
  }
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
  for (std::size_t i = 0; i < values.size(); i += size) metrics::softmax(values.subspan(i, size));
}

bool is_argmax_of_codes(const OutputMap& output) {
  return output.scale.size() == 1 && output.scale.front() > 0 && output.offset.size() == 1 &&
         output.offset.front() == 0;
}

}  // namespace pare::lower
