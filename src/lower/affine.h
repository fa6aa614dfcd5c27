#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/tensor.h"
#include "graph/quantize.h"
#include "program/ops.h"
#include "program/program.h"

namespace pare::lower {

/// What the integers of a buffer stand for: value = scale * code + offset. Each list has one
/// element for all, or one for each element of the buffer (row-major).
struct Affine {
  std::vector<double> scale = {1};
  std::vector<double> offset = {0};

  double scale_of(std::size_t element) const {
    return scale.size() == 1 ? scale.front() : scale[element];
  }
  double offset_of(std::size_t element) const {
    return offset.size() == 1 ? offset.front() : offset[element];
  }
  /// Whether the codes are of one step: code 0 is the value 0, and all elements share a positive
  /// scale.
  bool is_one_grid() const { return scale.size() == 1 && scale.front() > 0 && has_no_offset(); }
  bool has_no_offset() const { return offset.size() == 1 && offset.front() == 0; }

  friend bool operator==(const Affine&, const Affine&) = default;
};

/// One element for all where all are equal.
void simplify(std::vector<double>& list);

/// A list with one number for all or one a channel (axis 0), as one for each element of `shape`;
/// one for all stays.
std::vector<double> of_channels(const std::vector<double>& list, const Shape& shape);

/// The numbers of the channels of a list with one for each element of `shape`, or the one for all.
/// Throws InputError ("WHO …") if they differ within a channel.
std::vector<double> to_channels(const std::vector<double>& list, const Shape& shape,
                                const std::string& who);

/// What code 1 of a quantizer stands for, in double: one, or one for each of `size` elements.
std::vector<double> steps_of(const graph::Codec& codec, std::size_t size);

/// A list with one element for all, or one for each element of a buffer of `shape`, as the smallest
/// shape that broadcasts to it: [1], [C, 1, …] (channels), [1, …, n] (last axis) or `shape` itself;
/// and the values in that shape.
template <class T>
struct Broadcasting {
  Shape shape;
  std::vector<T> values;
};
template <class T>
Broadcasting<T> broadcasting(const std::vector<T>& list, const Shape& shape) {
  const auto depends_only_on = [&](std::size_t period, std::size_t run) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!(list[i] == list[i / run % period * run])) return false;
    }
    return true;
  };
  if (depends_only_on(1, list.size())) return {{1}, {list.front()}};
  const auto channels = static_cast<std::size_t>(shape.front());
  const std::size_t run = list.size() / channels;
  Broadcasting<T> result{Shape(shape.size(), 1), {}};
  if (depends_only_on(channels, run)) {
    result.shape.front() = shape.front();
    for (std::size_t c = 0; c < channels; ++c) result.values.push_back(list[c * run]);
    return result;
  }
  const auto last = static_cast<std::size_t>(shape.back());
  if (depends_only_on(last, 1)) {
    result.shape.back() = shape.back();
    result.values.assign(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(last));
    return result;
  }
  return {shape, list};
}

/// How one element's accumulator becomes a code: round((multiplier acc + addend) / 2^shift).
struct FixedPoint {
  std::int64_t multiplier = 0;
  std::int64_t addend = 0;
  int shift = 0;

  friend bool operator==(const FixedPoint&, const FixedPoint&) = default;
};

/// The fixed-point form of round(scale acc + offset) for acc within `range`: the largest shift for
/// which |multiplier| < 2^24 and no sum leaves 62 bits, then without common factors of two. So it
/// is exact where scale and offset are multiples of a power of two that fit, and else off by at
/// most 2^-24 |scale acc| + 2^-shift before rounding. Throws InputError ("…, WHO") if |scale| is
/// 2^24 or more, or offset alone needs more than 62 bits.
FixedPoint fixed_point(double scale, double offset, program::Interval range,
                       const std::string& who);

}  // namespace pare::lower
