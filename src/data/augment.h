#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/philox.h"
#include "base/tensor.h"

namespace pare::data {

/// What is done to the images of a training set, anew in every epoch.
struct Augmentation {
  /// Pad with so many pixels on each side and cut the image's own size out at a random place.
  std::int64_t crop_padding = 0;
  bool has_flip = false;  ///< mirror every second image, left to right
  /// What is padded with, one a channel: black, as the network sees it.
  std::vector<float> fill = {};

  bool is_identity() const { return crop_padding == 0 && !has_flip; }
};

/// What one image gets: how far it moves down and right (negative: up and left), and whether it is
/// mirrored.
struct Draw {
  std::int64_t down = 0;
  std::int64_t right = 0;
  bool is_flipped = false;

  friend bool operator==(const Draw&, const Draw&) = default;
};

/// A function of the random sequence and the image's number alone, so that it depends neither on
/// the order of the images nor on batches or threads.
Draw draw(const Augmentation& augmentation, const Philox& random, std::uint64_t image);

/// Moves and mirrors an image [C, H, W] (float32, row-major). REQUIRES: fill has C numbers, and
/// `from` and `to` C H W elements that do not overlap.
void augment(const Shape& shape, const Draw& draw, std::span<const float> fill,
             std::span<const float> from, std::span<float> to);

}  // namespace pare::data
