#include "data/augment.h"

#include <algorithm>

namespace pare::data {

Draw draw(const Augmentation& augmentation, const Philox& random, std::uint64_t image) {
  const std::int64_t padding = augmentation.crop_padding;
  const auto places = static_cast<std::uint64_t>(2 * padding + 1);
  Draw result;
  result.down = static_cast<std::int64_t>(random.below(3 * image, places)) - padding;
  result.right = static_cast<std::int64_t>(random.below(3 * image + 1, places)) - padding;
  result.is_flipped = augmentation.has_flip && random.below(3 * image + 2, 2) == 1;
  return result;
}

void augment(const Shape& shape, const Draw& draw, std::span<const float> fill,
             std::span<const float> from, std::span<float> to) {
  const std::int64_t height = shape[1];
  const std::int64_t width = shape[2];
  auto next = to.begin();
  for (std::int64_t c = 0; c < shape[0]; ++c) {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t row = y - draw.down;
        const std::int64_t moved = x - draw.right;
        const std::int64_t column = draw.is_flipped ? width - 1 - moved : moved;
        const bool is_inside = row >= 0 && row < height && moved >= 0 && moved < width;
        *next++ = is_inside ? from[static_cast<std::size_t>((c * height + row) * width + column)]
                            : fill[static_cast<std::size_t>(c)];
      }
    }
  }
}

}  // namespace pare::data
