#pragma once

#include <cstdint>
#include <span>

#include "base/tensor.h"

namespace pare::data {

/// `count` square patches of a cube [rows, columns, bands] (float32), one around each of the
/// pixels: [count, bands, size, size]. Beyond its border the cube is mirrored without repeating the
/// edge: row -1 is row 1, row `rows` is row rows - 2. A patch therefore shows only pixels that are
/// less than size / 2 rows and columns away from its own.
/// REQUIRES: size is odd, and at most `rows` and `columns`; pixels (row * columns + column) lie in
/// the cube.
Tensor cut_patches(const Tensor& cube, std::int64_t size, std::span<const std::int64_t> pixels);

}  // namespace pare::data
