#include "data/patches.h"

#include "base/error.h"

namespace pare::data {
namespace {

/// The place within 0 … size-1 that a mirrored axis shows at `place`, at most size-1 beyond it.
std::int64_t mirrored(std::int64_t place, std::int64_t size) {
  if (place < 0) return -place;
  return place < size ? place : 2 * (size - 1) - place;
}

}  // namespace

Tensor cut_patches(const Tensor& cube, std::int64_t size, std::span<const std::int64_t> pixels) {
  const std::int64_t rows = cube.dim(0);
  const std::int64_t columns = cube.dim(1);
  const auto bands = static_cast<std::size_t>(cube.dim(2));
  check(size >= 1 && size % 2 == 1 && size <= rows && size <= columns, "cut_patches: size");
  Tensor result(DType::kF32, {static_cast<std::int64_t>(pixels.size()), cube.dim(2), size, size});
  const auto from = cube.as<float>();
  const auto to = result.as<float>();
  const auto area = static_cast<std::size_t>(size * size);
  // A pixel's bands lie together in the cube, and those of one patch stay in the cache.
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    check(pixels[i] >= 0 && pixels[i] < rows * columns, "cut_patches: a pixel outside of the cube");
    for (std::size_t cell = 0; cell < area; ++cell) {
      const auto place = static_cast<std::int64_t>(cell);
      const std::int64_t row = mirrored(pixels[i] / columns + place / size - size / 2, rows);
      const std::int64_t column = mirrored(pixels[i] % columns + place % size - size / 2, columns);
      const auto source = from.subspan(static_cast<std::size_t>(row * columns + column) * bands);
      for (std::size_t band = 0; band < bands; ++band) {
        to[(i * bands + band) * area + cell] = source[band];
      }
    }
  }
  return result;
}

}  // namespace pare::data
