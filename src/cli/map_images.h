#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/tensor.h"

namespace pare::cli {

// A scene's pixels as images, u8 [3, rows, columns].

/// Red, green and blue, 0 … 255.
using Colour = std::array<std::uint8_t, 3>;

/// The colour of a class, never black, white or grey. Hues go round the colour wheel by the golden
/// angle, with three steps of saturation and value in turn, so that the first classes, however
/// many, lie apart.
Colour colour_of_class(std::size_t index);

/// "#a61111".
std::string hex(const Colour& colour);

/// Classes int64 [rows, columns] in their colours; data::kUnlabelled is black.
Tensor class_image(const Tensor& classes);

/// Where a map is right: of the pixels of `tested` (row * columns + column) those whose class is
/// their label are white, others red; other labelled pixels are grey, unlabelled ones black. Both
/// maps int64 [rows, columns].
Tensor difference_image(const Tensor& classes, const Tensor& labels,
                        std::span<const std::int64_t> tested);

/// Bands for red, green and blue, counted from 0.
using BandChoice = std::array<std::int64_t, 3>;

/// Those at five sixths, a half and a sixth of the axis: where bands go from short waves to long
/// ones, as they mostly do, red shows the long ones.
BandChoice default_bands(std::int64_t num_bands);

/// Three bands of a cube, float32 [rows, columns, bands]: each is stretched so that its 2nd
/// percentile is 0 and its 98th 255, and what lies beyond saturates. The percentile p of n numbers
/// is the one at place round(p (n - 1)). Black where both are the same. REQUIRES: bands of the
/// cube.
Tensor false_colour_image(const Tensor& cube, const BandChoice& bands);

}  // namespace pare::cli
