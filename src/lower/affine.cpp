#include "lower/affine.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::lower {
namespace {

constexpr int kMultiplierBits = 24;
constexpr int kMaxShift = 62;
/// Numerators keep within 62 bits and sign, one less than what is allowed: rounding may add to
/// them.
constexpr double kMaxNumerator = 0x1p62;
/// The widest constant of a program.
constexpr double kMaxAddend = 0x1p61;
/// Below the binary point, once the multiplier's rounding has been multiplied by the largest sum:
/// finer ones move no code, but make addends longer.
constexpr int kFractionBits = 25;

}  // namespace

void simplify(std::vector<double>& list) {
  const bool are_equal =
      std::all_of(list.begin(), list.end(), [&](double x) { return x == list.front(); });
  if (are_equal) list.resize(1);
}

std::vector<double> of_channels(const std::vector<double>& list, const Shape& shape) {
  if (list.size() == 1) return list;
  const auto size = static_cast<std::size_t>(num_elements(shape));
  std::vector<double> elements(size);
  for (std::size_t i = 0; i < size; ++i) elements[i] = list[i / (size / list.size())];
  return elements;
}

std::vector<double> to_channels(const std::vector<double>& list, const Shape& shape,
                                const std::string& who) {
  if (list.size() == 1) return list;
  const std::size_t run = list.size() / static_cast<std::size_t>(shape.front());
  std::vector<double> channels;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i % run == 0) channels.push_back(list[i]);
    if (list[i] == channels.back()) continue;
    throw InputError(
        fmt::format("{} cannot be frozen: its input's steps differ within a channel", who));
  }
  return channels;
}

std::vector<double> steps_of(const graph::Codec& codec, std::size_t size) {
  std::vector<double> steps;
  const std::size_t num_scales = codec.scales.size();
  for (std::size_t i = 0; i < (num_scales == 1 ? 1 : size); ++i) {
    const graph::Scale& scale = codec.scales[i * num_scales / size];
    steps.push_back(static_cast<double>(scale.divide) / static_cast<double>(scale.multiply));
  }
  return steps;
}

FixedPoint fixed_point(double scale, double offset, program::Interval range,
                       const std::string& who) {
  const double largest = std::max(std::abs(static_cast<double>(range.lowest)),
                                  std::abs(static_cast<double>(range.highest)));
  int exponent = 0;
  std::frexp(scale, &exponent);
  const int useful = kFractionBits + (largest > 1 ? std::ilogb(largest) + 1 : 1);
  int shift =
      std::min(scale == 0 ? useful : std::min(kMultiplierBits - exponent, useful), kMaxShift);
  const auto fits = [&] {
    const double multiplier = std::nearbyint(std::ldexp(scale, shift));
    const double addend = std::nearbyint(std::ldexp(offset, shift));
    return std::abs(multiplier) < std::ldexp(1, kMultiplierBits) && std::abs(addend) < kMaxAddend &&
           std::abs(multiplier) * largest + std::abs(addend) < kMaxNumerator;
  };
  while (shift > 0 && !fits()) --shift;
  if (shift < 0 || !fits()) {
    throw InputError(fmt::format(
        "{}: codes of {} times its sums plus {} leave 62 bits: the step of what follows is far "
        "finer than that of its sums; train it further, or give it fewer bits",
        who, scale, offset));
  }
  FixedPoint result{static_cast<std::int64_t>(std::nearbyint(std::ldexp(scale, shift))),
                    static_cast<std::int64_t>(std::nearbyint(std::ldexp(offset, shift))), shift};
  while (result.shift > 0 && result.multiplier % 2 == 0 && result.addend % 2 == 0) {
    result.multiplier /= 2;
    result.addend /= 2;
    --result.shift;
  }
  return result;
}

}  // namespace pare::lower
