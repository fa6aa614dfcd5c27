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

/// The list's elements along some axes of the shape: those for which `keeps` is true.
template <class T>
bool depends_only_on(const std::vector<T>& list, std::size_t period, std::size_t run) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] != list[i / run % period * run]) return false;
  }
  return true;
}

}  // namespace

void simplify(std::vector<double>& list) {
  const bool are_equal =
      std::all_of(list.begin(), list.end(), [&](double x) { return x == list.front(); });
  if (are_equal) list.resize(1);
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

template <class T>
Broadcasting<T> broadcasting(const std::vector<T>& list, const Shape& shape) {
  const bool are_equal =
      std::all_of(list.begin(), list.end(), [&](const T& x) { return x == list.front(); });
  if (are_equal) return {{1}, {list.front()}};
  const auto channels = static_cast<std::size_t>(shape.front());
  const std::size_t run = list.size() / channels;
  if (depends_only_on(list, channels, run)) {
    Broadcasting<T> result{Shape(shape.size(), 1), {}};
    result.shape.front() = shape.front();
    for (std::size_t c = 0; c < channels; ++c) result.values.push_back(list[c * run]);
    return result;
  }
  const auto last = static_cast<std::size_t>(shape.back());
  if (depends_only_on(list, last, 1)) {
    Broadcasting<T> result{Shape(shape.size(), 1), {}};
    result.shape.back() = shape.back();
    result.values.assign(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(last));
    return result;
  }
  return {shape, list};
}

template Broadcasting<std::int64_t> broadcasting(const std::vector<std::int64_t>&, const Shape&);

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
